"""Answers written by hand, for the rows of the audit."""

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answer, AnswersInMemory
from lingseg.evaluation.audit.answers_file import Asked
from lingseg.metrics.overlap import measure_overlap

ASKED = Asked(
    predictor="p", predictor_hash="", threshold=0.5, seed=0, dataset="d", beside="", lingseg="0"
)


def judge_told(check, tell):
    """Return what a check finds of the answers that `tell` gives to its questions."""
    asked = [question for case in check.cases for question in check.questions(case)]
    answers = AnswersInMemory({question.key: tell(question) for question in asked})
    return check.judge(answers, np.random.default_rng(0))


def values(row):
    """Return the values of a row's figures."""
    return {figure.key: figure.estimate.value for figure in row.figures}


def answer(mask, reference=None, peak=None):
    """Return an answer that is certain of a mask."""
    drawn = float(mask.any()) if peak is None else peak
    overlap = None if reference is None else measure_overlap(mask, reference)
    return Answer(mask=mask, peak=drawn, confidence=1.0, overlap=overlap, reliability=None)


def case_of(name, text, root, *, picture=None, **changes):
    """Return a case with a mask; nothing is read from its paths."""
    values = {
        "case_id": name,
        "image": root / f"{picture or name}.png",
        "text": text,
        "mask": root / f"{name}_mask.png",
        "subject": picture or name,
        "side": "image",
    }
    return Case(**(values | changes))
