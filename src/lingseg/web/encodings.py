"""What the model made of pictures, kept for the next sentence: the longest unused goes first."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

from lingseg.prediction import EncodedImage

Key: TypeAlias = tuple[str, int]
"""An image and a slice of it."""


class Encodings:
    """Encoded pictures, bounded by their bytes. It may be used from several threads at once."""

    def __init__(self, most_bytes: int) -> None:
        """Start empty."""
        self.most_bytes = most_bytes
        self.num_bytes = 0
        self._kept: OrderedDict[Key, EncodedImage] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Key, threading.Lock] = {}

    def __contains__(self, key: Key) -> bool:
        """Tell whether it is there, without counting that as a use."""
        return key in self._kept

    def get(self, key: Key, make: Callable[[], EncodedImage]) -> EncodedImage:
        """Return what is kept, or make it: once, however many ask at the same time."""
        found = self._find(key)
        if found is not None:
            return found
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            found = self._find(key)
            if found is None:
                found = make()
                self._keep(key, found)
        with self._lock:
            self._making.pop(key, None)
        return found

    def forget(self, image: str) -> None:
        """Let go of all slices of an image."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == image]:
                self.num_bytes -= _num_bytes(self._kept.pop(key))

    def _find(self, key: Key) -> EncodedImage | None:
        """Return what is kept, as what was used last."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: Key, encoded: EncodedImage) -> None:
        """Put it in, and as many out as must go."""
        with self._lock:
            self._kept[key] = encoded
            self.num_bytes += _num_bytes(encoded)
            while self.num_bytes > self.most_bytes and self._kept:
                _, gone = self._kept.popitem(last=False)
                self.num_bytes -= _num_bytes(gone)


def _num_bytes(encoded: EncodedImage) -> int:
    """Return how much memory it takes."""
    return sum(one.nbytes for one in encoded.encoded)
