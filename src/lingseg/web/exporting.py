"""Masks as files: one by one in the formats of `lingseg predict`, or a whole session."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
from starlette.responses import Response

import lingseg
from lingseg.imaging import MaskPixels, Source, UnreadableImage, Volume
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
            output = folder / f"mask-{number:02d}{said}.png"
            FORMATS[name].write(output, answer)
            written += FORMATS[name].paths(output)
        return written

    def records(self) -> list[dict[str, object]]:
        """Return what stands beside each mask, with what a person did to it."""
        pairs = zip(self.answers, self.asked.layers, strict=True)
        return [record_of(answer, layer) for answer, layer in pairs]


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
    if image.is_volume and (asked.slice is None or asked.format not in _OF_ONE_PICTURE):
        result = _volume_result(session, layer, request)
        return Answer(result=result, image=image.content, is_deidentified=asked.is_deidentified)
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
    )
    return Answer(result=drawn, image=shown, is_deidentified=asked.is_deidentified)


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
    confidence = 0.0 if layer.confidence is None else layer.confidence
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
        hidden = {"is_deidentified": session.asked.is_deidentified}
        drawn = [
            Drawn(image=folder / session.image.name, mask_path=path, record=record | hidden)
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
    if not image.is_volume:
        files["picture.png"], _ = picture_as_png(image.slice(0))
    records = zip(files, session.records(), strict=False)  # the masks come first
    about = {
        "note": RESEARCH_USE,
        "lingseg_version": lingseg.__version__,
        "image": {
            "sha256": image.input_hash,
            "height_width": image.size,
            "slices": image.num_slices,
            **({} if session.asked.is_deidentified else {"name": image.name}),
        },
        "layers": [{"file": name, **record} for name, record in records],
    }
    files["session.json"] = (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode()
    return Made(name="session.zip", data=archive(files))


def _as_dataset(session: _Session) -> Made:
    """Return a data-set folder that `lingseg train` reads, as an archive."""
    with session.service.workspace.folder() as folder:
        paths = write_dataset(folder, session.image, session.answers, session.asked.layers)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return Made(name="dataset.zip", data=archive(files))


def record_of(answer: Answer, layer: Layer) -> dict[str, object]:
    """Return what stands beside a mask, with what a person did to it."""
    record = answer.result.as_record()
    if layer.confidence is not None and not layer.is_corrected:
        record["confidence"] = layer.confidence
    return {**record, "is_corrected": layer.is_corrected, "colour": layer.colour,
            "remark": layer.note}  # fmt: skip


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
