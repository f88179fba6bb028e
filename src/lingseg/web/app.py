"""The application: routes, walls and the service behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI

import lingseg
from lingseg.prediction import Model
from lingseg.prediction.result import RESEARCH_USE
from lingseg.web import (
    batch_routes,
    export_routes,
    image_routes,
    mask_routes,
    model_routes,
    monai_label,
    page_routes,
    sentence_routes,
)
from lingseg.web.body import BodyLimit
from lingseg.web.failures import handle_failures
from lingseg.web.limits import Limits
from lingseg.web.messages import ProblemText
from lingseg.web.security import Door, Security
from lingseg.web.service import Service
from lingseg.web.watching import Watching
from lingseg.web.workspace import Workspace

_SWEEP_EVERY = 20.0
_ROUTERS = (
    model_routes, image_routes, mask_routes, sentence_routes, export_routes, batch_routes,
    monai_label, page_routes,
)  # fmt: skip


def create_app(
    model: Model, *, card: str = "", limits: Limits | None = None, door: Door | None = None
) -> FastAPI:
    """Return the application that `lingseg serve` runs.

    Args:
        model: What answers.
        card: The model's card, in Markdown.
        limits: How much is taken on.
        door: Who may come in; None: this machine, by its loopback names.

    Raises:
        OSError: There is no place for temporary files.
    """
    limits, door = limits or Limits(), door or Door()
    service = Service(model=model, card=card, limits=limits, workspace=Workspace())
    problems: dict[int | str, dict[str, Any]] = {
        "4XX": {"model": ProblemText, "description": "Not done, and why."},
        503: {"model": ProblemText, "description": "Too busy, or took too long: try again."},
    }
    app = FastAPI(
        title="lingseg",
        version=lingseg.__version__,
        description=f"Segment what a sentence describes in a medical image. {RESEARCH_USE}",
        docs_url=None,  # its page would fetch scripts from elsewhere; ours has none
        redoc_url=None,
        lifespan=_lifespan,
        responses=problems,
    )
    app.state.service, app.state.door = service, door
    for room in _ROUTERS:
        app.include_router(room.router)
    handle_failures(app)
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(Security, door=door)
    app.add_middleware(Watching, metrics=service.metrics, most=limits.requests)
    _watch(service)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Sweep now and then, and forget everything at the end."""
    service: Service = app.state.service
    sweeping = asyncio.create_task(_sweep(service))
    try:
        yield
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        service.close()


async def _sweep(service: Service) -> None:
    """Forget what has expired, for as long as the server runs."""
    while True:
        await asyncio.sleep(_SWEEP_EVERY)
        service.sweep()


def _watch(service: Service) -> None:
    """Show how much is held."""
    watch = service.metrics.watch
    watch("lingseg_images", "Images held.", lambda: len(service.images))
    watch("lingseg_image_bytes", "Bytes of images held.", lambda: service.images.num_bytes)
    watch("lingseg_encoded_bytes", "Bytes of encodings.", lambda: service.encodings.num_bytes)
    watch("lingseg_queue", "Requests that wait or are worked on.", lambda: service.work.pending)
