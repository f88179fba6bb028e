"""Pictures made worse: noise, blur and fewer pixels, each in three strengths."""

import hashlib
from functools import partial

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageFilter

from lingseg.evaluation.audit.question import View
from lingseg.evaluation.chance import rng_of
from lingseg.imaging.image import Image, Rgb
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.resampling import resize_rgb

NOISE_PERCENTS = (5.0, 10.0, 20.0)
"""Standard deviation, of the range from black to white."""
BLUR_PERCENTS = (0.5, 1.0, 2.0)
"""Standard deviation of the blur, of the picture's shorter side: 1 to 4 pixels of 224."""
DOWN_SAMPLINGS = (2.0, 4.0, 8.0)
"""By how much each side is shrunk before it is brought back."""


def degraded_views(seed: int) -> dict[str, dict[float, View]]:
    """Return the views, by kind and strength; the same picture always looks the same in one."""
    return {
        "noise": {
            percent: View(f"noise of {percent:g} %", partial(_noisy, percent=percent, seed=seed))
            for percent in NOISE_PERCENTS
        },
        "blur": {
            percent: View(f"blur of {percent:g} %", partial(_blurred, percent=percent))
            for percent in BLUR_PERCENTS
        },
        "down-sampling": {
            factor: View(f"down-sampled by {factor:g}", partial(_coarse, factor=factor))
            for factor in DOWN_SAMPLINGS
        },
    }


def _noisy(image: Image, *, percent: float, seed: int) -> Image:
    """Add Gaussian noise that depends on the picture, its strength and the seed alone."""
    pixels = as_rgb(image)
    name = hashlib.sha256(pixels.tobytes()).hexdigest()
    rng = rng_of(seed, "noise", str(percent), name)
    channels = image.pixels.ndim  # a grey picture stays grey
    shape = pixels.shape if channels == 3 else (*pixels.shape[:2], 1)
    noise = rng.standard_normal(shape, dtype=np.float32) * np.float32(255 * percent / 100)
    return _as_image(np.rint(pixels + noise).clip(0, 255).astype(np.uint8), image)


def _blurred(image: Image, *, percent: float) -> Image:
    """Blur by a Gaussian."""
    radius = min(image.size) * percent / 100
    picture = PillowImage.fromarray(as_rgb(image)).filter(ImageFilter.GaussianBlur(radius))
    return _as_image(np.asarray(picture), image)


def _coarse(image: Image, *, factor: float) -> Image:
    """Shrink the picture and bring it back to its size."""
    height, width = image.size
    small = resize_rgb(as_rgb(image), (max(1, int(height / factor)), max(1, int(width / factor))))
    return _as_image(resize_rgb(small, image.size), image)


def _as_image(pixels: Rgb, image: Image) -> Image:
    """Return changed pixels where the picture's were."""
    return Image(pixels=pixels, spacing=image.spacing)
