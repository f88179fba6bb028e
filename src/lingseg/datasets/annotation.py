"""Corrected masks and their sentences, saved as a data set in the folder format.

So what was corrected on one day is what is trained on the next. Pictures are kept as they are
shown to models, in 8 bits; file names are made of the pixels alone, and subjects stand under
pseudonyms: nothing that names a patient or a file gets into the folder, unless a sentence does.
"""

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from lingseg.artefact import write_text
from lingseg.datasets.case import DatasetInfo
from lingseg.datasets.declaration import DECLARATION, read_declaration
from lingseg.datasets.folder import SPLITS, Row, as_declaration, as_table, read_table
from lingseg.imaging.deidentification import pseudonym_of_subject
from lingseg.imaging.delineation import MaskStack
from lingseg.imaging.image import Image, Mask, MaskPixels, Rgb
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.reading import read_mask
from lingseg.imaging.volume import Volume
from lingseg.imaging.writing import write_mask, write_rgb
from lingseg.language.side import Side, to_side_on_picture
from lingseg.language.turn import can_mirror

Split: TypeAlias = Literal["train", "val", "test"]

COLUMNS = (
    *("image", "mask", "text", "subject", "label", "is_corrected", "note"),
    *("spacing_row_mm", "spacing_column_mm"),
)
_NAME_DIGITS = 16
"""64 bits of a hash: among a million pictures two share a name once in ten million times."""
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, kw_only=True, eq=False)
class Annotation:
    """What a sentence means in a picture, or in a volume."""

    text: str
    mask: MaskPixels | MaskStack
    side: Side
    """Whose left and right the sentence means."""
    is_corrected: bool = False
    """Whether a person changed what a model drew."""
    corrected_slices: frozenset[int] | None = None
    """Of a volume, in which slices; None: in all."""
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnnotatedPicture:
    """A picture with what was said of it and drawn on it."""

    image: Image
    annotations: tuple[Annotation, ...]
    subject: str = ""
    """The patient, by name or number; empty: nobody knows, and the picture stands for itself."""


@dataclass(frozen=True, kw_only=True)
class SavedAnnotations:
    """What was written, and where."""

    folder: Path
    num_cases: int
    """Sentences with their mask that were added."""
    num_already_there: int
    """Those that the folder had, word for word and pixel for pixel."""
    num_in_folder: int
    """Cases in the folder now, in all splits."""


def save_annotations(
    out: Path,
    pictures: Iterable[AnnotatedPicture],
    *,
    side: Side = "image",
    name: str = "annotations",
    split: Split = "train",
) -> SavedAnnotations:
    """Write pictures, masks and sentences to a data set, new or begun before.

    A row is added to the table when its files are there, so whatever stops the writing leaves a
    data set. What the folder has is never overwritten. In one process one call writes at a time;
    two processes must not add to the same folder at once.

    Args:
        out: The folder: a new or empty one, or a data set in the folder format.
        pictures: What is to be saved; gone through once.
        side: Whose left and right the sentences of a new data set mean; they are rewritten where
            the annotator meant the other's. A data set that is there keeps its own.
        name: What a new data set is called.
        split: The table that the rows are added to.

    Raises:
        FileExistsError: The folder holds something else than a data set.
        ValueError: A sentence is empty or cannot be told by the data set's sides, a mask has
            another size than its picture, the folder has another mask of the same sentence and
            picture, or a subject is in another split.
        OSError: The folder cannot be written to.
    """
    with _ONE_AT_A_TIME:
        info = _declaration_of(out, DatasetInfo(name=name, side=side, title=_TITLE))
        tables = {one: read_table(path) for one in SPLITS if (path := out / f"{one}.csv").exists()}
        writer = _Writer(out, info.side, split, tables)
        for picture in pictures:
            writer.add(picture)
        if not writer.rows and not tables:
            raise ValueError("There is nothing to save: no picture has a sentence with a mask.")
        if writer.rows:
            before = tables.get(split, [])
            header = dict.fromkeys((*(before[0] if before else COLUMNS), *COLUMNS))
            write_text(out / f"{split}.csv", as_table([*before, *writer.rows], list(header)))
        if not (out / DECLARATION).exists():  # last: without it the folder is no data set
            write_text(out / DECLARATION, as_declaration(info))
    return SavedAnnotations(
        folder=out,
        num_cases=len(writer.rows),
        num_already_there=writer.num_already_there,
        num_in_folder=len(writer.rows) + sum(map(len, tables.values())),
    )


def annotated_slices(
    volume: Volume, annotations: Sequence[Annotation], *, subject: str = ""
) -> Iterator[AnnotatedPicture]:
    """Yield each slice on which anything is drawn, windowed as it is shown, with what is there.

    Args:
        volume: The volume; slices are read one at a time.
        annotations: What was said of it and drawn in it.
        subject: The patient; empty: the volume stands for itself, so that its slices stay together.

    Raises:
        ValueError: Masks have another shape than the volume.
        UnreadableImage: A slice cannot be decoded.
    """
    shape = volume.num_slices, *volume.size
    for one in annotations:
        if one.mask.shape != shape:
            raise ValueError(
                f"The masks of {one.text!r} have shape {one.mask.shape}; expected {shape}, as the "
                f"volume has (slice, row, column)."
            )
    subject = subject or f"volume {_hash_of(as_rgb(volume.image(0)))}"
    for number in range(volume.num_slices):
        drawn = [one for one in annotations if one.mask[number].any()]
        if drawn:
            yield AnnotatedPicture(
                image=volume.image(number),
                annotations=tuple(_in_slice(one, number) for one in drawn),
                subject=subject,
            )


def _in_slice(annotation: Annotation, number: int) -> Annotation:
    """Return what was said of a slice and drawn in it."""
    corrected = annotation.corrected_slices
    is_corrected = annotation.is_corrected and (corrected is None or number in corrected)
    return replace(annotation, mask=annotation.mask[number], is_corrected=is_corrected)


_TITLE = "Corrected with lingseg"


class _Writer:
    """Writes the files of one call, and keeps the rows that tell of them."""

    def __init__(self, out: Path, side: Side, split: Split, tables: dict[str, list[Row]]) -> None:
        """Keep what is known of the folder."""
        self.rows: list[Row] = []
        self.num_already_there = 0
        self._out, self._side = out, side
        every = [row for rows in tables.values() for row in rows]
        self._masks = {(row["image"], row["text"]): row.get("mask", "") for row in every}
        self._elsewhere = {
            row.get("subject") or row["image"]: other
            for other, rows in tables.items()
            for row in rows
            if other != split
        }

    def add(self, picture: AnnotatedPicture) -> None:
        """Write a picture and its masks, unless they are there."""
        shown = _as_shown(picture.image)
        own_name = _hash_of(shown)
        image = f"images/{own_name}.png"
        subject = pseudonym_of_subject(picture.subject or f"picture {own_name}")
        if subject in self._elsewhere:
            raise ValueError(
                f"The subject of a picture is in {self._elsewhere[subject]!r} already; a subject "
                f"stays in one split, or what is tested was trained on. Save it to that one."
            )
        for annotation in picture.annotations:
            text = self._text(annotation, picture.image)
            _check_size(annotation, picture.image)
            mask = f"masks/{own_name}_{hashlib.sha256(text.encode()).hexdigest()[:8]}.png"
            if self._is_there(image, text, annotation.mask):
                self.num_already_there += 1
                continue
            if not (self._out / image).exists():
                write_rgb(self._out / image, shown)
            write_mask(self._out / mask, Mask(pixels=annotation.mask))
            self._masks[image, text] = mask
            self.rows.append(_row(image, mask, text, subject, annotation, picture.image))

    def _text(self, annotation: Annotation, image: Image) -> str:
        """Return a sentence by the left and right of the data set."""
        text = " ".join(annotation.text.split())
        if not text:
            raise ValueError("A mask has no sentence. Say in a few words what it shows.")
        told = to_side_on_picture(text, annotation.side, self._side, image.patient_left)
        if told == text:
            return text
        if not can_mirror(text, "horizontal", annotation.side):
            raise ValueError(
                f"{text!r} means the left and right of the {annotation.side}, the data set that of "
                f"the {self._side}, and it holds a word of place without a known opposite. Say it "
                f"in other words."
            )
        return told

    def _is_there(self, image: str, text: str, mask: MaskPixels) -> bool:
        """Return whether the folder has a sentence of a picture, with this very mask."""
        known = self._masks.get((image, text))
        if known is None:
            return False
        if known and np.array_equal(read_mask(self._out / known).pixels, mask):
            return True
        raise ValueError(
            f"{self._out.name} has another mask of {text!r} for the same picture; two of them "
            f"would contradict each other. Save to another folder, or say it in other words."
        )


def _declaration_of(out: Path, new: DatasetInfo) -> DatasetInfo:
    """Return what a data set declares, or what a new one is to declare."""
    if (out / DECLARATION).is_file():
        return read_declaration(out)
    begun = {"images", "masks", *(f"{split}.csv" for split in SPLITS)}
    others = sorted({one.name for one in out.iterdir()} - begun) if out.is_dir() else []
    others = [name for name in others if not name.endswith(".part") and ".part." not in name]
    if others or (out.exists() and not out.is_dir()):
        raise FileExistsError(
            f"{out.name} is no data set and not empty (it holds {(others or [out.name])[0]!r}). "
            f"Name a new folder, or one with a {DECLARATION}."
        )
    return new


def _as_shown(image: Image) -> Rgb:
    """Return the picture as models are shown it: 8 bits, grey if it has no colours."""
    shown = as_rgb(image)
    return shown if image.pixels.ndim == 3 else shown[..., 0]


def _hash_of(shown: Rgb) -> str:
    """Return what a picture is called by: its pixels alone, not where they come from."""
    digest = hashlib.sha256(repr(shown.shape).encode())
    digest.update(np.ascontiguousarray(shown).tobytes())
    return digest.hexdigest()[:_NAME_DIGITS]


def _check_size(annotation: Annotation, image: Image) -> None:
    """Refuse a mask that does not lie on its picture."""
    if annotation.mask.shape != image.size:
        raise ValueError(
            f"The mask of {annotation.text!r} has shape {annotation.mask.shape}; expected "
            f"{image.size}, as its picture has."
        )


def _row(
    image: str, mask: str, text: str, subject: str, annotation: Annotation, picture: Image
) -> Row:
    """Return what the table says of a sentence and its mask."""
    spacing = ("", "") if picture.spacing is None else tuple(f"{mm:g}" for mm in picture.spacing)
    corrected = "yes" if annotation.is_corrected else "no"
    note = " ".join(annotation.note.split())
    values = (image, mask, text, subject, "", corrected, note, *spacing)
    return dict(zip(COLUMNS, values, strict=True))
