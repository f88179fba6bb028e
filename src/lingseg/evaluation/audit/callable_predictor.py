"""Anybody's function as a predictor: a picture and a sentence in, probabilities out."""

import hashlib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lingseg.datasets.case import Case
from lingseg.imaging.image import Image, Probabilities, Rgb
from lingseg.imaging.intensity import as_rgb

Function: TypeAlias = Callable[[Rgb, str], ArrayLike]
"""Given 8-bit RGB (height, width, 3) and a sentence, returns (height, width) of 0 to 1."""

_FAILURES = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError)
"""What a function that cannot use its input raises in Python, numpy and torch, beside
ValueError."""


class CallablePredictor:
    """A function as a predictor, known by its name and the file that it is written in."""

    def __init__(
        self,
        function: Function,
        *,
        name: str = "",
        threshold: float = 0.5,
        source: Path | None = None,
    ) -> None:
        """Take a function; it is not called yet.

        Args:
            function: f(image, text) -> probabilities. The image is an array of uint8, (height,
                width, 3), red, green and blue, of the picture's own size; deeper pictures are
                stretched to 8 bits. The text is the data set's own, side words included. What
                comes back is an array of (height, width), 0 to 1; zeros say "not found". A text
                that the function cannot use may raise ValueError.
            name: What reports call it; the function's own if left out.
            threshold: From which probability on a pixel is in.
            source: The file that it is written in; found out if left out. Another content is
                another predictor, whose answers are not taken up.
        """
        self.name = name or getattr(function, "__name__", type(function).__name__)
        self.threshold = threshold
        self.hash = _hash_source(source or _find_source(function))
        """SHA-256 of the file that it is written in; empty where there is none."""
        self._function = function

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return what the function says.

        Raises:
            ValueError: It raised, or did not return one number for every pixel.
        """
        pixels = as_rgb(image).copy()  # a function that writes into it must not change the next
        try:
            found = np.asarray(self._function(pixels, case.text), dtype=np.float32)
        except _FAILURES as error:
            raise ValueError(
                f"{self.name} failed on the text {case.text!r}: {type(error).__name__}: {error}."
            ) from error
        except ValueError as error:
            raise ValueError(f"{self.name} refused the text {case.text!r}: {error}") from error
        if found.shape != image.size:
            raise ValueError(
                f"{self.name} returned shape {found.shape} for an image of {image.size}; expected "
                f"one probability for every pixel, (height, width). Resample its answer."
            )
        if not np.isfinite(found).all():
            raise ValueError(
                f"{self.name} returned {np.count_nonzero(~np.isfinite(found))} values that are "
                f"not finite for the text {case.text!r}; expected 0 to 1 everywhere."
            )
        return found


def _hash_source(path: Path | None) -> str:
    """Return the SHA-256 of the file that a function is written in; empty where there is none.

    It is that of the whole file, as what the function calls stands there as well.
    """
    if path is None or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _find_source(function: Function) -> Path | None:
    """Return the file that a function is written in; None for what is compiled."""
    inner: object = function
    while isinstance(inner, partial):
        inner = inner.func
    try:
        # An object that can be called is written where its class is.
        path = inspect.getsourcefile(inner if inspect.isroutine(inner) else type(inner))
    except TypeError:  # compiled, or of a module that is not known
        return None
    return None if path is None else Path(path)
