"""Read every file of a data set once; keep what other checks need, and no pixels."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.duplicates import PictureHash, hash_picture
from lingseg.datasets.finding import Finding, Kind, Severity
from lingseg.datasets.mask_facts import MaskFacts, measure_mask
from lingseg.datasets.progress import Progress
from lingseg.imaging.image import Image, Pixels, UnreadableImage
from lingseg.imaging.reading import read_image, read_mask

HAZE = 0.1
"""How far from black and white, as a share of full scale, lossy compression may carry a pixel."""
SOFT_EDGE = 0.2
"""Share of a mask's pixels that may lie between black and white where its edge was smoothed."""

_FULL_SCALES = (1, 255, 65535)


@dataclass(kw_only=True)
class Survey:
    """What reading every file gave."""

    findings: list[Finding] = field(default_factory=list)
    hashes: dict[Path, PictureHash] = field(default_factory=dict)
    """Of each picture that can be read."""
    masks: dict[Path, MaskFacts] = field(default_factory=dict)
    """What each mask shows that can be read."""

    def add(self, kind: Kind, severity: Severity, cases: list[Case], message: str) -> None:
        """Keep a finding that concerns some cases."""
        case_ids = tuple(case.case_id for case in cases)
        self.findings.append(
            Finding(kind=kind, severity=severity, case_ids=case_ids, message=message)
        )


def survey_files(dataset: Dataset, *, progress: Progress) -> Survey:
    """Read every picture and mask of a data set once."""
    by_picture: dict[Path, list[Case]] = defaultdict(list)
    for cases in dataset.splits.values():
        for case in cases:
            by_picture[case.image].append(case)
    masks = {image: _masks_of(cases) for image, cases in by_picture.items()}
    total = len(by_picture) + sum(map(len, masks.values()))
    survey = Survey()
    done = 0
    for path, path_cases in by_picture.items():
        size = _survey_picture(survey, path, path_cases)
        progress(done := done + 1, total)
        for mask_path, mask_cases in masks[path].items():
            _survey_mask(survey, mask_path, mask_cases, image_size=size)
            progress(done := done + 1, total)
    return survey


def _masks_of(cases: list[Case]) -> Mapping[Path, list[Case]]:
    """Return the masks of one picture, each with its cases."""
    masks: dict[Path, list[Case]] = defaultdict(list)
    for case in cases:
        if case.mask is not None:
            masks[case.mask].append(case)
    return masks


def _survey_picture(survey: Survey, path: Path, cases: list[Case]) -> tuple[int, int] | None:
    """Read a picture; return its size, or None if that cannot be done."""
    image = _read(survey, path, cases)
    if image is None:
        return None
    survey.hashes[path] = hash_picture(image)
    return image.size


def _survey_mask(
    survey: Survey, path: Path, cases: list[Case], *, image_size: tuple[int, int] | None
) -> None:
    """Read a mask and compare it with its picture."""
    image = _read(survey, path, cases)
    if image is None:
        return
    if image_size is not None and image.size != image_size:
        survey.add(
            "size mismatch",
            "error",
            cases,
            f"{path.name} has {_by(image.size)} pixels, its picture has {_by(image_size)}.",
        )
    try:
        mask = read_mask(path)
    except (UnreadableImage, OSError) as error:
        survey.add("mask not binary", "error", cases, str(error))
        return
    _check_values(survey, path, cases, image.pixels)
    survey.masks[path] = measure_mask(mask.pixels)


def _read(survey: Survey, path: Path, cases: list[Case]) -> Image | None:
    """Read a file of pixels, or keep why that cannot be done."""
    if not path.exists():
        survey.add("missing file", "error", cases, f"{path} does not exist.")
        return None
    try:
        return read_image(path)
    except (UnreadableImage, OSError) as error:
        survey.add("unreadable file", "error", cases, str(error))
        return None


def _check_values(survey: Survey, path: Path, cases: list[Case], pixels: Pixels) -> None:
    """Find masks with more than black and white.

    Smoothed edges and lossy compression are warned of: the middle of the range still divides them.
    Values that the middle does not divide, such as numbered labels, are errors.
    """
    highest = float(pixels.max())
    full_scale = next(scale for scale in _FULL_SCALES if highest <= scale)
    if not np.any((pixels != 0) & (pixels != full_scale)):
        return
    is_drawn = pixels > HAZE * full_scale
    num_drawn = int(is_drawn.sum())
    num_between = int((is_drawn & (pixels < (1 - HAZE) * full_scale)).sum())
    is_soft = num_drawn > 0 and num_between <= SOFT_EDGE * num_drawn
    what = "looks smoothed or compressed" if is_soft else "may hold several labels"
    survey.add(
        "mask not binary",
        "warning" if is_soft else "error",
        cases,
        f"{path.name} has values other than 0 and {full_scale} and {what}; "
        f"it is cut at the middle.",
    )


def _by(size: tuple[int, int]) -> str:
    """Return a size as a message says it."""
    return f"{size[0]} x {size[1]}"
