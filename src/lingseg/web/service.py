"""All that one server holds: the model, the images, what was made of them, and the workers."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from lingseg.prediction import EncodedImage, Model
from lingseg.web.encodings import Encodings
from lingseg.web.held_image import HeldImage
from lingseg.web.image_store import ImageStore
from lingseg.web.limits import Limits
from lingseg.web.metrics import Metrics
from lingseg.web.work import Work
from lingseg.web.workspace import Workspace


@dataclass(kw_only=True, eq=False)
class Service:
    """What the routes work with."""

    model: Model
    card: str
    limits: Limits
    workspace: Workspace
    images: ImageStore = field(init=False)
    encodings: Encodings = field(init=False)
    work: Work = field(init=False)
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        """Make what is empty at first."""
        self.images = ImageStore(self.limits)
        self.encodings = Encodings(self.limits.encoded_bytes)
        self.work = Work(self.limits)
        self.metrics = Metrics()

    def encoded(self, image: HeldImage, number: int) -> EncodedImage:
        """Return what the model made of a slice, now or before.

        Raises:
            Problem: There is no such slice, or it cannot be decoded.
        """

        def make() -> EncodedImage:
            shown = image.slice(number)
            with self.metrics.encode_seconds.time():
                return self.model.encode_whole(shown, input_hash=image.input_hash)

        return self.encodings.get((image.id, number), make)

    def sweep(self) -> None:
        """Forget what has expired, and what was made of it."""
        for image_id in self.images.sweep():
            self.encodings.forget(image_id)

    def close(self) -> None:
        """Forget all."""
        self.work.close()
        self.images.clear()
        self.sweep()
        self.workspace.close()


def _service_of(request: Request) -> Service:
    """Return the service of an app."""
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(_service_of)]
