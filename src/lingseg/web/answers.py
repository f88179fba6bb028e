"""From what the model drew to what a client is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from lingseg.datasets.taught import untaught
from lingseg.imaging import Volume
from lingseg.language.grammar import understand
from lingseg.language.side import Side
from lingseg.prediction import EncodedImage, Result
from lingseg.prediction.result import Verdict
from lingseg.prediction.volume import Draft
from lingseg.prediction.volume_result import VolumeResult
from lingseg.web.held_image import HeldImage
from lingseg.web.messages import Answer, ManyRuns, Sentence, Understood
from lingseg.web.png import probabilities_as_text
from lingseg.web.problem import Problem
from lingseg.web.rle import to_runs
from lingseg.web.service import Service
from lingseg.web.understanding import understood
from lingseg.web.work import Stop

UNSURE_BELOW = 0.6
"""Confidence, a calibrated probability, below which the answer is hardly better than a guess."""

_LOOK = "the mask may be of something else."
_UNSEEN_SIDE = (
    "The sentence means the patient's left and right, and this picture shows the patient's left at "
    "neither side: look at the mask, or say the place by the picture."
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of one image."""

    sentences: Sequence[Sentence]
    threshold: float | None = None
    slice: int | None = None
    has_probabilities: bool = False


def draw(service: Service, image: HeldImage, question: Question, stop: Stop) -> list[Answer]:
    """Answer every sentence on an image.

    Raises:
        Problem: A sentence cannot be used, a slice is not there, or the time is over.
    """
    if image.is_volume and question.slice is None:
        whole = draw_volume(service, image, question, stop)
        return [_answer_of_volume(service, one) for one in whole]
    encoded = service.encoded(image, question.slice or 0)
    answers = []
    for sentence in question.sentences:
        stop.check()
        answers.append(_answer(service, ask(encoded, sentence, question.threshold), question))
    return answers


def ask(encoded: EncodedImage, sentence: Sentence, threshold: float | None) -> Result:
    """Answer one sentence on one picture.

    Raises:
        Problem: The sentence cannot be used.
    """
    try:
        return encoded.segment(sentence.text, threshold=threshold, side=sentence.side)
    except ValueError as error:
        raise Problem(422, "bad-sentence", str(error)) from error


def draw_volume(
    service: Service, image: HeldImage, question: Question, stop: Stop
) -> list[VolumeResult]:
    """Answer every sentence on all slices of a volume.

    Raises:
        Problem: A sentence cannot be used, a slice cannot be decoded, or the time is over.
    """
    volume = image.content
    assert isinstance(volume, Volume)  # asked of volumes only  # noqa: S101
    drafts = [Draft(volume=volume) for _ in question.sentences]
    for number in range(len(volume)):
        stop.check()
        encoded = service.encoded(image, number)
        for sentence, draft in zip(question.sentences, drafts, strict=True):
            draft.add(ask(encoded, sentence, question.threshold))
    return [draft.result(service.model, input_hash=image.input_hash) for draft in drafts]


def _answer(service: Service, result: Result, question: Question) -> Answer:
    """Return the answer on one picture."""
    steps = probabilities_as_text(result.probabilities) if question.has_probabilities else None
    return _told(
        service,
        result,
        mask=to_runs(result.mask),
        area_pixels=result.area_pixels,
        area_mm2=result.area_mm2,
        probabilities=steps,
        disagreements=result.disagreements(),
    )


def _answer_of_volume(service: Service, result: VolumeResult) -> Answer:
    """Return the answer on a volume; slices without anything are left out."""
    found = result.found_slices
    return _told(
        service,
        result,
        mask={number: to_runs(result.packed[number]) for number in found},
        area_pixels=result.voxels,
        volume_ml=result.volume_ml,
        found_slices=list(found),
    )


def _told(
    service: Service,
    result: Result | VolumeResult,
    *,
    mask: ManyRuns,
    area_pixels: int,
    area_mm2: float | None = None,
    volume_ml: float | None = None,
    found_slices: list[int] | None = None,
    probabilities: str | None = None,
    disagreements: Sequence[str] = (),
) -> Answer:
    """Return what both kinds of answers say."""
    facts = understood(result.text, result.side)
    verdict, sentence = said_of(result, facts)
    return Answer.model_construct(
        text=result.text,
        side=result.side,
        is_found=result.is_found,
        confidence=round(result.confidence, 6),
        presence=None if result.presence is None else round(result.presence, 6),
        threshold=result.threshold,
        area_pixels=area_pixels,
        area_mm2=area_mm2,
        volume_ml=volume_ml,
        found_slices=found_slices,
        lost_words=list(result.lost_words),
        mask=mask,
        probabilities=probabilities,
        facts=facts,
        understood=is_understood(facts),
        notices=notices_of(service, result),
        disagreements=list(disagreements),
        verdict=verdict,
        sentence_for_people=sentence,
    )


def said_of(result: Result | VolumeResult, facts: Understood) -> tuple[Verdict, str]:
    """Return verdict and sentence; where the answer rests on nothing, that is said first."""
    is_found, confidence = result.is_found, result.confidence  # of a volume each asks all slices
    if not is_understood(facts):
        drew = "drew something all the same" if is_found else "drew nothing"
        return "unsure", f"Nothing of this sentence was understood. The model {drew}."
    if facts.affirmed is not None and not is_found:
        alone = facts.affirmed.rstrip(". ")
        return "unsure", (
            "Nothing drawn: the sentence also says what is not there, which the model may have "
            f"taken for the whole of it. Ask by itself: {alone}."
        )
    if result.verdict == "unsure":
        return "unsure", in_doubt(result.presence)
    verdict = verdict_of(is_found=is_found, confidence=confidence)
    return verdict, in_words(verdict, is_found=is_found, confidence=confidence)


def verdict_of(*, is_found: bool, confidence: float) -> Verdict:
    """Return what to tell first."""
    if confidence < UNSURE_BELOW:
        return "unsure"
    return "found" if is_found else "not found"


def in_doubt(presence: float | None) -> str:
    """Return what is said of a mask whose thing may not be there: "Unsure, 62 %: ..."."""
    # It is unsure, so it never reads as certain, however high the model's own threshold lies.
    told = "" if presence is None else f", {min(99, round(100 * presence))} %"
    return f"Unsure{told}: this is drawn, but it may not be there."


def in_words(verdict: Verdict, *, is_found: bool, confidence: float) -> str:
    """Return the verdict for a person: "Not found, 93 % sure."."""
    sure = f"{round(100 * confidence)} % sure"
    if verdict == "unsure" and is_found:
        return f"Perhaps found, only {sure}."
    if verdict == "unsure":
        return f"Nothing drawn, but only {sure} that it is not there."
    return f"{'Found' if is_found else 'Not found'}, {sure}."


def is_understood(facts: Understood) -> bool:
    """Tell whether any of a sentence was understood; how sure one is, as of "?", is of nothing."""
    return any(chip.kind != "certainty" for chip in facts.chips)


def notices_of(service: Service, result: Result | VolumeResult) -> list[str]:
    """Return what to know before an answer is believed, a plain line each."""
    trained_on = (str(one.get("name")) for one in service.model.manifest.trained_on)
    strange = untaught(trained_on, understand(result.text, side=result.side).facts)
    never = f"No sentence that this model learnt from speaks of {' or '.join(strange)}: {_LOOK}"
    unseen = [_UNSEEN_SIDE] if result.request.means_unseen_side else []
    return [*unseen, *([never] if strange else [])]


def side_of(service: Service, side: Side | None) -> Side:
    """Return whose left and right is meant where nothing is said: what the model learnt."""
    return side or service.model.side
