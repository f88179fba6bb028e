"""Sentences on images: masks, what each word carried, and masks changed by commands."""

import json
import time
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from lingseg.imaging.writing import encode_mask
from lingseg.web.answers import Question, ask, draw
from lingseg.web.editing import edit
from lingseg.web.forms import files_of, form_of, text_of
from lingseg.web.held_image import HeldImage
from lingseg.web.image_routes import take_in
from lingseg.web.messages import (
    Answer,
    Edited,
    EditRequest,
    Segmented,
    SegmentRequest,
    Sentence,
    StrikeRequest,
    Struck,
)
from lingseg.web.problem import Problem, bad_request, invalid
from lingseg.web.service import Service, TheService
from lingseg.web.striking import strike
from lingseg.web.work import Stop

router = APIRouter(tags=["masks"])

_SENTENCES = TypeAdapter(list[Sentence])
_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": SegmentRequest.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "sentences"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "sentences": {
                            "type": "string",
                            "description": "A sentence, or a list of them in JSON.",
                        },
                        "threshold": {"type": "string"},
                    },
                }
            },
        },
    }
}


@router.post(
    "/v1/segment",
    response_model=Segmented,
    openapi_extra=_BODIES,
    responses={200: {"content": {"image/png": {}}, "description": "Answers, or a mask as PNG."}},
)
async def segment(
    request: Request, service: TheService, accept: Annotated[str, Header()] = "*/*"
) -> Response:
    """Draw what sentences describe: in an image that is held, or in a file that comes along.

    With `Accept: image/png` and one sentence the answer is its mask, 0 and 255, byte for byte what
    `lingseg predict` writes.
    """
    started = time.monotonic()
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        async with form_of(request, service.limits) as form:
            asked, image = await _from_form(request, service, form)
    else:
        asked = await _from_json(request)
        image = service.images.get(asked.image)
    _check(service, asked)
    if "image/png" in accept:
        return await _as_png(request, service, asked, image)
    with service.metrics.segment_seconds.time():
        results = await service.work.do(partial(_draw, service, image, asked), request)
    milliseconds = round(1000 * (time.monotonic() - started), 1)
    whole = Segmented.model_construct(results=results, milliseconds=milliseconds)
    return Response(whole.model_dump_json(warnings=False), media_type="application/json")


async def _from_json(request: Request) -> SegmentRequest:
    """Read what is asked.

    Raises:
        Problem: It does not make sense.
    """
    try:
        return SegmentRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid(error) from error


async def _from_form(
    request: Request, service: Service, form: FormData
) -> tuple[SegmentRequest, HeldImage]:
    """Take in the file that came along, and read what is asked of it.

    Raises:
        Problem: There is no picture, or no sentence.
    """
    said = text_of(form, "sentences") or text_of(form, "sentence") or ""
    threshold = text_of(form, "threshold")
    try:
        sentences = _sentences_of(said)
        asked = {"image": "-", "sentences": sentences, "threshold": threshold or None}
        whole = SegmentRequest.model_validate(asked)
    except ValidationError as error:
        raise invalid(error) from error
    files = await files_of(form, "file", "files")
    uploaded = await service.work.do(partial(take_in, service, files), request)
    if len(uploaded.images) != 1:
        raise bad_request(
            f"{len(uploaded.images)} pictures came; expected one. Use /v1/batch for many."
        )
    return whole, service.images.get(uploaded.images[0].id)


def _sentences_of(said: str) -> list[dict[str, object]]:
    """Return sentences from a list in JSON, of texts or of what the other door takes, or a text."""
    if not said.lstrip().startswith("["):
        return [{"text": said}]
    try:
        listed = json.loads(said)
    except (ValueError, RecursionError) as error:
        raise bad_request("The sentences are no list in JSON.") from error
    return [{"text": one} if isinstance(one, str) else one for one in listed]


def _check(service: Service, asked: SegmentRequest) -> None:
    """Refuse too many sentences.

    Raises:
        Problem: There are too many.
    """
    most = service.limits.sentences
    if len(asked.sentences) > most:
        raise Problem(
            422,
            "too-many",
            f"{len(asked.sentences)} sentences came; at most {most} are taken at once.",
        )


def _draw(service: Service, image: HeldImage, asked: SegmentRequest, stop: Stop) -> list[Answer]:
    """Answer all sentences."""
    question = Question(
        sentences=asked.sentences,
        threshold=asked.threshold,
        slice=asked.slice,
        has_probabilities=asked.probabilities,
    )
    return draw(service, image, question, stop)


async def _as_png(
    request: Request, service: Service, asked: SegmentRequest, image: HeldImage
) -> Response:
    """Answer one sentence by its mask.

    Raises:
        Problem: It is more than one sentence, or a whole volume.
    """
    if len(asked.sentences) != 1 or (image.is_volume and asked.slice is None):
        raise bad_request("PNG holds one mask: ask one sentence, of one slice.")

    def job(_: Stop) -> bytes:
        encoded = service.encoded(image, asked.slice or 0)
        return encode_mask(ask(encoded, asked.sentences[0], asked.threshold).mask)

    return Response(await service.work.do(job, request), media_type="image/png")


@router.post("/v1/strike")
async def strike_words(asked: StrikeRequest, service: TheService, request: Request) -> Struck:
    """Tell which pixels each word of a sentence carries: what changes when it is left out."""
    image = service.images.get(asked.image)
    return await service.work.do(partial(strike, service, image, asked), request)


@router.post("/v1/edit")
async def edit_mask(asked: EditRequest, service: TheService, request: Request) -> Edited:
    """Change a mask by a command in words, such as "grow 2 mm" or "keep the largest"."""
    image = service.images.get(asked.image)
    return await service.work.do(partial(edit, service, image, asked), request)
