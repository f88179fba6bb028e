"""Pixels: how files become pictures, how pictures are shown to models, how masks are written."""

from lingseg.imaging.geometry import Plane
from lingseg.imaging.image import (
    Affine,
    Image,
    Mask,
    MaskPixels,
    PatientLeft,
    Pixels,
    Probabilities,
    Rgb,
    Spacing,
    UnreadableImage,
    Window,
)
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.large_picture import LargePicture
from lingseg.imaging.overlay import draw_overlay
from lingseg.imaging.reading import (
    decode_image,
    decode_pictures,
    hash_pictures,
    is_series_folder,
    is_zip,
    read_file,
    read_image,
    read_mask,
    read_pictures,
    read_volume,
)
from lingseg.imaging.resampling import resize_mask, resize_probabilities, resize_rgb
from lingseg.imaging.source import Laterality, Source
from lingseg.imaging.volume import StoredGrid, Volume
from lingseg.imaging.writing import write_mask, write_rgb

__all__ = [
    "Affine",
    "Image",
    "LargePicture",
    "Laterality",
    "Mask",
    "MaskPixels",
    "PatientLeft",
    "Pixels",
    "Plane",
    "Probabilities",
    "Rgb",
    "Source",
    "Spacing",
    "StoredGrid",
    "UnreadableImage",
    "Volume",
    "Window",
    "as_rgb",
    "decode_image",
    "decode_pictures",
    "draw_overlay",
    "hash_pictures",
    "is_series_folder",
    "is_zip",
    "read_file",
    "read_image",
    "read_mask",
    "read_pictures",
    "read_volume",
    "resize_mask",
    "resize_probabilities",
    "resize_rgb",
    "write_mask",
    "write_rgb",
]
