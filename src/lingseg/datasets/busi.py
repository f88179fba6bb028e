"""BUSI: breast ultrasound, one sentence on the tumours of each picture.

Source      Pictures and masks of Dataset_BUSI_with_GT (github:yirutsai/Breast-ultrasound-dataset);
            sentences and splits of github:naamiinepal/medvlsm (`data/busi/anns`, prompt p6).
Licence     CC0 1.0; the data paper is CC BY 4.0; sentences MIT.
Citation    Al-Dhabyani et al., Data in Brief 28:104863, 2020; Poudel et al., MIDL 2024.
Counts      458 / 78 / 78 pictures of 364 / 77 / 76 groups (train / val / test). Normal pictures
            have an empty mask and the text "No tumor in the breast ultrasound image.".
Text        Class from the file name; number, size, place and shape from the mask, so the sentence
            tells a model part of the answer; the column `text_short` does not.
Subjects    No patient ids are known; `subject` groups near-identical pictures, and 67 groups
            lie across the published splits: test scores are somewhat too good.
Side        image: the left half of the picture.
Symmetry    horizontal: a probe turned about gives the mirrored picture; depth has a direction.
Shipping    Weights and pictures may both be passed on.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

BUSI = PublishedSet(
    info=DatasetInfo(
        name="busi",
        title="BUSI breast ultrasound with text",
        modality="ultrasound",
        side="image",
        licence="CC0-1.0",
        citation="Al-Dhabyani et al., Data in Brief 28:104863, 2020; "
        "text: Poudel et al., MIDL 2024",
        ship_weights=True,
        ship_images=True,
        symmetry="horizontal",
    ),
    counts={
        "train": SplitCount(cases=458, pictures=458, subjects=364),
        "val": SplitCount(cases=78, pictures=78, subjects=77),
        "test": SplitCount(cases=78, pictures=78, subjects=76),
    },
    ask="https://scholar.cu.edu.eg/?q=afahmy/pages/dataset",
)


def busi(root: Path) -> Dataset:
    """Read BUSI breast ultrasound.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(BUSI, root)
