"""QaTa-COV19 v2: COVID-19 infection in chest X-rays, LViT's sentences, 224 px.

Source      Degerli et al.'s pictures and masks, LViT's sentences, as passed on with ProLearn (Ye et
            al., ICCV 2025).
Licence     Unclear: listed as CC BY 4.0 by its authors, but most pictures come from BIMCV-COVID19+,
            whose terms forbid passing copies on.
Citation    Degerli et al., Health Inf Sci Syst 9:15, 2021; Li et al. (LViT), IEEE TMI 2023.
Counts      5716 / 1429 / 2113 cases on 5713 / 1429 / 2108 pictures of 3760 / 847 / 474 patients
            (train / val / test): three rows of train and five of test are there twice, as at the
            source, and are kept so that scores are comparable.
Masks       The test split has none here: it is kept back for scoring.
Text        Templates that follow the mask closely, 167 distinct ones in all.
Subjects    The patient id in `cxr_sNNNNN-…`; the 2,951 `covid_*` pictures have none, and each
            counts as its own subject. Four of them show patients of val and test all the same.
Side        image: "left lung" is the left half of the picture in 99.5 % of one-sided sentences,
            which is the patient's right lung.
Symmetry    none: the heart lies on the patient's left.
Shipping    Neither weights trained on it nor its pictures nor its sentences.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

QATA_COV19 = PublishedSet(
    info=DatasetInfo(
        name="qata_cov19",
        title="QaTa-COV19 v2 with text",
        modality="X-ray",
        side="image",
        licence="unclear; internal evaluation only",
        citation="Degerli et al., Health Inf Sci Syst 9:15, 2021; "
        "text: Li et al. (LViT), IEEE TMI 2023",
        ship_weights=False,
        ship_images=False,
        symmetry="none",
    ),
    counts={
        "train": SplitCount(cases=5716, pictures=5713, subjects=3760),
        "val": SplitCount(cases=1429, pictures=1429, subjects=847),
        "test": SplitCount(cases=2113, pictures=2108, subjects=474),
    },
    ask="https://www.kaggle.com/datasets/aysendegerli/qatacov19-dataset",
)


def qata_cov19(root: Path) -> Dataset:
    """Read QaTa-COV19 v2.

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(QATA_COV19, root)
