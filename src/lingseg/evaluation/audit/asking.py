"""Asks a predictor what the checks of an audit want to know, picture by picture."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.evaluation.audit.answer import Answer, QuestionRefused
from lingseg.evaluation.audit.answers_file import AnswersFile
from lingseg.evaluation.audit.question import AS_IT_IS, Question, View
from lingseg.evaluation.audit.row import Check
from lingseg.evaluation.evaluate import by_picture
from lingseg.evaluation.protocol import Predictor
from lingseg.evaluation.saved_predictions import SavedPredictions
from lingseg.evaluation.score import check_map
from lingseg.imaging.image import Image, Mask, Probabilities
from lingseg.imaging.reading import decode_image, decode_mask, read_file
from lingseg.imaging.resampling import resize_probabilities
from lingseg.metrics.calibration import measure_reliability
from lingseg.metrics.overlap import measure_overlap

GIVE_UP_AFTER = 10
"""Sentences of cases that a predictor may refuse before it has answered the first one."""

_ONLY_OWN = (
    "Saved predictions answer each case's own sentence on its own picture and nothing else. "
    "Audit the model itself, as a bundle, a run or a function."
)


@dataclass(kw_only=True)
class Tally:
    """How a check's questions fared."""

    num_asked: int = 0
    num_refused: int = 0
    num_beyond: int = 0
    """Questions that are not the cases' own."""
    num_beyond_refused: int = 0
    first_refusal: str = ""

    def count(self, question: Question, refusal: str) -> None:
        """Count a question; `refusal` is empty if it was answered."""
        is_beyond = not question.is_own
        self.num_asked += 1
        self.num_beyond += is_beyond
        if refusal:
            self.num_refused += 1
            self.num_beyond_refused += is_beyond
            self.first_refusal = self.first_refusal or refusal


@dataclass(kw_only=True)
class Asking:
    """How the questions of all checks fared."""

    tallies: list[Tally]
    """Of each check."""
    num_questions: int = 0
    """Each counted once, whichever checks want it."""
    num_reused: int = 0
    """Questions that had an answer before."""
    gave_up: str = ""
    """Why the predictor was not asked on; empty if it was."""
    own: Tally = field(default_factory=Tally)
    """Of the cases' own sentences, where they say something."""

    @property
    def why_unanswered(self) -> str:
        """Why the first of the cases' own sentences was refused; empty where one was answered."""
        return self.own.first_refusal if self.own.num_refused == self.own.num_asked else ""

    def note_own(self, question: Question, refusal: str) -> None:
        """Count a question if it is a case's own and says something."""
        if question.is_own and question.text.strip():
            self.own.count(question, refusal)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Who is asked."""

    predictor: Predictor
    threshold: float
    beside: Mapping[str, Predictor] = field(default_factory=dict)
    """By name: the floors, and the image-only twin."""

    def find(self, asked_of: str) -> tuple[Predictor, float]:
        """Return who a question is put to, and from which probability on its pixels are in."""
        if not asked_of:
            return self.predictor, self.threshold
        return self.beside[asked_of], self.beside[asked_of].threshold


def ask_all(
    panel: Panel,
    checks: Sequence[Check],
    cases: Sequence[Case],
    answers: AnswersFile,
    *,
    progress: Progress = no_progress,
) -> Asking:
    """Ask all questions of the checks that have no answer yet; one picture is in memory at a time.

    The cases of one picture are asked together, and view by view, so that a predictor that
    encodes the picture first does so once. What a predictor refused before is asked again. One that
    answers none of the first sentences is not asked on: the rest counts as refused.

    Raises:
        ValueError: A file is no picture.
    """
    asking = Asking(tallies=[Tally() for _ in checks])
    done = 0
    for group in by_picture(cases).values():
        wanted = [[list(check.questions(case)) for check in checks] for case in group]
        questions = _without_repeats(wanted)
        asking.num_questions += len(questions)
        asking.num_reused += _ask_of_picture(panel, group, questions, answers, asking.gave_up)
        for of_case in wanted:
            for tally, of_check in zip(asking.tallies, of_case, strict=True):
                for question in of_check:
                    tally.count(question, answers.refusal(question) or "")
        for question in questions:
            asking.note_own(question, answers.refusal(question) or "")
        done += len(group)
        own = asking.own
        if own.num_refused == own.num_asked and own.num_asked >= min(GIVE_UP_AFTER, len(cases)):
            asking.gave_up = asking.gave_up or _nothing_answered(panel.predictor.name, own)
        progress(done, len(cases))
    return asking


def _nothing_answered(name: str, own: Tally) -> str:
    """Return what to tell where the cases' own sentences were all refused."""
    return (
        f"{name} answered none of the first {own.num_asked} cases with their own sentences: "
        f"{own.first_refusal}"
    )


def _without_repeats(wanted: Sequence[Sequence[Sequence[Question]]]) -> list[Question]:
    """Return every question once, the pictures as they are first: bad predictors show early."""
    found: dict[tuple[str, ...], Question] = {}
    for of_case in wanted:
        for of_check in of_case:
            found |= {question.key: question for question in of_check}
    return sorted(found.values(), key=lambda question: question.view.name != AS_IT_IS.name)


def _ask_of_picture(
    panel: Panel,
    group: Sequence[Case],
    questions: Sequence[Question],
    answers: AnswersFile,
    gave_up: str,
) -> int:
    """Ask the questions about one picture that have no answer yet, and write the answers down.

    Returns:
        How many had an answer.
    """
    data = read_file(group[0].image)
    references: dict[str, Mask | None] = {}
    for case in group:
        content = read_file(case.mask) if case.mask else b""
        answers.recognise(case.case_id, data, content)
        references[case.case_id] = decode_mask(content, str(case.mask)) if case.mask else None
    missing = [question for question in questions if answers.refusal(question) != ""]
    if gave_up:
        answers.add([(question, QuestionRefused(gave_up)) for question in missing])
    elif missing:
        image = decode_image(data, str(group[0].image))
        for view, asked in _by_view(missing):
            shown = view.show(image)
            answers.add(list(_ask_of_view(panel, shown, asked, references)))
    return len(questions) - len(missing)


def _by_view(questions: Sequence[Question]) -> Iterator[tuple[View, list[Question]]]:
    """Yield each view with its questions."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.view.name, []).append(question)
    for group in groups.values():
        yield group[0].view, group


def _ask_of_view(
    panel: Panel,
    image: Image,
    questions: Sequence[Question],
    references: Mapping[str, Mask | None],
) -> Iterator[tuple[Question, Answer | QuestionRefused]]:
    """Yield the answers about one view; the same sentence of two cases is asked once."""
    told: dict[tuple[str, ...], Probabilities | QuestionRefused] = {}
    for question in sorted(questions, key=_same_sentence):
        predictor, threshold = panel.find(question.asked_of)
        same = _same_sentence(question)
        if isinstance(predictor, SavedPredictions):
            same = (*same, question.case.case_id)
        if same not in told:
            told = {same: _ask(predictor, question, image)}  # the last one only: memory
        found = told[same]
        if isinstance(found, QuestionRefused):
            yield question, found
            continue
        is_in_place = question.view.keeps_places
        reference = references[question.case.case_id] if is_in_place else None
        yield question, measure_answer(found, reference, threshold=threshold)


def _same_sentence(question: Question) -> tuple[str, ...]:
    """Return what decides an answer about one view."""
    return question.asked_of, question.text, question.case.side


def _ask(predictor: Predictor, question: Question, image: Image) -> Probabilities | QuestionRefused:
    """Return what the predictor says, or why it does not."""
    is_own = question.text == question.case.text and question.view.name == AS_IT_IS.name
    if isinstance(predictor, SavedPredictions) and not is_own:
        return QuestionRefused(_ONLY_OWN)
    try:
        probabilities = predictor.probabilities(question.asked, image)
        check_map(question.case, image, probabilities)
    except ValueError as error:
        return QuestionRefused(str(error))
    return probabilities.clip(0, 1)


def measure_answer(
    probabilities: Probabilities, reference: Mask | None, *, threshold: float
) -> Answer:
    """Return what is kept of an answer: a map of probabilities, and the reference if it is known.

    Like in `evaluate`, the map is brought to the grid of the reference and never the reverse.
    """
    mask = probabilities >= threshold
    peak = float(probabilities.max())
    confidence = float(np.mean(probabilities[mask])) if mask.any() else 1 - peak
    if reference is None:
        return Answer(mask=mask, peak=peak, confidence=confidence, overlap=None, reliability=None)
    stated = resize_probabilities(probabilities, reference.size).clip(0, 1)
    return Answer(
        mask=mask,
        peak=peak,
        confidence=confidence,
        overlap=measure_overlap(stated >= threshold, reference.pixels),
        reliability=measure_reliability(stated, reference.pixels),
    )
