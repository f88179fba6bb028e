"""What clients send and are sent, as the OpenAPI document has it."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from lingseg.prediction.result import Verdict
from lingseg.prediction.sentence import MAX_CHARACTERS
from lingseg.web.rle import RunLengths

SaidSide: TypeAlias = Literal["image", "patient"]
ImageId: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
Threshold: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
SliceNumber: TypeAlias = Annotated[int, Field(ge=0, le=100_000)]
ManyRuns: TypeAlias = RunLengths | dict[SliceNumber, RunLengths]
"""The mask of a picture; or those of a volume's slices, of which the empty ones are left out."""


class Asked(BaseModel):
    """What all requests share: a name that is misspelt is refused."""

    model_config = ConfigDict(extra="forbid")


class Sentence(Asked):
    """A sentence, and whose left and right it means."""

    text: Text
    side: SaidSide | None = None
    """None: as the model learnt it."""


class SegmentRequest(Asked):
    """Draw what sentences describe in an image."""

    image: ImageId
    sentences: Annotated[list[Sentence], Field(min_length=1)]
    threshold: Threshold | None = None
    slice: SliceNumber | None = None
    """Of a volume; None: all slices."""
    probabilities: bool = False
    """Whether the probabilities of a picture, or of the one slice, come along."""


class UnderstandRequest(Asked):
    """What does a sentence state?"""

    text: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    side: SaidSide | None = None


class SuggestRequest(Asked):
    """How could a sentence go on?"""

    text: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    cursor: Annotated[int, Field(ge=0, le=MAX_CHARACTERS)]


class StrikeRequest(Asked):
    """Which pixels does each word of a sentence carry?"""

    image: ImageId
    text: Text
    side: SaidSide | None = None
    slice: SliceNumber | None = None
    threshold: Threshold | None = None


class EditRequest(Asked):
    """Change a mask by a command in words."""

    image: ImageId
    mask: ManyRuns
    command: Annotated[str, Field(min_length=1, max_length=500)]
    side: SaidSide | None = None
    slice: SliceNumber | None = None


class Layer(Asked):
    """A mask of a session: what was asked, and whether a person corrected it."""

    text: Text
    mask: ManyRuns
    side: SaidSide | None = None
    threshold: Threshold | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    presence: Annotated[float, Field(ge=0, le=1)] | None = None
    is_corrected: bool = False
    """Whether a person changed what the model drew."""
    is_painted: bool = False
    """Whether a person drew it alone: there was no answer to correct."""
    corrected_slices: list[SliceNumber] | None = None
    """Of a volume's corrected mask, the slices that a person changed; None: all of them."""
    slice_confidences: dict[SliceNumber, Annotated[float, Field(ge=0, le=1)]] | None = None
    """Of a volume's answer: how sure the model was of each slice that it was asked about."""
    id: Annotated[int, Field(ge=0)] | None = None
    """The client's own number of this layer."""
    corrects: Annotated[int, Field(ge=0)] | None = None
    """The `id` of the layer that this one corrects, which may have stayed behind; None: told by the
    same sentence."""
    colour: Annotated[str, Field(max_length=32)] | None = None
    note: Annotated[str, Field(max_length=2_000)] | None = None

    @property
    def is_by_person(self) -> bool:
        """Whether a person had part in it."""
        return self.is_corrected or self.is_painted

    @property
    def slices_by_person(self) -> frozenset[int] | None:
        """The slices that a person changed; None: all."""
        return None if self.corrected_slices is None else frozenset(self.corrected_slices)


ExportFormat: TypeAlias = Literal["png", "nifti", "dicom-seg", "coco", "zip", "dataset"]


class ExportRequest(Asked):
    """Take masks away as files."""

    image: ImageId
    layers: Annotated[list[Layer], Field(min_length=1)]
    format: ExportFormat
    slice: SliceNumber | None = None
    """Of a volume, for formats of one picture: which slice."""
    dataset_side: SaidSide | None = None
    """Whose left and right the sentences of a data set mean, so that those of many pictures can be
    put together; None: as the first layer's. What a layer means otherwise is said the other way."""
    is_deidentified: bool = False
    """Whether nothing that is written may tell the patient: names, times, the picture's own."""


class Window(BaseModel):
    """Which values are black and white."""

    center: float
    width: float
    low: float
    high: float


class Scale(BaseModel):
    """What the 16-bit picture's values stand for: value = low + step * stored."""

    low: float
    step: float


class Edges(BaseModel):
    """Which side of the patient lies at each edge: right, left, front, back, head or feet."""

    left: Literal["R", "L", "A", "P", "S", "I"]
    right: Literal["R", "L", "A", "P", "S", "I"]
    top: Literal["R", "L", "A", "P", "S", "I"]
    bottom: Literal["R", "L", "A", "P", "S", "I"]


class ImageInfo(BaseModel):
    """An image that is held."""

    id: str
    name: str
    folder: str
    """Where it lay in what was given, "anna/left"; empty: at the top."""
    input_hash: str
    """SHA-256 of its file, or of all files of a series: two pictures of one name differ in it."""
    kind: Literal["picture", "volume"]
    width: int
    height: int
    slices: int
    plane: str | None
    spacing_mm: list[float] | None
    """Between rows, between columns and, of a volume, between slices."""
    patient_left: Literal["left", "right", "neither"] | None
    """The edge at which the patient's left lies; "neither": seen from the side; None: not told."""
    edges: Edges | None
    """Which side of the patient lies at each edge; None: not told."""
    modality: str | None
    view: str | None
    bits: Literal[8, 16]
    """Of `/pixels`."""
    window: Window | None
    scale: Scale | None
    is_dicom: bool
    warnings: list[str]
    expires_in_s: int
    is_encoded: bool


class FileProblem(BaseModel):
    """A file of an upload that gave no picture."""

    name: str
    problem: str


class Uploaded(BaseModel):
    """What became of an upload."""

    images: list[ImageInfo]
    problems: list[FileProblem]


class Chip(BaseModel):
    """One fact that was understood."""

    kind: str
    value: str
    label: str
    finding: int | None
    """Of which thing it is said, from 0 on; None: of the picture."""


class NotUnderstood(BaseModel):
    """A word that was not understood, and where it stands."""

    text: str
    start: int
    end: int


class Thing(BaseModel):
    """One thing that a sentence speaks of; a chip's `finding` is its place in the list."""

    said: str
    """It in the grammar's words: "one opacity in the right lung"."""
    presence: Literal["present", "absent", "excepted"]


class Understood(BaseModel):
    """What a sentence states."""

    chips: list[Chip]
    findings: list[Thing]
    affirmed: str | None
    """The sentence without what it denies, where it does both; None where it does not."""
    not_understood: list[NotUnderstood]
    notices: list[str]
    paraphrases: list[str]
    opposite: str | None
    side: str
    language: str


class Answer(BaseModel):
    """What the model drew for one sentence."""

    text: str
    side: str
    is_found: bool
    confidence: float
    presence: float | None
    threshold: float
    area_pixels: int
    area_mm2: float | None
    volume_ml: float | None = None
    found_slices: list[int] | None = None
    lost_words: list[str]
    mask: ManyRuns
    probabilities: str | None = None
    """PNG in base64, 8-bit grey: a value is a probability times 255."""
    facts: Understood
    understood: bool
    """Whether any of the sentence was; if not, the mask says little."""
    notices: list[str]
    """What to know before the mask is believed: the model never learnt what was asked for, ..."""
    disagreements: list[str]
    verdict: Verdict
    sentence_for_people: str


class Segmented(BaseModel):
    """The answers, in the order of the sentences."""

    results: list[Answer]
    milliseconds: float


class Suggestion(BaseModel):
    """How a sentence could go on: `text` in place of the letters from start to end."""

    text: str
    replaces: tuple[int, int]


class Suggested(BaseModel):
    """The best ones first."""

    suggestions: list[Suggestion]


class StruckWord(BaseModel):
    """What became of the mask without a word."""

    word: str
    start: int
    end: int
    is_unit: bool
    """Whether it is several words that mean one thing, which also come one by one."""
    rest: str
    """The sentence without it; empty: the model went by the picture alone."""
    lost_pixels: int
    gained_pixels: int
    effect: float
    map: str
    """PNG in base64, 8-bit grey: 128 is no change; above, the word carried the pixel; below, it
    held it back."""


class Struck(BaseModel):
    """The words of a sentence, in their order."""

    words: list[StruckWord]


class Edited(BaseModel):
    """A mask after a command."""

    mask: ManyRuns
    done: str
    understood: list[dict[str, object]]
    """The commands, one after the other."""
    notices: list[str]
    """Words that were taken for misspelt."""
    is_changed: bool


class Example(BaseModel):
    """A picture that ships with the package."""

    name: str
    title: str
    sentences: list[str]
    licence: str
    width: int
    height: int
    thumbnail: str


class ModelInfo(BaseModel):
    """The model that answers."""

    name: str
    method: str
    sha256: str
    side: str
    threshold: float
    presence_threshold: float | None
    presence_sure_from: float | None
    height: int
    width: int
    licence: str
    intended_use: str
    trained_on: list[dict[str, object]]
    scores: list[dict[str, object]]
    note: str
    card: str
    limits: dict[str, float]
    formats: list[str]


class Health(BaseModel):
    """Whether the server works."""

    status: Literal["ok"]
    version: str
    model: str


class ProblemText(BaseModel):
    """Why something was not done."""

    problem: str
    code: str
