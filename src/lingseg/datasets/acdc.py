"""ACDC: the heart in short-axis MR, three structures, each by its name.

Source      Short-axis cine MR slices at two phases; the slices of github:HiLab-git/WSL4MIS
            (`data/ACDC/ACDC_training_slices`, the dense labels of the ACDC training set).
Licence     CC BY-NC-SA 4.0, and non-commercial scientific research only. Citation is required.
Citation    Bernard et al., IEEE TMI 37(11):2514-2525, 2018, doi 10.1109/TMI.2018.2837502;
            Luo et al. (WSL4MIS), MICCAI 2022.
Counts      955 / 87 / 241 cases on 330 / 30 / 84 pictures of 55 / 5 / 14 patients (train / val /
            test); up to three structures a picture: only the text tells which one is meant.
Text        Made from the label. Three sentences in all, so every test sentence is in training.
Side        none: "left" and "right" name the ventricles, which no flip changes.
Symmetry    none: the ventricles differ, and a mirrored heart would be another disease.
Shipping    Neither weights trained on it nor its pictures.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

ACDC = PublishedSet(
    info=DatasetInfo(
        name="acdc",
        title="ACDC cardiac MR, referring",
        modality="MR",
        side="none",
        licence="CC-BY-NC-SA-4.0",
        citation="Bernard et al., IEEE TMI 37(11):2514-2525, 2018",
        ship_weights=False,
        ship_images=False,
        symmetry="none",
    ),
    counts={
        "train": SplitCount(cases=955, pictures=330, subjects=55),
        "val": SplitCount(cases=87, pictures=30, subjects=5),
        "test": SplitCount(cases=241, pictures=84, subjects=14),
    },
    ask="https://www.creatis.insa-lyon.fr/Challenge/acdc",
)


def acdc(root: Path) -> Dataset:
    """Read ACDC cardiac MR.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(ACDC, root)
