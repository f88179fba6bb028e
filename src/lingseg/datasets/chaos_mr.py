"""CHAOS: the abdomen in axial T2 MR, four organs, each by its name.

Source      T2-SPIR slices of healthy adults; github:shenqq377/Q-Net
            (`data/CHAOST2/chaos_MR_T2_normalized`), the CHAOS training cases.
Licence     CC BY-NC-SA 4.0, non-commercial.
Citation    Kavur et al., Medical Image Analysis 69:101950, 2021.
Counts      666 / 122 / 197 cases on 289 / 53 / 81 pictures of 10 / 2 / 3 people (train / val /
            test); liver, spleen, right and left kidney: only the text tells which one is meant.
Text        Made from the label. Four sentences in all, so every test sentence is in training.
Side        patient: the patient's right is on the left of the picture (radiological view).
Symmetry    none: the liver lies on the right, the spleen on the left.
Shipping    Neither weights trained on it nor its pictures.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

CHAOS_MR = PublishedSet(
    info=DatasetInfo(
        name="chaos_mr",
        title="CHAOS abdominal MR, referring",
        modality="MR",
        side="patient",
        licence="CC-BY-NC-SA-4.0",
        citation="Kavur et al., Medical Image Analysis 69:101950, 2021",
        ship_weights=False,
        ship_images=False,
        symmetry="none",
    ),
    counts={
        "train": SplitCount(cases=666, pictures=289, subjects=10),
        "val": SplitCount(cases=122, pictures=53, subjects=2),
        "test": SplitCount(cases=197, pictures=81, subjects=3),
    },
    ask="https://zenodo.org/records/3431873",
)


def chaos_mr(root: Path) -> Dataset:
    """Read CHAOS abdominal MR.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(CHAOS_MR, root)
