"""Results saved from Python: the end of the file's name says the format."""

from pathlib import Path

import numpy as np

from lingseg.imaging import Image, LargePicture, Volume
from lingseg.imaging.deidentification import need_deidentification
from lingseg.prediction.formats import FORMATS, Answer, FormatName
from lingseg.prediction.result import Answered, Result, record_path, write_record
from lingseg.prediction.volume_result import VolumeResult

BY_SUFFIX: dict[str, FormatName] = {
    one.suffixes[-1]: name for name, one in FORMATS.items() if one.collection is None
} | {".nii": "nifti"}
"""The format of a file by the end of its name; of several ends that fit the longest counts."""


def save_result(result: Answered, path: Path, *, is_deidentified: bool) -> None:
    """Write a result as the name of `path` says, and its `.json`; see `Result.save`.

    Raises:
        ValueError: The name says no format, or one that cannot hold the answer.
        OSError: A file cannot be written.
        ModuleNotFoundError: De-identifying needs a package that is not installed.
    """
    assert isinstance(result, Result | VolumeResult)  # noqa: S101 - there are no others
    if is_deidentified:
        need_deidentification()
    suffix = _suffix_of(path, is_volume=isinstance(result, VolumeResult))
    name = BY_SUFFIX[suffix]
    output = path.with_name(f"{path.name[: -len(suffix)]}.png")
    answer = Answer(result=result, image=_drawn_on(result), is_deidentified=is_deidentified)
    record_path(output).unlink(missing_ok=True)  # it must never speak of an older mask
    FORMATS[name].write_files((*FORMATS[name].paths(output)[:-1], path), answer)
    write_record(output, answer.record(format=name, is_deidentified=is_deidentified))


def _suffix_of(path: Path, *, is_volume: bool) -> str:
    """Return the end of a name that says the format.

    Raises:
        ValueError: There is none, or one for a single picture where it is a volume.
    """
    usable = [
        end for end, name in BY_SUFFIX.items() if FORMATS[name].takes_volumes or not is_volume
    ]
    for suffix in sorted(usable, key=len, reverse=True):
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return suffix
    what = "a volume" if is_volume else "a picture"
    raise ValueError(
        f"{path.name!r} does not say how the mask of {what} is to be written. "
        f"Let it end in {', '.join(usable[:-1])} or {usable[-1]}."
    )


def _drawn_on(result: Result | VolumeResult) -> Image | Volume | LargePicture:
    """Return what a result was drawn on, or a blank picture where that is not known."""
    if isinstance(result, VolumeResult):
        return result.volume
    if result.image is not None:
        return result.image
    return Image(pixels=np.zeros(result.mask.shape, dtype=np.uint8), spacing=result.spacing)
