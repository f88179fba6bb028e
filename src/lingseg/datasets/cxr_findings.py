"""Chest X-rays with 13 kinds of targets: lungs, heart, findings, tubes.

Source      Outlines of radiologists,
            github:GeneralBlockchain/covid-19-chest-xray-segmentations-dataset;
            pictures of github:ieee8023/covid-chestxray-dataset.
Licence     Each picture has its own, in the column `image_licence`; most are CC BY-NC-SA
            (non-commercial). Outlines CC BY 4.0.
Citation    General Blockchain Inc., 2020; Cohen et al., arXiv:2006.11988.
Counts      103 / 34 / 67 cases on 16 / 5 / 12 pictures of 16 / 3 / 9 patients (train / val / test).
Text        Made from the class and the masks: side, number of areas, thirds of each lung.
            `clinical_notes` is the source's own text on the case.
Side        patient: the left lung is on the right of the picture. Four sentences on
            tubes and probes ("in the left part of the chest X-ray") count from the picture's side.
Symmetry    none: the heart lies on the left.
Shipping    Neither weights trained on it nor its pictures.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

CXR_FINDINGS = PublishedSet(
    info=DatasetInfo(
        name="cxr_findings",
        title="COVID-19 chest X-rays, 13 findings, referring",
        modality="X-ray",
        side="patient",
        licence="per picture; see image_licence",
        citation="Cohen et al., arXiv:2006.11988, 2020; GeneralBlockchain outlines, 2020",
        ship_weights=False,
        ship_images=False,
        symmetry="none",
    ),
    counts={
        "train": SplitCount(cases=103, pictures=16, subjects=16),
        "val": SplitCount(cases=34, pictures=5, subjects=3),
        "test": SplitCount(cases=67, pictures=12, subjects=9),
    },
    ask="https://github.com/GeneralBlockchain/covid-19-chest-xray-segmentations-dataset",
)


def cxr_findings(root: Path) -> Dataset:
    """Read COVID-19 chest X-rays.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(CXR_FINDINGS, root)
