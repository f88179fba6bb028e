"""Pixels: how files become pictures, how pictures are shown to models, how masks are written."""

from lingseg.imaging.image import (
    Image,
    Mask,
    MaskPixels,
    Pixels,
    Probabilities,
    Rgb,
    Spacing,
    UnreadableImage,
)
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.overlay import draw_overlay
from lingseg.imaging.reading import decode_image, read_file, read_image, read_mask
from lingseg.imaging.resampling import resize_mask, resize_probabilities, resize_rgb
from lingseg.imaging.writing import write_mask, write_rgb

__all__ = [
    "Image",
    "Mask",
    "MaskPixels",
    "Pixels",
    "Probabilities",
    "Rgb",
    "Spacing",
    "UnreadableImage",
    "as_rgb",
    "decode_image",
    "draw_overlay",
    "read_file",
    "read_image",
    "read_mask",
    "resize_mask",
    "resize_probabilities",
    "resize_rgb",
    "write_mask",
    "write_rgb",
]
