"""Sentences by themselves: what they state, and how they could go on."""

from fastapi import APIRouter, Request

from lingseg.web.answers import side_of
from lingseg.web.messages import Suggested, SuggestRequest, UnderstandRequest, Understood
from lingseg.web.service import TheService
from lingseg.web.suggesting import suggest
from lingseg.web.understanding import checked, understood

router = APIRouter(tags=["sentences"])


@router.post("/v1/understand")
async def understand_sentence(
    asked: UnderstandRequest, service: TheService, request: Request
) -> Understood:
    """Tell what a sentence states, what of it was not understood, and how else it can be said."""
    text, side = checked(asked.text), side_of(service, asked.side)
    return await service.work.do(lambda _: understood(text, side), request)


@router.post("/v1/suggest")
async def suggest_words(asked: SuggestRequest, service: TheService, request: Request) -> Suggested:
    """Tell how a sentence could go on where the cursor stands."""
    text = checked(asked.text)
    return await service.work.do(lambda _: suggest(text, asked.cursor), request)
