"""Whether masks survive clinical formats. Run `python benchmarks/clinical_round_trip.py`.

Real pictures are made into DICOM (ultrasound as single pictures, MR slices as series that lie in a
patient) or come as NIfTI volumes; the shipped model draws on them; the masks are written as DICOM
SEG and NIfTI and read back by highdicom and nibabel. Beside that stands the plain way: the same
pixels as PNG or JPEG, and masks from memory. Both must score the same Dice against the reference,
to 1e-6; the exit code is 1 if they do not. Empty masks would score alike whatever happens to them:
sentences are asked until enough of them found something, how many masks were empty is told, and a
data set in which nothing at all was drawn fails the check. The data lie where LINGSEG_DATA says.
"""

import csv
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import highdicom
import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, UltrasoundImageStorage, generate_uid

from lingseg.imaging import Volume, as_rgb, read_image, read_mask, read_volume, write_rgb
from lingseg.language.side import Side
from lingseg.metrics.overlap import measure_overlap
from lingseg.prediction import load
from lingseg.prediction.formats import FORMATS, Answer
from lingseg.prediction.predictor import Model
from lingseg.prediction.volume import segment_volume

TOLERANCE = 1e-6
SPACING, THICKNESS = (1.62, 1.62), 8.0
"""Millimetres, as CHAOS says of its MR on average: the pictures no longer tell."""
TARGETS = {"anterior hippocampus": (1,), "posterior hippocampus": (2,), "hippocampus": (1, 2)}
_COUNTS = ("drawn", "changed")
_MOST_TRIED = 5
"""Times the wanted number of cases that are tried for masks that are not empty."""
Masks = NDArray[np.bool_]
"""(slice, row, column)."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One sentence on one picture or volume."""

    data_set: str
    written_as: str
    plain_dice: float
    clinical_dice: float
    num_drawn: int
    """Voxels in the mask: of an empty one there is little to lose."""
    num_changed: int
    """Voxels that differ between the two ways."""


def main(num_pictures: int) -> int:
    """Print the table; 1 where the two ways differ, or where nothing was drawn to tell by."""
    root, model = Path(os.environ["LINGSEG_DATA"]), load("default")
    outcomes = [
        *until_found(pictures(model, root / "busi", num_pictures), num_pictures),
        *until_found(pictures(model, root / "hc18", num_pictures), num_pictures),
        *until_found(series(model, root / "chaos_mr"), num_pictures),
        *until_found(volumes(model, root / "hippocampus"), num_pictures),
    ]
    print(f"{'data set':<12} {'written as':<10} masks empty   voxels changed", end="  ")
    print("Dice plain  clinical  largest difference")
    num_vacuous = 0
    kind_of = attrgetter("data_set", "written_as")
    for (data_set, written_as), found in itertools.groupby(sorted(outcomes, key=kind_of), kind_of):
        its = list(found)
        plain = np.array([one.plain_dice for one in its])
        clinical = np.array([one.clinical_dice for one in its])
        drawn, changed = (sum(getattr(o, f"num_{what}") for o in its) for what in _COUNTS)
        empty = sum(not one.num_drawn for one in its)
        num_vacuous += empty == len(its)
        print(
            f"{data_set:<12} {written_as:<10} {len(its):>5} {empty:>5} {drawn:>8,} {changed:>7} "
            f"{plain.mean():>11.6f} {clinical.mean():>9.6f} {np.abs(plain - clinical).max():>19.1e}"
        )
    differ = [o for o in outcomes if abs(o.plain_dice - o.clinical_dice) > TOLERANCE]
    print(f"{len(differ)} of {len(outcomes)} differ by more than {TOLERANCE:g}")
    if num_vacuous:
        print(f"{num_vacuous} lines tell nothing: all their masks are empty")
    return int(bool(differ or num_vacuous))


def until_found(cases: Iterable[list[Outcome]], wanted: int) -> Iterator[Outcome]:
    """Yield what came of cases until so many of them had a mask that is not empty."""
    num_found = 0
    for outcomes in itertools.islice(cases, _MOST_TRIED * wanted):
        yield from outcomes
        num_found += any(one.num_drawn for one in outcomes)
        if num_found == wanted:
            return


def pictures(model: Model, folder: Path, count: int) -> Iterator[list[Outcome]]:
    """Ask of single pictures: ultrasound, which lies nowhere in space."""
    tried = _evenly(_rows(folder), _MOST_TRIED * count)
    for row in (row for start in range(_MOST_TRIED) for row in tried[start::_MOST_TRIED]):
        reference = read_mask(folder / row["mask"]).pixels[None]
        plain = model.segment(folder / row["image"], row["text"], side=_side(folder)).mask[None]
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "picture.dcm"
            _ultrasound(_pixels(folder / row["image"])).save_as(path, enforce_file_format=True)
            image = read_image(path)
            result = model.segment(image, row["text"], side=_side(folder))
            answer = Answer(result=result, image=image)
            yield list(_compared(folder.name, answer, plain, reference, Path(place)))


def series(model: Model, folder: Path) -> Iterator[list[Outcome]]:
    """Ask of series: consecutive axial slices of a subject, as a scanner would have stored them."""
    by_label: dict[tuple[str, str, str], dict[int, dict[str, str]]] = {}
    for row in _rows(folder):
        key = row["subject"], row["label"], row["text"]
        by_label.setdefault(key, {})[int(Path(row["image"]).stem.rpartition("z")[2])] = row
    for (_, _, text), slices in by_label.items():
        rows = [slices[number] for number in _longest_run(sorted(slices))]
        reference = np.stack([read_mask(folder / row["mask"]).pixels for row in rows])
        side = _side(folder)
        plain = np.stack([model.segment(folder / r["image"], text, side=side).mask for r in rows])
        with tempfile.TemporaryDirectory() as place:
            scan = Path(place) / "scan"
            scan.mkdir()
            for dataset in _mr_series([_pixels(folder / row["image"]) for row in rows]):
                dataset.save_as(scan / dataset.SOPInstanceUID, enforce_file_format=True)
            volume = read_volume(scan)
            (result,) = segment_volume(model, volume, [text], side=side)
            answer = Answer(result=result, image=volume)
            yield list(_compared(folder.name, answer, plain, reference, Path(place)))


def volumes(model: Model, folder: Path) -> Iterator[list[Outcome]]:
    """Ask of NIfTI volumes; the plain way is every slice, as it is shown, as PNG."""
    rows = {row["subject"]: row for row in _rows(folder)}
    texts = {row["label"]: row["text"] for row in _rows(folder)}
    for row in rows.values():
        name = f"{row['source_id'].split()[0]}.nii.gz"
        volume = read_volume(folder / "volumes" / "images" / name, plane="sagittal")
        labels = np.asarray(nibabel.load(folder / "volumes" / "labels" / name).dataobj)
        results = segment_volume(model, volume, list(texts.values()))
        for label, result in zip(texts, results, strict=True):
            assert volume.stored is not None  # noqa: S101 - NIfTI has one
            reference = volume.stored.as_shown(np.isin(labels, TARGETS[label]))
            with tempfile.TemporaryDirectory() as place:
                plain = _slice_by_slice(model, volume, texts[label], Path(place) / "slice.png")
                answer = Answer(result=result, image=volume)
                yield list(_compared(folder.name, answer, plain, reference, Path(place)))


def _slice_by_slice(model: Model, volume: Volume, text: str, path: Path) -> Masks:
    """Return the masks of a volume whose slices were saved as pictures."""
    masks = []
    for image in volume:
        write_rgb(path, as_rgb(image))
        masks.append(model.segment(path, text).mask)
    return np.stack(masks)


def _compared(
    data_set: str, answer: Answer, plain: Masks, reference: Masks, folder: Path
) -> Iterator[Outcome]:
    """Write an answer in each format that holds it, read it back, and score both ways."""
    for name in ("dicom-seg", "nifti"):
        if name == "dicom-seg" and not answer.sources:
            continue
        (path,) = FORMATS[name].paths(folder / "mask.png")
        FORMATS[name].write(folder / "mask.png", answer)
        read = _read_seg(path, answer) if name == "dicom-seg" else _read_nifti(path, answer)
        yield Outcome(
            data_set=data_set,
            written_as=name,
            plain_dice=measure_overlap(plain, reference).dice,
            clinical_dice=measure_overlap(read, reference).dice,
            num_drawn=int(plain.sum()),
            num_changed=int((plain != read).sum()),
        )


def _read_seg(path: Path, answer: Answer) -> Masks:
    """Read a segmentation with highdicom: a plane for every source instance."""
    instances = [source.sop_instance_uid for source in answer.sources]
    planes = highdicom.seg.segread(path).get_pixels_by_source_instance(
        instances, ignore_spatial_locations=True, assert_missing_frames_are_empty=True
    )
    masks: Masks = planes[..., 0] > 0
    return masks


def _read_nifti(path: Path, answer: Answer) -> Masks:
    """Read a mask with nibabel, as (slice, row, column)."""
    voxels = np.asarray(nibabel.load(path).dataobj) > 0
    stored = answer.image.stored if isinstance(answer.image, Volume) else None
    return voxels.transpose(2, 1, 0) if stored is None else stored.as_shown(voxels)


def _rows(folder: Path) -> list[dict[str, str]]:
    """Return the test split of a data set."""
    with (folder / "test.csv").open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _evenly(rows: Sequence[dict[str, str]], count: int) -> list[dict[str, str]]:
    """Return some rows from all over a table."""
    count = min(count, len(rows))
    return [rows[number] for number in np.linspace(0, len(rows) - 1, count).round().astype(int)]


def _side(folder: Path) -> Side:
    """Return whose left and right the sentences of a data set mean."""
    side: Side = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))["side"]
    return side


def _longest_run(numbers: Sequence[int]) -> list[int]:
    """Return the longest run of consecutive numbers: slices without a gap."""
    runs = itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    return max(([number for _, number in run] for _, run in runs), key=len)


def _pixels(path: Path) -> NDArray[np.uint8]:
    """Return a picture's grey values."""
    with PillowImage.open(path) as picture:
        return np.asarray(picture.convert("L"))


def _dicom(kind: str, modality: str, pixels: NDArray[np.uint8], study: tuple[str, str]) -> Dataset:
    """Return a data set of 8-bit grey with what a study needs."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study
    dataset.PatientID, dataset.PatientName, dataset.StudyDate = "TEST", "Test^Test", ""
    dataset.Modality, dataset.InstanceNumber = modality, 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.size % 2)
    return dataset


def _ultrasound(pixels: NDArray[np.uint8]) -> Dataset:
    """Return an ultrasound picture."""
    return _dicom(UltrasoundImageStorage, "US", pixels, (generate_uid(), generate_uid()))


def _mr_series(slices: Sequence[NDArray[np.uint8]]) -> Iterator[Dataset]:
    """Yield axial slices from the feet up, hung as radiologists do."""
    study, space = (generate_uid(), generate_uid()), generate_uid()
    for number, pixels in enumerate(slices):
        dataset = _dicom(MRImageStorage, "MR", pixels, study)
        dataset.FrameOfReferenceUID, dataset.InstanceNumber = space, number + 1
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [-200, -180, THICKNESS * number]
        dataset.PixelSpacing, dataset.SliceThickness = list(SPACING), THICKNESS
        yield dataset


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
