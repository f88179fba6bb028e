"""The page itself, as it was built; and the reference of the interface, without a script."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from lingseg.web.problem import Problem
from lingseg.web.reference import STYLE, reference_page

router = APIRouter(include_in_schema=False)

PAGE: Final = Path(__file__).parent / "page"
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_KINDS = {
    ".css": "text/css", ".html": "text/html", ".ico": "image/x-icon", ".jpg": "image/jpeg",
    ".js": "text/javascript", ".json": "application/json", ".mjs": "text/javascript",
    ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain", ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json", ".woff2": "font/woff2",
}  # fmt: skip


@router.get("/")
async def page() -> Response:
    """Give the page."""
    index = PAGE / "index.html"
    if index.is_file():
        return FileResponse(index, media_type="text/html", headers={"Cache-Control": "no-cache"})
    return PlainTextResponse(
        "lingseg serves its interface here (see /api), but the page was not built into this copy. "
        "Install lingseg from a wheel, or run npm install and npm run build in web/.\n"
    )


@router.get("/assets/{path:path}")
async def asset(path: str) -> Response:
    """Give a built file, whose name changes with what it holds."""
    return _built(f"assets/{path}", _FOR_EVER)


@router.get("/favicon.svg")
@router.get("/favicon.ico")
async def favicon() -> Response:
    """Give the page's sign, if it has one."""
    return _built("favicon.svg", {"Cache-Control": "max-age=3600"})


@router.get("/api")
async def api(request: Request) -> HTMLResponse:
    """Give the reference of the interface."""
    return HTMLResponse(reference_page(request.app.openapi()))


@router.get("/assets-of-api/style.css")
async def style() -> Response:
    """Give the reference's looks."""
    return Response(STYLE, media_type="text/css")


def _built(name: str, headers: dict[str, str]) -> Response:
    """Give a file of the page's folder.

    Raises:
        Problem: There is none of that name.
    """
    path = (PAGE / name).resolve()
    kind = _KINDS.get(path.suffix)
    if kind is None or not path.is_relative_to(PAGE.resolve()) or not path.is_file():
        raise Problem(404, "unknown-path", "There is nothing at this address.")
    return FileResponse(path, media_type=kind, headers=headers)
