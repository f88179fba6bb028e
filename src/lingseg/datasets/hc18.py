"""HC18: the fetal head in ultrasound, with its circumference.

Source      The training set of the HC18 challenge; github:rileyaquilano/Ultrasound_Final.
Licence     CC BY 4.0 (Zenodo record 1327317).
Citation    van den Heuvel et al., PLoS ONE 13(8):e0200412, 2018; data 10.5281/zenodo.1322001.
Counts      528 / 70 / 151 pictures of 421 / 55 / 121 groups (train / val / test).
Text        Size and place from the mask, circumference in mm from the source's table.
Subjects    Pictures with the same number before the underscore, joined with near-identical ones.
Side        image: the left part of the picture.
Symmetry    horizontal: a probe turned about gives the mirrored picture; depth has a direction.
Shipping    Weights may be passed on; pictures are not.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

HC18 = PublishedSet(
    info=DatasetInfo(
        name="hc18",
        title="HC18 fetal head ultrasound with text",
        modality="ultrasound",
        side="image",
        licence="CC-BY-4.0",
        citation="van den Heuvel et al., PLoS ONE 13(8):e0200412, 2018",
        ship_weights=True,
        ship_images=False,
        symmetry="horizontal",
    ),
    counts={
        "train": SplitCount(cases=528, pictures=528, subjects=421),
        "val": SplitCount(cases=70, pictures=70, subjects=55),
        "test": SplitCount(cases=151, pictures=151, subjects=121),
    },
    ask="https://zenodo.org/records/1327317",
)


def hc18(root: Path) -> Dataset:
    """Read HC18 fetal head ultrasound.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(HC18, root)
