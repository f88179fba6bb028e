"""Kvasir-SEG, the segmented images of HyperKvasir: polyps in colonoscopy.

Source      Pictures and masks of github:hieutt99/show-project-kvasir-keras (commit 07697df25c);
            sentences and splits of github:naamiinepal/medvlsm (`data/kvasir_polyp/anns`,
            prompt p6).
Licence     CC BY 4.0 as HyperKvasir; the older Kvasir-SEG page asks for research and educational
            use. Sentences MIT.
Citation    Borgli et al., Scientific Data 7:283, 2020; Jha et al., MMM 2020; Poudel et al., MIDL
            2024.
Counts      580 / 100 / 100 pictures of 535 / 99 / 99 groups (train / val / test).
Text        Number, size and place from the mask; colour and shape were answered by a general
            question-answering model and are often wrong.
Subjects    No patient ids are known; `subject` groups near-identical pictures, and 18 groups
            lie across the published splits.
Side        image: the left part of the picture.
Symmetry    any: a colonoscope rolls about its axis.
Shipping    Weights may be passed on; pictures are not.
"""

from pathlib import Path

from lingseg.datasets.case import Dataset, DatasetInfo
from lingseg.datasets.published import PublishedSet, SplitCount, read_published

KVASIR_POLYP = PublishedSet(
    info=DatasetInfo(
        name="kvasir_polyp",
        title="HyperKvasir segmented images (Kvasir-SEG) with text",
        modality="colonoscopy",
        side="image",
        licence="CC-BY-4.0",
        citation="Borgli et al., Scientific Data 7:283, 2020; Jha et al., MMM 2020; "
        "text: Poudel et al., MIDL 2024",
        ship_weights=True,
        ship_images=False,
        symmetry="any",
    ),
    counts={
        "train": SplitCount(cases=580, pictures=580, subjects=535),
        "val": SplitCount(cases=100, pictures=100, subjects=99),
        "test": SplitCount(cases=100, pictures=100, subjects=99),
    },
    ask="https://datasets.simula.no/hyper-kvasir",
)


def kvasir_polyp(root: Path) -> Dataset:
    """Read HyperKvasir segmented images (Kvasir-SEG).

    Raises:
        DatasetNotFound: It is not in `root`.
        ValueError: It is there, but not with the counts above.
    """
    return read_published(KVASIR_POLYP, root)
