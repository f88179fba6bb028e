"""Row 8: does the data set give the answer away, or contradict itself?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.comparison import Comparison, compare_text
from lingseg.datasets.duplicates import PictureHash, find_near_duplicates, hash_picture
from lingseg.datasets.mask_facts import measure_mask
from lingseg.evaluation.audit.answer import Answers
from lingseg.evaluation.audit.estimates import Observation, estimate_mean, num_subjects
from lingseg.evaluation.audit.question import Question
from lingseg.evaluation.audit.row import Figure, Row, Verdict
from lingseg.evaluation.audit.verdicts import judge_below, worst
from lingseg.evaluation.audit.wording import percent
from lingseg.evaluation.summary import Estimate
from lingseg.imaging.image import UnreadableImage
from lingseg.imaging.reading import read_image, read_mask
from lingseg.language.facts import Attribute

MOST_SHARED = 0.01
"""Share of cases whose subject or picture is in another split as well: one in a hundred moves a
score by less than its interval."""

MOST_DISAGREEING = 0.05
"""Share of sentences that say what their mask does not show; as many slips as careful people make
who label thousands of pictures."""


@dataclass(frozen=True, kw_only=True)
class LeaksRow:
    """What the tables and files tell without any predictor."""

    dataset: Dataset
    split: str
    cases: tuple[Case, ...]
    number: int = 8
    title: str = "Leaks of the data set"

    def questions(self, case: Case) -> Iterator[Question]:  # noqa: ARG002
        """Ask nothing: it is about the data set."""
        yield from ()

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:  # noqa: ARG002
        """Return what is shared between splits, and where sentences and masks disagree."""
        others = {name: found for name, found in self.dataset.splits.items() if name != self.split}
        why_not = []
        found: dict[str, list[Observation]] = {}
        if any(others.values()):
            found["subject_elsewhere"] = _subjects_elsewhere(self.cases, others)
            found["sentence_in_training"] = _sentences_seen(self.cases, others.get("train", ()))
            try:
                found["picture_elsewhere"] = self._pictures_elsewhere(others)
            except ImportError:
                why_not.append(
                    "Pictures were not compared, which needs imagehash: pip install "
                    "'lingseg[evaluate]'."
                )
        else:
            why_not.append("There is no other split with which something could be shared.")
        compared = _compare(self.cases)
        found["disagreement"] = _disagreements(compared, _COMPARED)
        for attribute in _COMPARED:
            found[f"disagreement_{attribute}"] = _disagreements(compared, (attribute,))
        estimates = {key: estimate_mean(seen, rng=rng) for key, seen in found.items()}
        verdicts = {
            key: judge_below(estimates[key], most, num_subjects=num_subjects(found[key]))
            for key, most in _MOST.items()
            if found.get(key)
        }
        verdict = worst(verdicts.values())
        return Row(
            number=self.number,
            title=self.title,
            verdict=verdict,
            sentence=_sentence(estimates, verdict),
            figures=tuple(_figures(found, estimates)),
            why_not=" ".join(why_not),
        )

    def _pictures_elsewhere(self, others: Mapping[str, Sequence[Case]]) -> list[Observation]:
        """Return which pictures look like one of another split; unreadable ones are left out.

        Raises:
            ImportError: The library of perceptual hashes is not installed.
        """
        elsewhere = tuple(case for cases in others.values() for case in cases)
        hashes = _hash_pictures([*elsewhere, *self.cases])
        splits = {"elsewhere": elsewhere, "here": self.cases}
        near = find_near_duplicates(replace(self.dataset, splits=splits), hashes)
        names = {name for finding in near for name in finding.case_ids[1:]}
        paths = {case.image for case in self.cases if case.case_id in names}
        known = [case for case in self.cases if case.image in hashes]
        return [Observation(case.subject, float(case.image in paths)) for case in known]


_MOST = {
    "subject_elsewhere": MOST_SHARED,
    "picture_elsewhere": MOST_SHARED,
    "disagreement": MOST_DISAGREEING,
}
"""What has a verdict. Sentences seen in training have none: the floor of row 1 tells what they are
worth."""

_COMPARED: tuple[Attribute, ...] = ("count", "side", "zone")

_NAMES = {
    "subject_elsewhere": "Cases whose subject is in another split",
    "picture_elsewhere": "Cases whose picture looks like one of another split",
    "sentence_in_training": "Sentences that training has word for word",
    "disagreement": "Sentences that say what their mask does not show",
    **{
        f"disagreement_{attribute}": f"Sentences that state another {attribute} than their mask's"
        for attribute in _COMPARED
    },
}


def _hash_pictures(cases: Sequence[Case]) -> dict[Path, PictureHash]:
    """Return what tells pictures apart, of each that can be read."""
    hashes: dict[Path, PictureHash] = {}
    for path in dict.fromkeys(case.image for case in cases):
        try:
            hashes[path] = hash_picture(read_image(path))
        except (UnreadableImage, FileNotFoundError):
            continue
    return hashes


def _subjects_elsewhere(
    cases: Sequence[Case], others: Mapping[str, Sequence[Case]]
) -> list[Observation]:
    """Return which cases' subjects are in another split, too."""
    known = {case.subject for found in others.values() for case in found}
    return [Observation(case.subject, float(case.subject in known)) for case in cases]


def _sentences_seen(cases: Sequence[Case], train: Sequence[Case]) -> list[Observation]:
    """Return which sentences training has word for word; nothing without training."""
    if not train:
        return []
    known = {case.text for case in train}
    said = [case for case in cases if case.text.strip()]
    return [Observation(case.subject, float(case.text in known)) for case in said]


def _compare(cases: Sequence[Case]) -> list[tuple[Case, tuple[Comparison, ...]]]:
    """Return for each case with a sentence and a mask what of the two can be compared."""
    compared = []
    for case in cases:
        if case.mask is None or not case.text.strip():
            continue
        mask = read_mask(case.mask)
        facts = measure_mask(mask.pixels, mask.spacing)
        compared.append((case, compare_text(case.text, case.side, facts)))
    return compared


def _disagreements(
    compared: Sequence[tuple[Case, Sequence[Comparison]]], attributes: Sequence[Attribute]
) -> list[Observation]:
    """Return which sentences say otherwise than their mask, of those that say anything of it."""
    found = []
    for case, comparisons in compared:
        agrees = [one.agrees for one in comparisons if one.attribute in attributes]
        if agrees:
            found.append(Observation(case.subject, float(not all(agrees))))
    return found


def _figures(
    found: Mapping[str, Sequence[Observation]], estimates: Mapping[str, Estimate]
) -> Iterator[Figure]:
    """Yield the shares that could be taken."""
    for key, name in _NAMES.items():
        if found.get(key):
            yield Figure(key=key, name=name, estimate=estimates[key], num_cases=len(found[key]))


def _sentence(estimates: Mapping[str, Estimate], verdict: Verdict) -> str:
    """Return what was found in words."""
    told = {
        "subject_elsewhere": "of its cases are of a subject that is in another split as well",
        "picture_elsewhere": "have a picture that looks like one of another split",
        "sentence_in_training": "of its sentences are in training word for word",
        "disagreement": "of those that state a count, a side or a zone say what their mask does "
        "not show",
    }
    parts = [
        f"{percent(estimates[key])} {what}"
        for key, what in told.items()
        if key in estimates and estimates[key].value is not None
    ]
    rest = " Too few subjects to tell whether the set is clean." if verdict == "unclear" else ""
    return f"{'; '.join(parts)}.{rest}" if parts else "Nothing could be compared."
