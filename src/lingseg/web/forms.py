"""Files of a request: read from their nameless spools, within the limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from lingseg.web.limits import Limits
from lingseg.web.pile import File, plain_folder, plain_name
from lingseg.web.problem import Problem, bad_request

_MAX_FIELDS = 20


@asynccontextmanager
async def form_of(request: Request, limits: Limits) -> AsyncIterator[FormData]:
    """Yield a request's form; its files are gone when the block ends.

    Raises:
        Problem: It is no form, or holds too many files.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise bad_request("Files are expected, as multipart/form-data.", 415)
    try:
        form = await request.form(
            max_files=limits.files, max_fields=_MAX_FIELDS, max_part_size=limits.json_bytes
        )
    except HTTPException as error:
        if "Too many files" in str(error.detail):
            raise Problem(
                413,
                "too-many",
                f"At most {limits.files:,} files are taken at once. Send a folder at a time.",
            ) from error
        raise bad_request("The form cannot be read; is the upload whole?", 400) from error
    try:
        yield form
    finally:
        await form.close()


async def files_of(form: FormData, *names: str) -> list[File]:
    """Return the files of a form's fields.

    Raises:
        Problem: There are none.
    """
    uploads = [one for name in names for one in form.getlist(name) if isinstance(one, UploadFile)]
    if not uploads:
        raise bad_request(f"No file came; expected at least one as {names[0]!r}.")
    return [
        File(
            name=plain_name(one.filename),
            data=await one.read(),
            folder=plain_folder(one.filename),
        )
        for one in uploads
    ]


def text_of(form: FormData, name: str) -> str | None:
    """Return a text of a form."""
    value = form.get(name)
    return value if isinstance(value, str) else None


def takes_files(*required: str, **fields: str) -> dict[str, object]:
    """Return what OpenAPI is told of a route that takes a form.

    Args:
        required: Fields that must be there.
        fields: Every field: "files", "file" or "text".
    """
    binary = {"type": "string", "format": "binary"}
    kinds = {"files": {"type": "array", "items": binary, "minItems": 1}, "file": binary,
             "text": {"type": "string"}}  # fmt: skip
    schema = {
        "type": "object",
        "required": list(required),
        "properties": {name: kinds[kind] for name, kind in fields.items()},
    }
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}
