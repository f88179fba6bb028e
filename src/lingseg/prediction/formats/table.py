"""The formats that `--format` names. Writers are imported when they write: most are never used."""

import struct
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeAlias

from lingseg.imaging.decoding import decoding_quietly
from lingseg.prediction.formats.answer import Answer
from lingseg.prediction.formats.collection import Drawn, Lines, write_collection

FormatName: TypeAlias = Literal[
    "png",
    "nifti",
    "dicom-seg",
    "dicom-seg-fractional",
    "dicom-sr",
    "secondary-capture",
    "coco",
    "label-studio",
    "cvat",
]

_STUMBLES = (
    ArithmeticError, AttributeError, EOFError, LookupError, RuntimeError, TypeError, struct.error,
)  # fmt: skip
"""What libraries raise for a picture that they did not foresee. A full disk or a missing package is
none of them: it would fail for every other picture too."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """How masks are written."""

    suffixes: tuple[str, ...] = (".png",)
    """Of the files of one mask, the mask's own first."""
    module: str = "png"
    function: str = "write"
    collection: tuple[str, str] | None = None
    """The file for the whole batch and the module that makes it; None: there is none."""
    needs_dicom: bool = False
    takes_volumes: bool = True
    keeps_probabilities: bool = False
    """Whether it writes what a volume's answer holds only where it is asked to."""

    def paths(self, output: Path) -> tuple[Path, ...]:
        """Return the files of the mask whose PNG would be `output`."""
        return tuple(output.with_suffix(suffix) for suffix in self.suffixes)

    def write(self, output: Path, answer: Answer) -> None:
        """Write the files of the mask whose PNG would be `output`; see `write_files`.

        Raises:
            ValueError: The answer cannot be told in this format.
            OSError: A file cannot be written.
        """
        self.write_files(self.paths(output), answer)

    def write_files(self, paths: Sequence[Path], answer: Answer) -> None:
        """Write one mask, or the masks of a volume, to a path for each of the suffixes.

        Raises:
            ValueError: The answer cannot be told in this format.
            OSError: A file cannot be written.
        """
        if answer.is_volume and not self.takes_volumes:
            raise ValueError(why_no_volume())
        write = getattr(_module(self.module), self.function)
        try:
            # highdicom remarks on patients with one name; PNG need not wait while others decode.
            with nullcontext() if self.module == "png" else decoding_quietly():
                write(paths, answer)
        except _STUMBLES as error:
            raise ValueError(
                f"it could not be written in this format ({type(error).__name__}), which is a "
                f"mistake of ours or of a library. Choose another format, and report it."
            ) from error

    def collect(self, folder: Path, drawn: Iterable[Drawn]) -> Path | None:
        """Write the file for the whole batch, if the format has one; return where it lies.

        Args:
            folder: Where it goes.
            drawn: The masks, those of a picture one after another; they are asked for more than
                once.

        Raises:
            OSError: It cannot be written.
            UnreadableImage: A mask was changed since it was written.
        """
        if self.collection is None:
            return None
        name, module = self.collection
        lines: Lines = _module(module).lines
        write_collection(folder / name, drawn, lines)
        return folder / name


def _module(name: str) -> ModuleType:
    """Import the file of a format."""
    return import_module(f"lingseg.prediction.formats.{name}")


FORMATS: dict[FormatName, Format] = {
    "png": Format(takes_volumes=False),
    "nifti": Format(suffixes=(".nii.gz",), module="nifti"),
    "dicom-seg": Format(suffixes=(".dcm",), module="dicom_seg", needs_dicom=True),
    "dicom-seg-fractional": Format(
        suffixes=(".fractional.dcm",),
        module="dicom_seg",
        function="write_fractional",
        needs_dicom=True,
        keeps_probabilities=True,
    ),
    "dicom-sr": Format(suffixes=(".dcm", ".sr.dcm"), module="dicom_sr", needs_dicom=True),
    "secondary-capture": Format(
        suffixes=(".overlay.dcm",), module="secondary_capture", needs_dicom=True
    ),
    "coco": Format(collection=("coco.json", "coco"), takes_volumes=False),
    "label-studio": Format(collection=("label-studio.json", "label_studio"), takes_volumes=False),
    "cvat": Format(collection=("cvat.xml", "cvat"), takes_volumes=False),
}


def why_no_volume() -> str:
    """Return the sentence for a volume and a format that holds one picture."""
    able = [name for name, one in FORMATS.items() if one.takes_volumes]
    return (
        f"It is a volume, and the format holds one picture. "
        f"Choose --format {', '.join(able[:-1])} or {able[-1]}."
    )
