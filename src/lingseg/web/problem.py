"""What is told to a person when something is not done: one plain sentence and a code."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import JSONResponse

Code: TypeAlias = Literal[
    "bad-request",
    "bad-sentence",
    "bad-command",
    "busy",
    "failed",
    "forbidden",
    "full",
    "method",
    "key-needed",
    "not-exportable",
    "timeout",
    "too-large",
    "too-many",
    "unknown-example",
    "unknown-image",
    "unknown-path",
    "unreadable",
    "unsupported",
]


@dataclass
class Problem(Exception):
    """Something that is not done, and why."""

    status: int
    code: Code
    sentence: str
    """For a person: what is wrong, what was expected, what to do. Never a path."""
    retry_after: float | None = None
    """Seconds after which the same may succeed."""
    more: Mapping[str, object] = field(default_factory=dict)
    closes: bool = False
    """Whether the connection ends: the rest of the body will not be read."""

    def response(self) -> JSONResponse:
        """Return it as an answer."""
        headers = {"Connection": "close"} if self.closes else {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        content = {"problem": self.sentence, "code": self.code, **self.more}
        return JSONResponse(content, status_code=self.status, headers=headers)


def unreadable(sentence: str) -> Problem:
    """Return the problem of a file that is not read."""
    return Problem(422, "unreadable", sentence)


def bad_request(sentence: str, status: int = 422) -> Problem:
    """Return the problem of a request that does not make sense."""
    return Problem(status, "bad-request", sentence)


def invalid(
    error: ValidationError | RequestValidationError,
    whole: str = "the body",
    expected: str = "Look at /api for what is expected.",
) -> Problem:
    """Return the first thing that is wrong with a request, and where; not the value."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or whole
    return bad_request(f"{place}: {first['msg']}. {expected}")
