"""Predictors with one fault each, an oracle without any, and a way to ask them.

All answer with certainty: a map holds 0 and 1.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from lingseg.evaluation.audit.answer import AnswersInMemory
from lingseg.evaluation.audit.asking import measure_answer
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.reading import read_image, read_mask
from lingseg.language.contradiction import is_same
from lingseg.language.grammar import understand
from lingseg.language.side import exchange_sides


def ask(model, check, cases):
    """Return a model's answers to the questions of one check."""
    answers = {}
    for case in cases:
        image = read_image(case.image)
        for question in check.questions(case):
            probabilities = model(question.asked, question.view.show(image))
            path = question.case.mask if question.view.keeps_places else None
            reference = read_mask(path) if path else None
            answers[question.key] = measure_answer(probabilities, reference, threshold=0.5)
    return AnswersInMemory(answers)


def row_of(model, check, cases):
    """Return what a check finds of a model."""
    return check.judge(ask(model, check, cases), np.random.default_rng(0))


def deaf(case, image):  # noqa: ARG001
    """Answer with what is bright, whatever the sentence."""
    grey = as_rgb(image).mean(axis=2)
    return (grey > grey.mean()).astype(np.float32)


def blind(case, image):
    """Answer with a box that the sentence alone decides, whatever the picture."""
    rng = np.random.default_rng(crc32(case.text.encode()))
    height, width = image.size
    top, left = int(rng.integers(height // 2)), int(rng.integers(width // 2))
    answer = np.zeros(image.size, dtype=np.float32)
    answer[top : top + height // 2, left : left + width // 2] = 1
    return answer


@dataclass
class Oracle:
    """Knows the pictures and what their sentences mean; of other sentences it finds nothing."""

    cases: tuple

    def __post_init__(self):
        self.known = defaultdict(list)
        self.pixels = {}
        for case in self.cases:
            self.known[case.image].append((facts(case.text), read_mask(case.mask).pixels))
            self.pixels[case.image] = read_image(case.image).pixels

    def __call__(self, case, image):
        if not np.array_equal(image.pixels, self.pixels[case.image]):  # it is shown in a mirror
            unturned = replace(case, text=exchange_sides(case.text))
            return self.find(unturned)[:, ::-1].copy()
        return self.find(case)

    def find(self, case):
        asked = facts(case.text)
        for known, mask in self.known[case.image]:
            if is_same(known, asked):
                return mask.astype(np.float32)
        return np.zeros(mask.shape, dtype=np.float32)


@dataclass
class Contrary(Oracle):
    """An oracle that takes left for right."""

    def find(self, case):
        return super().find(replace(case, text=exchange_sides(case.text)))


@dataclass
class Obliging(Oracle):
    """An oracle that draws the middle of the picture rather than nothing."""

    def find(self, case):
        answer = super().find(case)
        if not answer.any():
            height, width = answer.shape
            answer[height // 4 : -(height // 4), width // 4 : -(width // 4)] = 1
        return answer


def facts(text):
    return understand(text, side="image").facts
