"""Many files and one sentence: a line for each as it is done."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import StreamingResponse

from lingseg.web.answers import Question, draw
from lingseg.web.forms import form_of, takes_files, text_of
from lingseg.web.image_store import ImageStore
from lingseg.web.messages import Sentence
from lingseg.web.pile import File, plain_name, sort_pile
from lingseg.web.problem import Problem, bad_request
from lingseg.web.service import Service, TheService
from lingseg.web.work import Stop

router = APIRouter(tags=["masks"])
_TRIES = 30

NDJSON = "application/x-ndjson"


@router.post(
    "/v1/batch",
    response_class=StreamingResponse,
    openapi_extra=takes_files("files", "sentence", files="files", sentence="text"),
    responses={200: {"content": {NDJSON: {}}, "description": "A line of JSON for each picture."}},
)
async def batch(request: Request, service: TheService) -> StreamingResponse:
    """Ask one sentence of many files; each line has `name` and `answer` or `problem`."""
    async with AsyncExitStack() as stack:
        form = await stack.enter_async_context(form_of(request, service.limits))
        uploads = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
        said = text_of(form, "sentence")
        if not uploads or not said:
            raise bad_request("Files as 'files' and a 'sentence' are expected.")
        sentence = sentence_of(said)
        lines = _lines(service, uploads, sentence, stack.pop_all())
    return StreamingResponse(lines, media_type=NDJSON)


def sentence_of(said: str) -> Sentence:
    """Return a sentence of a form.

    Raises:
        Problem: It is too long, or empty.
    """
    try:
        return Sentence(text=said)
    except ValidationError as error:
        raise Problem(422, "bad-sentence", "The sentence is empty or too long.") from error


async def _lines(
    service: Service, uploads: list[UploadFile], sentence: Sentence, stack: AsyncExitStack
) -> AsyncIterator[bytes]:
    """Yield a line for each picture; the files are gone at the end."""
    async with stack:
        for upload in uploads:
            file = File(name=plain_name(upload.filename), data=await upload.read())
            for line in await _patiently(service, partial(_answers, service, file, sentence)):
                yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


async def _patiently(
    service: Service, job: Callable[[Stop], list[dict[str, object]]]
) -> list[dict[str, object]]:
    """Do a job when there is room for it: a batch does not push others aside."""
    for _ in range(_TRIES):
        try:
            return await service.work.do(job)
        except Problem as problem:
            if problem.code != "busy":
                return [{"problem": problem.sentence}]
            await asyncio.sleep(min(1.0, problem.retry_after or 1.0))
    return [{"problem": "The server had too much to do. Send this file again."}]


def _answers(
    service: Service, file: File, sentence: Sentence, stop: Stop
) -> list[dict[str, object]]:
    """Return a line for each picture of a file."""
    whole = sort_pile([file], service.limits.held_bytes, stop)
    lines: list[dict[str, object]] = [
        {"name": one.name, "problem": one.problem} for one in whole.refused
    ]
    for found in whole.found:
        # A store of its own: the pictures of a batch are gone when they are answered.
        image = ImageStore(service.limits).put(found)
        try:
            (answer,) = draw(service, image, Question(sentences=[sentence]), stop)
            lines.append({"name": found.name, "answer": answer.model_dump(mode="json")})
        except Problem as problem:
            lines.append({"name": found.name, "problem": problem.sentence})
        finally:
            service.encodings.forget(image.id)
    return lines
