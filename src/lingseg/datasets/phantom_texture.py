"""What lies over every picture: grain, unevenness, blur."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lingseg.datasets.phantom_outline import Plane

Canvas: TypeAlias = NDArray[np.float32]
"""A picture in the making, grey (height, width) or colour (height, width, 3), 0 to 1."""


def draw_clouds(rng: np.random.Generator, size: tuple[int, int], grain: float) -> Plane:
    """Return smooth noise of mean 0 and deviation 1, with patches of about `grain` pixels."""
    coarse = max(1, int(grain / 2))
    height, width = (length // coarse + 3 for length in size)
    noise = rng.standard_normal((height, width), dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, max(0.8, grain / coarse / 2))
    noise = ndimage.zoom(noise, coarse, order=1)[: size[0], : size[1]]
    return np.asarray((noise - noise.mean()) / (noise.std() + 1e-6), dtype=np.float32)


def draw_speckle(rng: np.random.Generator, size: tuple[int, int]) -> Plane:
    """Return the grain of coherent waves: a Rayleigh amplitude of mean 1, wider than high."""
    grain = (rng.uniform(0.5, 0.9), rng.uniform(0.9, 2))
    waves = rng.standard_normal((2, *size), dtype=np.float32)
    amplitude = np.hypot(*(ndimage.gaussian_filter(wave, grain) for wave in waves))
    return np.asarray(amplitude / amplitude.mean(), dtype=np.float32)


def draw_bias(rng: np.random.Generator, size: tuple[int, int]) -> Plane:
    """Return a factor around 1 that changes slowly over the picture."""
    y, x = (np.linspace(-1, 1, length, dtype=np.float32) for length in size)
    slopes = rng.uniform(-0.15, 0.15, 3)
    bias = slopes[0] * y[:, None] + slopes[1] * x + slopes[2] * (y[:, None] ** 2 + x**2 - 0.67)
    return np.asarray(1 + bias, dtype=np.float32)


def finished(rng: np.random.Generator, canvas: Canvas) -> NDArray[np.uint8]:
    """Return the picture as a device would store it: blurred, noisy, in 8 bits.

    How much of each is drawn: from clean to poor.
    """
    blur = rng.choice([0.0, 0.5, 1.0])
    if blur:
        canvas = ndimage.gaussian_filter(canvas, (blur, blur, 0)[: canvas.ndim])
    canvas = (canvas - 0.5) * rng.uniform(0.8, 1.15) + 0.5 + rng.uniform(-0.06, 0.06)
    level = rng.choice([0.005, 0.015, 0.03, 0.05], p=[0.3, 0.35, 0.25, 0.1])
    canvas = canvas + level * rng.standard_normal(canvas.shape, dtype=np.float32)
    return np.asarray(np.clip(canvas * 255, 0, 255).round(), dtype=np.uint8)
