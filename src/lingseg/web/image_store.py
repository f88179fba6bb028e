"""The images that are held: bounded in number and bytes, forgotten when nobody asks for them."""

import secrets
import threading
import time

from lingseg.web.held_image import HeldImage
from lingseg.web.limits import Limits
from lingseg.web.pile import Found
from lingseg.web.problem import Problem


class ImageStore:
    """Images by their ids. It may be used from several threads at once."""

    def __init__(self, limits: Limits) -> None:
        """Start empty."""
        self._limits = limits
        self._held: dict[str, HeldImage] = {}
        self._lock = threading.Lock()
        self.forgotten: list[str] = []
        """Ids that are gone and of which nothing else must be kept; see `sweep`."""

    def __len__(self) -> int:
        """Return how many are held."""
        return len(self._held)

    @property
    def num_bytes(self) -> int:
        """Bytes that are held."""
        with self._lock:
            return sum(one.num_bytes for one in self._held.values())

    def put(self, found: Found, *, alias: str | None = None) -> HeldImage:
        """Hold an image. Where there is no room, the one that was not used for longest goes.

        Raises:
            Problem: It is too large, or all others were used a moment ago.
        """
        if found.num_bytes > self._limits.held_bytes:
            raise Problem(
                413,
                "too-large",
                f"{found.name} takes {found.num_bytes:,} bytes of memory; at most "
                f"{self._limits.held_bytes:,} are held. Give a part of it.",
            )
        image = HeldImage(
            id=secrets.token_urlsafe(16),
            name=found.name,
            content=found.content,
            input_hash=found.input_hash,
            num_bytes=found.num_bytes,
            folder=found.folder,
            alias=alias,
        )
        with self._lock:
            self._make_room(found.num_bytes)
            self._held[image.id] = image
        return image

    def get(self, image_id: str) -> HeldImage:
        """Return an image, whose time begins anew.

        Raises:
            Problem: It is not held.
        """
        with self._lock:
            image = self._held.get(image_id)
            if image is not None and not self._is_expired(image):
                image.last_used = time.monotonic()
                return image
        raise Problem(
            404,
            "unknown-image",
            "The server does not hold this picture (any more). Give it again; your sentence is "
            "kept.",
        )

    def find(self, name: str) -> HeldImage:
        """Return an image by its id, by what its client calls it, or by its DICOM series.

        Raises:
            Problem: It is not held.
        """
        for image in self.labelled():
            if name == image.alias or name == image.series_uid:
                return self.get(image.id)
        return self.get(name)

    def remove(self, image_id: str) -> None:
        """Forget an image.

        Raises:
            Problem: It is not held.
        """
        self.get(image_id)
        with self._lock:
            self._drop(image_id)

    def grow(self, image: HeldImage, num_bytes: int) -> None:
        """Count what is kept beside an image.

        Raises:
            Problem: There is no room for it.
        """
        with self._lock:
            held = sum(one.num_bytes for one in self._held.values())
            if held + num_bytes > self._limits.held_bytes:
                raise Problem(429, "full", "There is no room for this label.", retry_after=60.0)
            image.num_bytes += num_bytes

    def labelled(self) -> list[HeldImage]:
        """Return the images that came in by the annotation server's door."""
        with self._lock:
            return [
                one
                for one in self._held.values()
                if one.alias is not None and not self._is_expired(one)
            ]

    def expires_in(self, image: HeldImage) -> int:
        """Return the seconds after which an image is forgotten."""
        return max(0, round(image.last_used + self._limits.expiry - time.monotonic()))

    def sweep(self) -> list[str]:
        """Forget what has expired; return the ids that went since the last time."""
        with self._lock:
            for image in list(self._held.values()):
                if self._is_expired(image):
                    self._drop(image.id)
            gone, self.forgotten = self.forgotten, []
        return gone

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            for image_id in list(self._held):
                self._drop(image_id)

    def _is_expired(self, image: HeldImage) -> bool:
        """Tell whether nobody has asked for it for too long."""
        return time.monotonic() - image.last_used > self._limits.expiry

    def _drop(self, image_id: str) -> None:
        """Take an image out; the lock is held."""
        if self._held.pop(image_id, None) is not None:
            self.forgotten.append(image_id)

    def _make_room(self, num_bytes: int) -> None:
        """Take out as many as must go; the lock is held."""
        by_age = sorted(self._held.values(), key=lambda one: one.last_used)
        held = sum(one.num_bytes for one in by_age)
        for oldest in by_age:
            has_room = len(self._held) < self._limits.images
            if has_room and held + num_bytes <= self._limits.held_bytes:
                return
            idle = time.monotonic() - oldest.last_used
            if idle < self._limits.grace:
                raise Problem(
                    429,
                    "full",
                    "The server holds as many pictures as it can. Remove one, or try again later.",
                    retry_after=self._limits.grace - idle,
                )
            held -= oldest.num_bytes
            self._drop(oldest.id)
