"""Every failure as a plain sentence with a code; of our own mistakes where, never with what."""

import logging
import traceback

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from lingseg.web.problem import Code, Problem, bad_request, invalid

LOG = logging.getLogger("lingseg.web")

_SAID: dict[int, tuple[Code, str]] = {
    400: ("bad-request", "The request cannot be read. Look at /api for what is expected."),
    404: ("unknown-path", "There is nothing at this address. Look at /api for what there is."),
    405: ("method", "This address is asked in another way. Look at /api."),
}
_FRAMES = 6


def handle_failures(app: FastAPI) -> None:
    """Put the handlers in."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Problem) -> Response:
        return problem.response()

    @app.exception_handler(HTTPException)
    async def _refused(_: Request, error: HTTPException) -> Response:
        code, sentence = _SAID.get(error.status_code, _SAID[400])
        response = Problem(error.status_code, code, sentence).response()
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        return invalid(error).response()

    @app.exception_handler(ClientDisconnect)
    async def _gone(_: Request, __: ClientDisconnect) -> Response:
        # A page drops what it asked a key ago; nobody is there to read this.
        return bad_request("The connection was lost.", 400).response()

    @app.exception_handler(Exception)
    async def _mistake(_: Request, error: Exception) -> Response:
        LOG.error("%s", where(error))
        return Problem(
            500, "failed", "This is a mistake of lingseg's own. Please report what you did."
        ).response()


def where(error: BaseException) -> str:
    """Return an error's type and the lines that led to it, without its words: they may quote."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    lines = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} in {lines}"
