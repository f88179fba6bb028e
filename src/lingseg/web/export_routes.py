"""Masks taken away as files."""

from functools import partial

from fastapi import APIRouter, Request, Response

from lingseg.web.exporting import export
from lingseg.web.messages import ExportRequest
from lingseg.web.service import TheService

router = APIRouter(tags=["export"])


@router.post(
    "/v1/export",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The file."}},
)
async def export_masks(asked: ExportRequest, service: TheService, request: Request) -> Response:
    """Give masks as a file; several files, or "zip" and "dataset", as an archive."""
    image = service.images.get(asked.image)
    made = await service.work.do(partial(export, service, image, asked), request)
    return made.response()
