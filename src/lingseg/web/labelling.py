"""A mask for a client of the annotation server's door: parameters in, one file out."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from lingseg.imaging import UnreadableImage
from lingseg.imaging.delineation import Delineation
from lingseg.prediction.formats import FORMATS, Answer
from lingseg.prediction.formats.table import FormatName
from lingseg.web.answers import Question, ask, draw_volume, notices_of, said_of
from lingseg.web.exporting import Made
from lingseg.web.held_image import HeldImage
from lingseg.web.messages import SaidSide, Sentence, Text, Threshold
from lingseg.web.problem import Problem, invalid, unreadable
from lingseg.web.service import Service
from lingseg.web.understanding import understood
from lingseg.web.work import Stop


class InferParams(BaseModel):
    """What a client may say; the plugins send more, which does not concern us."""

    model_config = ConfigDict(extra="ignore")

    sentence: Text
    threshold: Threshold | None = None
    side: SaidSide | None = None
    result_extension: Literal[".nii.gz", ".nii", ".nrrd", ".seg.nrrd"] = ".nii.gz"
    result_compress: bool = False

    @field_validator("sentence", "threshold", "side", mode="before")
    @classmethod
    def _first(cls, value: Any) -> Any:  # noqa: ANN401 (whatever a client sends)
        """Take the first of a list: that is how a plugin sends what it had to choose from."""
        return (value[0] if value else None) if isinstance(value, list) else value


@dataclass(frozen=True, kw_only=True)
class LabelFile(Made):
    """A mask as a file, and what is told of it."""

    told: dict[str, object]


def params_of(text: str | None) -> InferParams:
    """Read the parameters of a request.

    Raises:
        Problem: There is no sentence, or a value makes no sense.
    """
    try:
        return InferParams.model_validate_json(text or "{}")
    except ValidationError as error:
        expected = 'Expected params such as {"sentence": "the left kidney"}.'
        raise invalid(error, "params", expected) from error


def draw_label(
    service: Service, image: HeldImage, params: InferParams, output: str, stop: Stop
) -> LabelFile:
    """Draw what the sentence describes, as the file that was asked for.

    Raises:
        Problem: The sentence cannot be used, or the mask not be told in this format.
    """
    answer = _answer(service, image, params, stop)
    told = _told(service, answer)
    if output == "json":
        return LabelFile(name="", data=b"", told=told)
    try:
        if output != "dicom_seg" and params.result_extension.endswith("nrrd"):
            return _as_nrrd(answer.delineation(), told, is_packed=params.result_compress)
        return _as_file(service, answer, told, "dicom-seg" if output == "dicom_seg" else "nifti")
    except UnreadableImage as error:
        raise unreadable(str(error)) from error
    except ValueError as error:
        raise Problem(422, "not-exportable", str(error)) from error


def _answer(service: Service, image: HeldImage, params: InferParams, stop: Stop) -> Answer:
    """Ask the sentence of all slices."""
    sentence = Sentence(text=params.sentence, side=params.side)
    if not image.is_volume:
        result = ask(service.encoded(image, 0), sentence, params.threshold)
        return Answer(result=result, image=image.slice(0))
    question = Question(sentences=[sentence], threshold=params.threshold)
    (whole,) = draw_volume(service, image, question, stop)
    return Answer(result=whole, image=image.content)


def _told(service: Service, answer: Answer) -> dict[str, object]:
    """Return what stands beside the mask."""
    result = answer.result
    verdict, sentence = said_of(result, understood(result.text, result.side))
    record = result.as_record()
    return {
        "label_names": {result.text[:_MAX_LABEL]: 1},
        "sentence": result.text,
        "verdict": verdict,
        "sentence_for_people": sentence,
        "notices": notices_of(service, result),
        **{name: record[name] for name in _KEPT if name in record},
    }


_MAX_LABEL = 64
_KEPT = (
    "side", "is_found", "confidence", "presence", "threshold", "lost_words", "volume_ml",
    "area_mm2", "model", "model_sha256", "lingseg_version", "created", "note",
)  # fmt: skip


def _as_nrrd(delineation: Delineation, told: dict[str, object], *, is_packed: bool) -> LabelFile:
    """Return a mask as NRRD."""
    from lingseg.imaging.nrrd_mask import encode_nrrd_mask

    data = encode_nrrd_mask(delineation, is_packed=is_packed)
    return LabelFile(name="mask.nrrd", data=data, told=told)


def _as_file(
    service: Service, answer: Answer, told: dict[str, object], name: FormatName
) -> LabelFile:
    """Return a mask in one of the formats of `lingseg predict`."""
    with service.workspace.folder() as folder:
        output = folder / "mask.png"
        FORMATS[name].write(output, answer)
        (path,) = FORMATS[name].paths(output)
        return LabelFile(name=path.name, data=path.read_bytes(), told=told)
