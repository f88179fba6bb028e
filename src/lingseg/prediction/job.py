"""What is to be predicted, and where it goes: pictures that a person names, safe names."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lingseg.imaging.deidentification import pseudonym_of
from lingseg.imaging.formats import DICOM_SUFFIXES, NIFTI_SUFFIXES
from lingseg.imaging.image import UnreadableImage
from lingseg.imaging.raster import SUFFIXES
from lingseg.imaging.reading import is_series_folder, is_zip

Place: TypeAlias = Path | str
"""Where a picture lies: a file, a folder with a series, or an address such as `dicomweb://...`."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_GLOB = re.compile(r"[*?\[]")
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
_UNSAFE_IN_STEM = re.compile(r"[^A-Za-z0-9_-]+")
_MAX_SLUG, _MAX_STEM = 48, 80
_SPELT_OUT = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
     "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)  # fmt: skip
"""Letters that are not a plain one with an accent."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One sentence on one picture."""

    image: Place
    text: str
    output: Path
    """The mask's file, were it PNG; all that is written for the job lies beside it."""

    @property
    def overlay(self) -> Path:
        """Where the overlay goes."""
        return self.output.with_name(f"{self.output.stem}.overlay.png")


def find_images(inputs: Sequence[str], *, is_recursive: bool, out: Path) -> list[Place]:
    """Return the pictures that files, folders, zips, patterns and addresses name, each once.

    A folder gives the pictures in it, in the order of their names, and, if it holds a DICOM series,
    itself; of films each counts as a picture. Hidden files and what lies in `out` do not count.

    Raises:
        FileNotFoundError: An input names nothing.
        ValueError: `out` is one of the folders: masks would be taken for pictures.
    """
    found: dict[Place, None] = {}
    for name in inputs:
        pictures = list(_find(name, is_recursive=is_recursive, out=out))
        if not pictures:
            raise FileNotFoundError(
                f"{name} names no picture; expected a file, a zip, a pattern, or a folder with "
                f"{', '.join((*SUFFIXES, *NIFTI_SUFFIXES))} or DICOM in it. "
                f"Check the spelling, or add --recursive."
            )
        found |= dict.fromkeys(pictures)
    return list(found)


def is_address(name: str) -> bool:
    """Tell whether a picture lies elsewhere: `scheme://...`."""
    return _ADDRESS.match(name) is not None


def _find(name: str, *, is_recursive: bool, out: Path) -> Iterator[Place]:
    """Yield the pictures that one input names."""
    path = Path(name)
    if is_address(name):
        yield _checked_address(name)
    elif path.is_dir():
        _refuse_out(path, out)
        yield from sorted(_in_folder(path, is_recursive=is_recursive, out=out))
    elif path.exists():
        yield from _in_file(path)
    elif not _GLOB.search(name):
        if any(parent.is_file() for parent in path.parents):  # in a zip; reading tells
            yield path
    else:
        root = Path(path.anchor or ".")
        found = root.glob(str(path.relative_to(path.anchor)))
        yield from sorted(_pictures(found, (*SUFFIXES, *NIFTI_SUFFIXES, *DICOM_SUFFIXES), out))


def _in_folder(folder: Path, *, is_recursive: bool, out: Path) -> Iterator[Path]:
    """Yield the pictures in a folder, and the folders that hold a DICOM series."""
    below = [path for path in folder.rglob("*") if path.is_dir()] if is_recursive else []
    for each in (folder, *below):
        inside = list(each.iterdir())
        pictures = list(_pictures(inside, (*SUFFIXES, *NIFTI_SUFFIXES), out))
        yield from pictures
        has_dicom = any(path.name.lower().endswith(DICOM_SUFFIXES) for path in inside)
        if (has_dicom or not pictures) and _holds_series(each, out):
            yield from _films_in(each) or [each]


def _holds_series(folder: Path, out: Path) -> bool:
    """Tell whether a folder that is not ours holds DICOM files."""
    own = out.resolve()
    return own not in (folder.resolve(), *folder.resolve().parents) and is_series_folder(folder)


def _films_in(folder: Path) -> list[Path]:
    """Return the films of a folder that holds several series of them; else nothing."""
    from lingseg.imaging.film_folder import films_in  # it needs pydicom, which takes time to import

    return films_in(folder)


def _in_file(path: Path) -> Iterator[Path]:
    """Yield a file, or the pictures in a zip of them; a zip that cannot be read is one input."""
    if not is_zip(path):
        yield path
        return
    from lingseg.imaging.zipped import list_zip

    try:
        yield from list_zip(path) or [path]
    except UnreadableImage:  # told when it is read, so that other inputs are done
        yield path


def _checked_address(address: str) -> str:
    """Return an address that can be asked.

    Raises:
        ValueError: It cannot.
    """
    from lingseg.imaging.dicomweb import check_address

    check_address(address)
    return address


def _refuse_out(folder: Path, out: Path) -> None:
    """Refuse to write masks among the pictures that are looked for."""
    if folder.resolve() == out.resolve():
        raise ValueError(
            f"{out} is the folder of the pictures as well; the next run would take masks for "
            f"pictures. Choose another folder with -o."
        )


def _pictures(paths: Iterable[Path], suffixes: Sequence[str], out: Path) -> Iterator[Path]:
    """Yield the paths that are pictures by their suffix."""
    own = out.resolve()
    for path in paths:
        is_hidden = path.name.startswith(".")
        if is_hidden or not path.name.lower().endswith(tuple(suffixes)) or not path.is_file():
            continue
        if own not in path.resolve().parents:
            yield path


def plain_name(image: Place, text: str, *, is_deidentified: bool = False) -> str:
    """Return a file name that a person recognises: the picture's, and what was asked."""
    return f"{_name_of(image, is_deidentified=is_deidentified)}--{slug(text)}"


def input_name(image: Place, *, is_deidentified: bool = False) -> str:
    """Return what a picture is called in records: a file's name may be a patient's."""
    if isinstance(image, str):
        from lingseg.imaging.dicomweb import name_of_address

        return name_of_address(image)
    return pseudonym_of(image) if is_deidentified else image.name


def _name_of(image: Place, *, is_deidentified: bool) -> str:
    """Return what a picture is called in the names of files."""
    if isinstance(image, str) or is_deidentified:
        return input_name(image, is_deidentified=is_deidentified)
    stem = image.name[: -len(".nii.gz")] if image.name.lower().endswith(".nii.gz") else image.stem
    return _UNSAFE_IN_STEM.sub("-", _ascii(stem)).strip("-")[:_MAX_STEM] or "picture"


def slug(text: str) -> str:
    """Return `text` as part of a file name: small letters, digits and dashes only."""
    letters = _UNSAFE.sub("-", _ascii(text).lower()).strip("-")
    if len(letters) > _MAX_SLUG:
        letters = letters[:_MAX_SLUG].rpartition("-")[0] or letters[:_MAX_SLUG]
    return letters or "text"


def _ascii(text: str) -> str:
    """Return the letters of `text` without accents; what has no such form is dropped."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_SPELT_OUT))
    return decomposed.encode("ascii", "ignore").decode()


def short_hash(image: Place, text: str, *, is_deidentified: bool = False) -> str:
    """Return eight digits that differ where the picture's path or the text do.

    Those of a de-identified name do not tell of the path, which could be found by trying.
    """
    path = image if isinstance(image, str) else image.as_posix()
    whole = f"{'' if is_deidentified else path}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:8]
