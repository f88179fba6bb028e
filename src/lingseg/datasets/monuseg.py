"""MoNuSeg: nuclei in stained tissue, with a sentence on where they are dense.

Source      github:HUANGLIZI/LViT, `datasets/MoNuSeg`: pictures and masks of the MoNuSeg challenge
            (TCGA, 40x, several organs), sentences by the authors of LViT.
Licence     CC BY-NC-SA 4.0, non-commercial; sentences MIT.
Citation    Kumar et al., IEEE TMI 39(5):1380-1391, 2020; Li et al. (LViT), IEEE TMI 2023.
Counts      18 / 4 / 14 pictures of as many patients (train / val / test). The test split is the
            whole published one: 14 pictures are too few to rank methods by.
Text        Says where nuclei are dense, while the mask holds all nuclei: the text hardly helps.
Side        image: the left part of the picture.
Symmetry    any: tissue on a slide has no up.
Shipping    Neither weights trained on it nor its pictures.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

MONUSEG = PublishedSet(
    info=DatasetInfo(
        name="monuseg",
        title="MoNuSeg nuclei with text",
        modality="histology",
        side="image",
        licence="CC-BY-NC-SA-4.0",
        citation="Kumar et al., IEEE TMI 39(5):1380-1391, 2020; "
        "text: Li et al. (LViT), IEEE TMI 2023",
        ship_weights=False,
        ship_images=False,
        symmetry="any",
    ),
    counts={
        "train": SplitCount(cases=18, pictures=18, subjects=18),
        "val": SplitCount(cases=4, pictures=4, subjects=4),
        "test": SplitCount(cases=14, pictures=14, subjects=14),
    },
    ask="https://monuseg.grand-challenge.org/Data",
)


def monuseg(root: Path) -> Dataset:
    """Read MoNuSeg nuclei.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(MONUSEG, root)
