"""The mirror test of a model that trains: a mirrored picture, a sentence with the other side.

The mask must be the mirrored mask. No reference is needed. A model that takes left for right where
the picture looks otherwise fails, as does one that learnt from flipped pictures with unflipped
words.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lingseg.datasets.case import Case, Dataset
from lingseg.imaging.image import MaskPixels
from lingseg.language.side import states_side
from lingseg.language.turn import can_mirror
from lingseg.metrics.overlap import dice_per_image, measure_overlap
from lingseg.models import Segmenter
from lingseg.training.augmentation import Flip, Triple
from lingseg.training.batch import PixelCache, collate
from lingseg.training.objective import TextReader, asking, segment_batch

MAX_CASES = 16
"""Cases of each set that are asked after every epoch: two pictures each, about 1 % of the work of
an epoch of 200 steps of 16."""
LEAST_AGREEMENT = 0.6
"""Dice below which a run is warned of. A LingNet trained on true sentences had 0.96 on busi, 0.95
on kvasir_polyp and 0.98 on isic2017; two masks in opposite halves have 0."""

_MIRRORED = Flip("horizontal")


class MirrorTest:
    """The validation cases that can be mirrored and whose sentence states a side."""

    def __init__(self, datasets: Sequence[Dataset], cache: PixelCache) -> None:
        """Choose the cases, evenly from those of each set."""
        chosen = {dataset.info.name: _chosen(dataset) for dataset in datasets}
        self._cases = {name: cases for name, cases in chosen.items() if cases}
        self._cache = cache

    def score(self, model: Segmenter, *, threshold: float = 0.5) -> dict[str, float | None]:
        """Return, for each set, the mean Dice of mirrored masks and masks of mirrored pictures.

        None where all masks are empty. Draws no random number; every process returns the same.
        """
        with asking(model) as reader:
            return {
                name: _agreement(model, list(map(self._cache.triple, cases)), reader, threshold)
                for name, cases in self._cases.items()
            }


def mirror_warnings(scores: Mapping[str, float | None]) -> list[str]:
    """Return a line for each set on which a model is not to be trusted with sides."""
    return [
        f"warning: on {name}, masks of mirrored pictures with the other side in their sentence are "
        f"not the mirrored masks (Dice {score:.2f}, at least {LEAST_AGREEMENT} is expected): the "
        f"model does not follow the side."
        for name, score in scores.items()
        if score is not None and score < LEAST_AGREEMENT
    ]


def _chosen(dataset: Dataset) -> list[Case]:
    """Return at most `MAX_CASES` of the validation cases that can be asked."""
    if dataset.info.symmetry == "none":
        return []
    cases = [
        case
        for case in dataset.splits.get("val", ())
        if case.mask is not None
        and case.side != "none"
        and states_side(case.text)
        and can_mirror(case.text, "horizontal", case.side)
    ]
    return cases[:: -(-len(cases) // MAX_CASES) or 1]


def _agreement(
    model: Segmenter, triples: Sequence[Triple], reader: TextReader, threshold: float
) -> float | None:
    """Return the mean Dice between the masks of triples, mirrored, and those of mirrored ones."""
    masks = _masks(model, triples, reader, threshold)
    of_mirrored = _masks(model, [_MIRRORED.apply(one) for one in triples], reader, threshold)
    overlaps = [
        measure_overlap(np.flip(mask, axis=1), other)
        for mask, other in zip(masks, of_mirrored, strict=True)
    ]
    return dice_per_image(overlaps, empty="exclude")


def _masks(
    model: Segmenter, triples: Sequence[Triple], reader: TextReader, threshold: float
) -> Sequence[MaskPixels]:
    """Return the masks of a few triples, made in one batch."""
    logits = segment_batch(model, collate(triples), reader).mask_logits
    probabilities = logits[:, 0].float().sigmoid().cpu().numpy()
    return list(probabilities >= threshold)
