"""Hippocampus: sagittal brain MR, its front part, its back part or the whole.

Source      Medical Segmentation Decathlon, task 4; github:udacity/nd320-c3-3d-imaging-starter
            (`data/TrainingSet`). The volumes lie in `volumes/`; the tables name sagittal slices.
Licence     CC BY-SA 4.0.
Citation    Antonelli et al., Nature Communications 13:4128, 2022; Simpson et al., arXiv:1902.09063.
Counts      1197 / 171 / 387 cases on 399 / 57 / 129 pictures of 133 / 19 / 43 volumes (train / val
            / test), three targets a picture: only the text tells which one is meant.
Text        Made from the label. Three sentences in all, so every test sentence is in training.
Subjects    Volumes. The source has about two a person and does not say which; the splits take
            blocks of eight consecutive numbers.
Side        none: no sentence says left or right, nor does the source.
Symmetry    none: the front of the head is on the left, and the text says "anterior".
Shipping    Weights may be passed on; pictures are not.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

HIPPOCAMPUS = PublishedSet(
    info=DatasetInfo(
        name="hippocampus",
        title="Medical Segmentation Decathlon hippocampus, referring",
        modality="MR",
        side="none",
        licence="CC-BY-SA-4.0",
        citation="Antonelli et al., Nature Communications 13:4128, 2022",
        ship_weights=True,
        ship_images=False,
        symmetry="none",
    ),
    counts={
        "train": SplitCount(cases=1197, pictures=399, subjects=133),
        "val": SplitCount(cases=171, pictures=57, subjects=19),
        "test": SplitCount(cases=387, pictures=129, subjects=43),
    },
    ask="http://medicaldecathlon.com",
)


def hippocampus(root: Path) -> Dataset:
    """Read Medical Segmentation Decathlon hippocampus.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(HIPPOCAMPUS, root)
