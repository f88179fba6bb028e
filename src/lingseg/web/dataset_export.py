"""A corrected session as a data-set folder that `lingseg train` reads, in an archive."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingseg.datasets.annotation import (
    AnnotatedPicture,
    Annotation,
    annotated_slices,
    save_annotations,
)
from lingseg.imaging import MaskPixels, Volume
from lingseg.imaging.delineation import MaskStack
from lingseg.language.side import Side
from lingseg.prediction import Result
from lingseg.prediction.formats import Answer
from lingseg.prediction.volume_result import VolumeResult
from lingseg.web.held_image import HeldImage
from lingseg.web.messages import Layer

_NAME = "annotations"


def write_dataset(
    folder: Path,
    image: HeldImage,
    answers: Sequence[Answer],
    layers: Sequence[Layer],
    side: Side | None = None,
) -> list[Path]:
    """Write the data set below a folder; return its files.

    Args:
        folder: Where.
        image: What the masks lie on.
        answers: The masks.
        layers: What was sent of them.
        side: Whose left and right the data set's sentences mean; None: those of the first answer.

    Raises:
        ValueError: A sentence cannot be told by the data set's sides, or two masks contradict.
        UnreadableImage: A slice cannot be decoded.
    """
    side = answers[0].result.side if side is None else side
    out = folder / _NAME
    save_annotations(out, _pictures_of(image, answers, layers), side=side, name=_NAME)
    return sorted(path for path in out.rglob("*") if path.is_file())


def _pictures_of(
    image: HeldImage, answers: Sequence[Answer], layers: Sequence[Layer]
) -> Iterator[AnnotatedPicture]:
    """Yield the picture, or the slices on which anything is drawn, with what was said of them."""
    drawn = tuple(
        Annotation(
            text=answer.result.text,
            mask=_mask_of(answer.result),
            side=answer.result.side,
            is_corrected=layer.is_by_person,
            corrected_slices=layer.slices_by_person,
            note="" if answer.is_deidentified else layer.note or "",
        )
        for answer, layer in zip(answers, layers, strict=True)
    )
    content, subject = image.content, _subject_of(image)
    if isinstance(content, Volume):
        yield from annotated_slices(content, drawn, subject=subject)
    else:
        yield AnnotatedPicture(image=content, annotations=drawn, subject=subject)


def _mask_of(result: Result | VolumeResult) -> MaskPixels | MaskStack:
    """Return what was drawn."""
    return result.masks if isinstance(result, VolumeResult) else result.mask


def _subject_of(image: HeldImage) -> str:
    """Return the patient, who is written down under a pseudonym; empty where nobody tells."""
    source = image.slice(0).source
    return "" if source is None else str(source.header.get("PatientID") or "")
