"""What answers, whether it is well, how much it did, and pictures to try it on."""

from functools import partial
from typing import Annotated, get_args

from fastapi import APIRouter, Path, Request, Response

import lingseg
from lingseg.prediction.result import RESEARCH_USE
from lingseg.web.examples import example_file, list_examples, thumbnail
from lingseg.web.image_routes import PNG, take_in
from lingseg.web.messages import Example, ExportFormat, Health, ModelInfo, Uploaded
from lingseg.web.service import TheService

router = APIRouter(tags=["model"])

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
ExampleName = Annotated[str, Path(max_length=100)]


@router.get("/health")
async def health(service: TheService) -> Health:
    """Tell that the server works."""
    return Health(status="ok", version=lingseg.__version__, model=service.model.name)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
)
async def metrics(service: TheService) -> Response:
    """Tell how much was done, without a word of what was asked or shown."""
    return Response(service.metrics.text(), media_type=_PROMETHEUS)


@router.get("/v1/model")
async def model(service: TheService) -> ModelInfo:
    """Tell what answers, and how much it takes on."""
    manifest = service.model.manifest
    return ModelInfo(
        name=manifest.name,
        method=manifest.method,
        sha256=service.model.hash,
        side=manifest.side,
        threshold=manifest.threshold,
        presence_threshold=manifest.presence_threshold,
        presence_sure_from=manifest.presence_sure_from,
        height=manifest.height,
        width=manifest.width,
        licence=manifest.licence,
        intended_use=manifest.intended_use,
        trained_on=[dict(one) for one in manifest.trained_on],
        scores=[dict(one) for one in manifest.scores],
        note=RESEARCH_USE,
        card=service.card,
        limits=service.limits.as_told(),
        formats=list(get_args(ExportFormat)),
    )


@router.get("/v1/examples")
async def examples(service: TheService, request: Request) -> list[Example]:
    """List the pictures that ship with the package."""
    return list(await service.work.do(lambda _: list_examples(), request))


@router.get("/v1/examples/{name}/thumbnail", response_class=Response, responses=PNG)
async def small_example(name: ExampleName, service: TheService, request: Request) -> Response:
    """Give a small PNG of an example."""
    png = await service.work.do(lambda _: thumbnail(name), request)
    return Response(png, media_type="image/png", headers={"Cache-Control": "max-age=3600"})


@router.post("/v1/examples/{name}", status_code=201)
async def open_example(name: ExampleName, service: TheService, request: Request) -> Uploaded:
    """Take an example in, as if it were uploaded."""
    files = [example_file(name)]
    return await service.work.do(partial(take_in, service, files), request)
