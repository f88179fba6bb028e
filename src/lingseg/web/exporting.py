"""Masks as files: one by one in the formats of `lingseg predict`, or a whole session."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import cast

import numpy as np
from starlette.responses import Response

import lingseg
from lingseg.imaging import MaskPixels, Source, UnreadableImage, Volume
from lingseg.imaging.deidentification import pseudonym_of
from lingseg.imaging.dicom_object import DrawnBy, has_burned_in_annotation
from lingseg.imaging.packed_masks import PackedMasks
from lingseg.prediction import Request, Result
from lingseg.prediction.formats import FORMATS, Answer, Drawn, FormatName
from lingseg.prediction.job import slug
from lingseg.prediction.result import RESEARCH_USE
from lingseg.prediction.volume_result import SliceAnswer, VolumeResult
from lingseg.web.answers import side_of
from lingseg.web.dataset_export import write_dataset
from lingseg.web.held_image import HeldImage
from lingseg.web.messages import ExportFormat, ExportRequest, Layer
from lingseg.web.png import picture_as_png
from lingseg.web.problem import Problem, bad_request, unreadable
from lingseg.web.rle import RunLengths, to_mask, to_masks
from lingseg.web.service import Service
from lingseg.web.work import Stop

_KINDS: Mapping[str, str] = {
    ".png": "image/png",
    ".gz": "application/gzip",
    ".dcm": "application/dicom",
    ".json": "application/json",
    ".zip": "application/zip",
}
_OF_ONE_PICTURE = frozenset(["png", "coco"])
"""Formats for which one slice of a volume can be picked."""
_TAUGHT_FROM = frozenset(["coco", "dataset"])
"""Formats in which a sentence means one mask: the corrected one takes the place of the answer."""
_BY_WHOM: Mapping[DrawnBy, str] = {
    "model": "",
    "model and person": "--corrected",
    "person": "--painted",
}
_BURNED_IN = (
    "The file says that text is burned into its pixels: it may name the patient, and a data set "
    "holds the pixels. Save it without leaving anything out, and keep it in the house."
)
_MADE_AT = (1980, 1, 1, 0, 0, 0)
"""The same archive for the same session."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file to send."""

    name: str
    data: bytes

    @property
    def kind(self) -> str:
        """What it is, for a browser."""
        return _KINDS.get(Path(self.name).suffix, "application/octet-stream")

    def response(self) -> Response:
        """Return it as an answer that a browser saves."""
        named = {"Content-Disposition": f'attachment; filename="{self.name}"'}
        return Response(self.data, media_type=self.kind, headers=named)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Session:
    """What is taken away."""

    service: Service
    image: HeldImage
    asked: ExportRequest
    stop: Stop

    @cached_property
    def answers(self) -> list[Answer]:
        """The layers as answers of the model, which every format is made from."""
        return [_answer_of(self, layer) for layer in self.asked.layers]

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The DICOM instance or frame of every slice; none if it is not DICOM."""
        sources = []
        for number in range(self.image.num_slices):
            self.stop.check()
            source = self.image.slice(number).source
            if source is None:
                return ()
            sources.append(source)
        return tuple(sources)

    def write(self, folder: Path, name: FormatName) -> list[Path]:
        """Write every mask in one of the formats of `lingseg predict`; return their files."""
        written: list[Path] = []
        for number, answer in enumerate(self.answers, start=1):
            # A sentence can tell who the patient is, and a file's name is seen by many.
            said = "" if self.asked.is_deidentified else f"--{slug(answer.result.text)}"
            by_whom = _BY_WHOM[answer.drawn_by]
            output = folder / f"mask-{number:02d}{said}{self.which_slice}{by_whom}.png"
            FORMATS[name].write(output, answer)
            written += FORMATS[name].paths(output)
        return written

    @property
    def has_one_slice(self) -> bool:
        """Whether it is about one slice of a volume."""
        is_picked = self.asked.slice is not None and self.asked.format in _OF_ONE_PICTURE
        return self.image.is_volume and is_picked

    @property
    def which_slice(self) -> str:
        """The slice that it is about, as a person counts them, for a file's name."""
        if not self.has_one_slice:
            return ""
        return f"--slice-{(self.asked.slice or 0) + 1}-of-{self.image.num_slices}"

    @property
    def image_name(self) -> str:
        """What the picture is called, or what stands for it where that may tell the patient."""
        if not self.asked.is_deidentified:
            return self.image.name
        return pseudonym_of(self.image.input_hash) + Path(self.image.name).suffix

    def records(self) -> list[dict[str, object]]:
        """Return what stands beside each mask, with what a person did to it."""
        pairs = zip(self.answers, self.asked.layers, strict=True)
        return [record_of(answer, layer) for answer, layer in pairs]

    def only_final(self) -> "_Session":
        """Return it without the answers that a person corrected."""
        by_person = [one for one in self.asked.layers if one.is_by_person]
        texts = {one.text for one in by_person if one.corrects is None}
        ids = {one.corrects for one in by_person} - {None}
        final = [
            one
            for one in self.asked.layers
            if one.is_by_person or (one.text not in texts and one.id not in ids)
        ]
        return replace(self, asked=self.asked.model_copy(update={"layers": final}))


def export(service: Service, image: HeldImage, asked: ExportRequest, stop: Stop) -> Made:
    """Return the file that was asked for.

    Raises:
        Problem: The masks do not fit the picture or the format, or the picture cannot be decoded.
    """
    if len(asked.layers) > service.limits.layers:
        raise Problem(
            422,
            "too-many",
            f"{len(asked.layers)} masks came; at most {service.limits.layers} are taken at once.",
        )
    try:
        session = _Session(service=service, image=image, asked=asked, stop=stop)
        session = session.only_final() if asked.format in _TAUGHT_FROM else session
        return _MAKERS[asked.format](session)
    except UnreadableImage as error:
        raise unreadable(str(error)) from error
    except ValueError as error:
        # What the rooms below say is meant for the command line, which has an option for it.
        sentence = str(error).replace("--format ", "")
        raise Problem(422, "not-exportable", sentence) from error
    except OSError as error:
        raise Problem(
            503, "failed", "The server could not write the file; its disk may be full.", 60.0
        ) from error


def _answer_of(session: _Session, layer: Layer) -> Answer:
    """Return a layer as an answer of the model.

    Raises:
        Problem: Its mask does not fit the picture, or a slice cannot be decoded.
    """
    image, asked, model = session.image, session.asked, session.service.model
    request = Request(
        text=layer.text,
        side=side_of(session.service, layer.side),
        threshold=layer.threshold or model.threshold,
    )
    told = partial(Answer, is_deidentified=asked.is_deidentified, drawn_by=_drawn_by(layer))
    if image.is_volume and not session.has_one_slice:
        return told(result=_volume_result(session, layer, request), image=image.content)
    shown = image.slice(asked.slice or 0)
    mask = _mask_of(layer, image, asked.slice or 0)
    drawn = Result(
        request=request,
        mask=mask,
        probabilities=mask.astype(np.float32),
        presence=layer.presence,
        spacing=shown.spacing,
        model_name=model.name,
        model_hash=model.hash,
        input_hash=image.input_hash,
        presence_sure_from=model.manifest.presence_sure_from,
    )
    return told(result=drawn, image=shown)


def _drawn_by(layer: Layer) -> DrawnBy:
    """Return whose work a mask is."""
    if layer.is_painted:
        return "person"
    return "model and person" if layer.is_corrected else "model"


def _mask_of(layer: Layer, image: HeldImage, number: int) -> MaskPixels:
    """Return the mask of a slice; a slice of which nothing is said has none.

    Raises:
        Problem: It is none of this picture.
    """
    if isinstance(layer.mask, RunLengths):
        return to_mask(layer.mask, image.size)
    runs = layer.mask.get(number)
    return np.zeros(image.size, dtype=np.bool_) if runs is None else to_mask(runs, image.size)


def _volume_result(session: _Session, layer: Layer, request: Request) -> VolumeResult:
    """Return the masks of a volume's slices as an answer.

    Raises:
        Problem: They are of another volume.
    """
    volume, model = cast(Volume, session.image.content), session.service.model
    if isinstance(layer.mask, RunLengths):
        raise bad_request('This is a volume: send the mask by slice, {"0": {...}}.')
    packed = PackedMasks(len(volume), volume.size)
    for number, mask in to_masks(layer.mask, len(volume), volume.size):
        session.stop.check()
        packed[number] = mask
    confidence = layer.confidence or 0.0  # told by `record_of`, which knows where there is none
    return VolumeResult(
        request=request,
        volume=volume,
        packed=packed,
        slices=tuple(
            SliceAnswer(confidence=confidence, presence=layer.presence, highest=1.0)
            for _ in range(len(volume))
        ),
        sources=session.sources,
        model_name=model.name,
        model_hash=model.hash,
        input_hash=session.image.input_hash,
        presence_sure_from=model.manifest.presence_sure_from,
    )


def _as_files(session: _Session) -> Made:
    """Return the masks in one of the formats of `lingseg predict`; several as an archive."""
    with session.service.workspace.folder() as folder:
        paths = session.write(folder, cast(FormatName, session.asked.format))
        files = {path.name: path.read_bytes() for path in paths}
    if len(files) == 1:
        ((only, data),) = files.items()
        return Made(name=only, data=data)
    return Made(name="masks.zip", data=archive(files))


def _as_coco(session: _Session) -> Made:
    """Return all masks of a picture as one COCO file."""
    with session.service.workspace.folder() as folder:
        paths = session.write(folder, "png")
        name = Path(session.image_name)
        where: dict[str, object] = {}
        if session.has_one_slice:
            where = {"volume": str(name), "slice": session.asked.slice}
            name = name.with_name(f"{name.name.partition('.')[0]}{session.which_slice}.png")
        drawn = [
            Drawn(image=name, mask_path=path, record=record | where)
            for path, record in zip(paths, session.records(), strict=True)
        ]
        path = FORMATS["coco"].collect(folder, drawn)
        assert path is not None  # COCO is a format for all masks together  # noqa: S101
        return Made(name="coco.json", data=path.read_bytes())


def _as_session(session: _Session) -> Made:
    """Return picture, masks and what is known of them in one archive."""
    image, is_volume = session.image, session.answers[0].is_volume
    with session.service.workspace.folder() as folder:
        paths = session.write(folder, "nifti" if is_volume else "png")
        files = {f"masks/{path.name}": path.read_bytes() for path in paths}
    is_deidentified = session.asked.is_deidentified
    if not image.is_volume and not is_deidentified:
        files["picture.png"], _ = picture_as_png(image.slice(0))
    records = zip(files, session.records(), strict=False)  # the masks come first
    about = {
        "note": RESEARCH_USE,
        "lingseg_version": lingseg.__version__,
        "image": {
            "height_width": image.size,
            "slices": image.num_slices,
            **({} if is_deidentified else {"sha256": image.input_hash, "name": image.name}),
        },
        "layers": [{"file": name, **record} for name, record in records],
    }
    files["session.json"] = (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode()
    return Made(name="session.zip", data=archive(files))


def _as_dataset(session: _Session) -> Made:
    """Return a data-set folder that `lingseg train` reads, as an archive."""
    is_deidentified, source = session.asked.is_deidentified, session.image.slice(0).source
    if is_deidentified and source is not None and has_burned_in_annotation(source):
        raise Problem(422, "not-exportable", _BURNED_IN)
    with session.service.workspace.folder() as folder:
        asked = session.asked
        paths = write_dataset(
            folder, session.image, session.answers, asked.layers, asked.dataset_side
        )
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return Made(name="dataset.zip", data=archive(files))


def record_of(answer: Answer, layer: Layer) -> dict[str, object]:
    """Return what stands beside a mask, with what a person did to it.

    A mask is sent back without its probabilities, so only what the layer says of them is told: the
    model is sure of its own answer, and not of what a person made of it or drew alone.
    """
    record = answer.result.as_record()
    sure: dict[str, object] = {"confidence": layer.confidence, "presence": layer.presence}
    if layer.is_by_person:
        sure = dict.fromkeys([*sure, "threshold", "verdict"])
    if "slice_confidences" in record:
        told = {} if layer.is_by_person else layer.slice_confidences or {}
        num_slices = len(cast(list[object], record["slice_confidences"]))
        sure["slice_confidences"] = [told.get(one) for one in range(num_slices)] if told else None
        corrected = layer.slices_by_person
        sure["corrected_slices"] = None if corrected is None else sorted(corrected)
    if layer.is_painted:
        sure |= dict.fromkeys(("model", "model_sha256"))
    if answer.is_deidentified:
        sure["input_sha256"] = None
    return {
        **record,
        **sure,
        "is_corrected": layer.is_by_person,
        "is_painted": layer.is_painted,
        "colour": layer.colour,
        "remark": None if answer.is_deidentified else layer.note,
    }


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return files as a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(zipfile.ZipInfo(name, _MADE_AT), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


Maker = Callable[[_Session], Made]
_MAKERS: dict[ExportFormat, Maker] = {
    "png": _as_files,
    "nifti": _as_files,
    "dicom-seg": _as_files,
    "coco": _as_coco,
    "zip": _as_session,
    "dataset": _as_dataset,
}
