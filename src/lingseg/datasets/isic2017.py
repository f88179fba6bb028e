"""ISIC 2017: skin lesions under the dermoscope, with diagnosis.

Source      Training set of the ISIC 2017 challenge, part 1; pictures (already 256 x 256, aspect not
            kept) of github:walidbousseta/image_mining; masks and diagnosis of
            github:ranUser01/Melanoma-image-detection-ML.
Licence     CC0 1.0.
Citation    Codella et al., arXiv:1710.05006, 2017.
Counts      1141 / 74 / 305 pictures of 1123 / 74 / 305 groups (train / val / test).
Text        Diagnosis of the source; size, shape and place from the mask.
Splits      Pictures that are in ISIC 2016 too keep its split; the others are training.
Subjects    No patient ids are known; `subject` groups near-identical pictures, and 13 groups
            lie across the splits.
Side        image: the left part of the picture.
Symmetry    any: a dermoscope has no up.
Shipping    Weights and pictures may both be passed on.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

ISIC2017 = PublishedSet(
    info=DatasetInfo(
        name="isic2017",
        title="ISIC 2017 skin lesions with text",
        modality="dermoscopy",
        side="image",
        licence="CC0-1.0",
        citation="Codella et al., arXiv:1710.05006, 2017",
        ship_weights=True,
        ship_images=True,
        symmetry="any",
    ),
    counts={
        "train": SplitCount(cases=1141, pictures=1141, subjects=1123),
        "val": SplitCount(cases=74, pictures=74, subjects=74),
        "test": SplitCount(cases=305, pictures=305, subjects=305),
    },
    ask="https://challenge.isic-archive.com/data/#2017",
)


def isic2017(root: Path) -> Dataset:
    """Read ISIC 2017 skin lesions.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(ISIC2017, root)
