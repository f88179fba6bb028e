from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from block_readers import choosy, deaf, reader, turned, undefined
from told_answers import ASKED

from lingseg.evaluation.audit.answer import QuestionRefused
from lingseg.evaluation.audit.answers_file import AnswersFile
from lingseg.evaluation.audit.asking import Panel, ask_all, measure_answer
from lingseg.evaluation.audit.callable_predictor import CallablePredictor
from lingseg.evaluation.audit.question import Question, View, own_question
from lingseg.evaluation.saved_predictions import SavedPredictions
from lingseg.imaging.image import Image, Mask


@dataclass
class Curious:
    """A check that asks what it is told to."""

    texts: tuple = ("",)
    views: tuple = ()
    asked_of: tuple = ()
    number: int = 1
    title: str = "curious"

    def questions(self, case):
        for name in self.asked_of:
            yield replace(own_question(case), asked_of=name)
        for view in self.views:
            yield Question(case=case, text=case.text, view=view)
        for text in self.texts:
            yield Question(case=case, text=text)
        yield own_question(case)

    def judge(self, answers, rng):
        raise NotImplementedError


@dataclass
class Counting:
    """A predictor that remembers what it was asked about which picture."""

    name: str = "counting"
    threshold: float = 0.5
    asked: list = field(default_factory=list)

    def probabilities(self, case, image):
        self.asked.append((case.image.name, case.text, int(image.pixels.sum())))
        return np.full(image.size, 0.7, dtype=np.float32)


@pytest.fixture
def ask():
    with ExitStack() as opened:

        def ask_of(predictor, checks, cases, path=None, **choices):
            panel = Panel(predictor=predictor, threshold=predictor.threshold, **choices)
            answers = opened.enter_context(closing(AnswersFile(path, ASKED)))
            return answers, ask_all(panel, checks, cases, answers)

        yield ask_of


def test_what_several_checks_want_is_asked_once(ask, cases):
    counting = Counting()
    _, asking = ask(counting, [Curious(), Curious()], cases)
    tallies = asking.tallies
    assert len(counting.asked) == len(set(counting.asked)) == 2 * len(cases)
    assert [tally.num_asked for tally in tallies] == [2 * len(cases)] * 2
    assert [tally.num_beyond for tally in tallies] == [len(cases)] * 2


def test_a_sentence_about_a_picture_of_two_cases_is_asked_once(ask, cases):
    counting = Counting()
    twin = replace(cases[0], case_id="twin", text="another")
    answers, _ = ask(counting, [Curious(texts=("another",))], (cases[0], twin))
    assert sorted(text for _, text, _ in counting.asked) == sorted(["another", cases[0].text])
    assert answers.find(own_question(twin)).overlap is not None


def test_views_of_a_picture_are_asked_one_after_the_other(ask, cases):
    counting = Counting()
    darker = View("darker", lambda image: Image(pixels=image.pixels // 2))
    twin = replace(cases[0], case_id="twin", text="another")
    ask(counting, [Curious(views=(darker,))], (cases[0], cases[1], twin))
    shown = [(name, total) for name, _, total in counting.asked]
    changes = sum(one != other for one, other in pairwise(shown))
    assert changes + 1 == len(set(shown)) == 4  # two pictures, each in two views


def test_an_interrupted_audit_goes_on_where_it_was(ask, cases, tmp_path):
    first, again = Counting(), Counting()
    ask(first, [Curious()], cases[:3], tmp_path / "a")
    ask(again, [Curious()], cases, tmp_path / "a")
    assert len(first.asked) == 6
    assert {name for name, _, _ in again.asked} == {case.image.name for case in cases[3:]}


@pytest.mark.parametrize("function", [choosy, undefined])
def test_a_question_that_cannot_be_answered_stops_no_other(ask, function, cases):
    answers, asking = ask(CallablePredictor(function), [Curious()], cases)
    (tally,) = asking.tallies
    assert (tally.num_asked, tally.num_refused) == (2 * len(cases), len(cases))
    assert answers.find(own_question(cases[0])).overlap.dice == 1
    with pytest.raises(QuestionRefused):
        answers.find(Question(case=cases[0], text=""))


def test_what_was_refused_is_asked_again_when_an_audit_goes_on(ask, cases, tmp_path):
    refusing, answering = CallablePredictor(choosy), CallablePredictor(reader)
    ask(refusing, [Curious()], cases, tmp_path / "a")
    _, asking = ask(answering, [Curious()], cases, tmp_path / "a")
    assert asking.tallies[0].num_refused == 0
    assert (asking.num_questions, asking.num_reused) == (2 * len(cases), len(cases))


def test_a_predictor_that_answers_nothing_is_not_asked_on(ask, cases):
    asked = []

    def refusing(image, text):  # noqa: ARG001
        asked.append(text)
        raise ValueError("no")

    more = tuple(replace(case, case_id=f"{case.case_id} again") for case in cases)
    later = [replace(case, image=cases[0].mask) for case in more]  # another picture
    answers, asking = ask(CallablePredictor(refusing), [Curious()], (*cases, *later))
    assert len(asked) == 2 * len(cases)
    assert asking.gave_up.startswith("refusing answered none of the first 10 cases")
    assert asking.tallies[0].num_refused == 2 * (len(cases) + len(later))
    with pytest.raises(QuestionRefused, match="answered none of the first 10"):
        answers.find(own_question(later[0]))


def test_why_nothing_was_answered_is_told_in_one_line(ask, cases):
    _, asking = ask(CallablePredictor(turned), [Curious()], cases)
    assert "returned shape (32, 24)" in asking.gave_up


def test_a_set_without_sentences_is_asked_nothing_that_must_be_answered(ask, cases):
    silent = [replace(case, text="") for case in cases]
    _, asking = ask(CallablePredictor(choosy), [Curious()], silent)
    assert asking.tallies[0].num_refused == asking.tallies[0].num_asked
    assert not asking.gave_up


def test_saved_predictions_answer_only_what_they_were_made_for(ask, cases):
    saved = SavedPredictions("saved", {case.case_id: case.mask for case in cases})
    _, asking = ask(saved, [Curious()], cases)
    (tally,) = asking.tallies
    assert (tally.num_asked - tally.num_refused, tally.num_beyond_refused) == (10, 10)
    assert "each case's own sentence" in tally.first_refusal


def test_who_stands_beside_is_asked_at_its_own_threshold(ask, cases):
    beside = CallablePredictor(deaf, threshold=1.0)
    sure = Counting(threshold=0.9)
    answers, _ = ask(sure, [Curious(asked_of=("floor",))], cases, beside={"floor": beside})
    assert not answers.find(own_question(cases[0])).mask.any()
    assert answers.find(replace(own_question(cases[0]), asked_of="floor")).mask.any()


def test_confidence_is_that_of_the_mask_or_of_its_absence():
    probabilities = np.array([[0.9, 0.7], [0.2, 0.1]], dtype=np.float32)
    drawn = measure_answer(probabilities, None, threshold=0.5)
    blank = measure_answer(probabilities / 4, None, threshold=0.5)
    assert drawn.confidence == pytest.approx(0.8)
    assert blank.confidence == pytest.approx(1 - 0.225)


def test_an_answer_is_scored_on_the_grid_of_the_reference():
    probabilities = np.zeros((4, 6), dtype=np.float32)
    probabilities[:2] = 1
    reference = np.zeros((8, 12), dtype=bool)
    reference[:4] = True
    found = measure_answer(probabilities, Mask(reference), threshold=0.5)
    assert found.mask.shape == (4, 6)
    assert found.overlap.dice == 1


def test_a_view_that_moves_places_is_not_scored(ask, cases):
    flipped = View("flipped", lambda i: Image(pixels=i.pixels[:, ::-1]), keeps_places=False)
    answers, _ = ask(CallablePredictor(reader), [Curious(views=(flipped,))], cases)
    question = replace(own_question(cases[0]), view=flipped)
    assert answers.find(question).overlap is None
