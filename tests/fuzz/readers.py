"""The readers that are fed mutants, each with its corpus and what a person would do with it."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from types import MappingProxyType

import numpy as np
from fake_bundle import write_fake_bundle
from fuzz import corpus
from fuzz.mutation import mutate, mutate_graph

from lingseg.imaging import Image, as_rgb, decode_image
from lingseg.imaging.dicomweb import read_entries, read_reasons
from lingseg.imaging.dicomweb_multipart import first_part
from lingseg.imaging.limits import MAX_PIXELS
from lingseg.imaging.raster import decode_mask_pixels
from lingseg.imaging.reading import decode_volume, read_volume
from lingseg.imaging.tiled_tiff import is_large_tiff, read_tiled_tiff
from lingseg.imaging.zipped import list_zip
from lingseg.prediction import load
from lingseg.prediction.bundle import MANIFEST, read_bundle
from lingseg.prediction.jobs_file import read_jobs
from lingseg.prediction.manifest import SEAL
from lingseg.prediction.predictor import Model

Read = Callable[[bytes, Path, Random], None]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What reads a kind of file, and sound files of that kind."""

    corpus: Callable[[], Iterator[bytes]]
    read: Read
    """Reads a mutant, in an empty folder, and looks at all that comes out of it."""
    mutate: Callable[[bytes, Sequence[bytes], Random], bytes] = mutate
    share: float = 1.0
    """Of a campaign, against the other readers: slow ones get fewer mutants."""


def looked_at(image: Image) -> None:
    """Do with a picture what a prediction would, and make sure that it keeps its promises."""
    shown = as_rgb(image)
    assert shown.shape == (*image.size, 3)
    assert image.size[0] * image.size[1] <= MAX_PIXELS
    assert image.pixels.dtype in (np.uint8, np.uint16, np.float32)
    assert image.affine is None or np.isfinite(image.affine).all()
    assert image.spacing is None or (np.isfinite(image.spacing).all() and min(image.spacing) > 0)


def read_picture(data: bytes, _folder: Path, rng: Random) -> None:
    """Read a picture, or now and then a mask."""
    if rng.random() < 0.2:
        decode_mask_pixels(data, "mask")
    else:
        looked_at(decode_image(data, "picture"))


def read_slices(data: bytes, _folder: Path, _rng: Random) -> None:
    """Read all slices of a file, however few."""
    for image in decode_volume(data, "volume"):
        looked_at(image)


def read_archive(data: bytes, folder: Path, rng: Random) -> None:
    """Read all that a zip holds, as one volume or picture by picture."""
    path = folder / "pictures.zip"
    path.write_bytes(data)
    pictures = list_zip(path)
    if not pictures or rng.random() < 0.3:
        pictures = [path]
    for picture in pictures:
        for image in read_volume(picture):
            looked_at(image)
    assert sorted(one.name for one in folder.iterdir()) == ["pictures.zip"]


def read_windows(data: bytes, folder: Path, rng: Random) -> None:
    """Read a large TIFF in windows, and shrunk."""
    (folder / "slide.tif").write_bytes(data)
    is_large_tiff(folder / "slide.tif")
    picture = read_tiled_tiff(folder / "slide.tif")
    height, width = (min(64, side) for side in picture.size)
    top, left = (rng.randrange(side - min(64, side) + 1) for side in picture.size)
    assert picture.window(top, left, height, width).shape == (height, width, 3)
    if picture.size[0] * picture.size[1] < 10**6:
        assert picture.overview((8, 9)).shape == (8, 9, 3)


def read_body(data: bytes, _folder: Path, rng: Random) -> None:
    """Take the file out of an answer that comes in pieces of any size, and read it."""
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randint(0, 9)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    content = b"".join(first_part(pieces, corpus.BOUNDARY.decode()))
    for image in decode_volume(content, "answer"):
        looked_at(image)


def read_lists(data: bytes, _folder: Path, _rng: Random) -> None:
    """Read lists of a PACS: whatever they hold, nothing or what was understood comes out."""
    entries = read_entries(data)
    assert entries is None or all(isinstance(entry, dict) for entry in entries)
    assert all(isinstance(reason, int) for reason in read_reasons(data))


def read_series(data: bytes, folder: Path, rng: Random) -> None:
    """Read a folder in which one file of three or four is spoiled."""
    others = sound("series")
    (folder / "0").write_bytes(data)
    for number, other in enumerate(rng.sample(others, 3), start=1):
        (folder / str(number)).write_bytes(other)
    for image in read_volume(folder):
        looked_at(image)


def read_table(data: bytes, folder: Path, _rng: Random) -> None:
    """Read a table of sentences; no output lies outside of its folder."""
    (folder / "jobs.csv").write_bytes(data)
    for job in read_jobs(folder / "jobs.csv", folder / "out"):
        assert job.output.resolve().is_relative_to((folder / "out").resolve())


def read_sealed(data: bytes, folder: Path, _rng: Random) -> None:
    """Read a zipped bundle: whatever was changed, its seal is broken."""
    (folder / "model.lingseg").write_bytes(data)
    read_bundle(folder / "model.lingseg")
    if data not in sound("bundle"):
        raise AssertionError("a changed bundle was read")


def read_manifest(data: bytes, folder: Path, _rng: Random) -> None:
    """Read a bundle of which somebody spoiled the manifest and forged its seal."""
    _write_bundle(folder, {MANIFEST: _with_seal(data)})
    _use(load(folder, threads=1))


def read_part(name: str) -> Read:
    """Return what reads a bundle of which a part is spoiled and all hashes are forged."""

    def read(data: bytes, folder: Path, _rng: Random) -> None:
        manifest = json.loads(_sound_bundle()[MANIFEST])
        manifest["files"][name] = hashlib.sha256(data).hexdigest()
        unsealed = json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n"
        _write_bundle(folder, {name: data, MANIFEST: _with_seal(unsealed)})
        _use(load(folder, threads=1))

    return read


def _use(model: Model) -> None:
    """Ask a loaded model for a mask."""
    pixels = np.arange(11 * 17, dtype=np.uint8).reshape(11, 17)
    result = model.segment(pixels, "the left one")
    assert result.mask.shape == (11, 17)
    assert np.isfinite(result.probabilities).all()


def _with_seal(data: bytes) -> bytes:
    """Return a manifest whose seal is right, where it still has one."""
    start = data.rfind(f'"{SEAL}": "'.encode()) + len(SEAL) + 5
    if start < len(SEAL) + 5:
        return data
    unsealed = data[:start] + b"0" * 64 + data[start + 64 :]
    digest = hashlib.sha256(unsealed).hexdigest().encode()
    return data[:start] + digest + data[start + 64 :]


def _write_bundle(folder: Path, changed: Mapping[str, bytes]) -> None:
    for name, data in (_sound_bundle() | changed).items():
        (folder / name).write_bytes(data)


@lru_cache(maxsize=1)
def _sound_bundle() -> dict[str, bytes]:
    """Return the files of the small bundle that tests use."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = write_fake_bundle(Path(folder) / "fake")
        return {one.name: one.read_bytes() for one in path.iterdir()}


def _part(name: str) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([_sound_bundle()[name]])


def _zipped() -> Iterator[bytes]:
    """Yield the small bundle as a zip."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        yield write_fake_bundle(Path(folder) / "fake.lingseg").read_bytes()


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "png": Reader(corpus=corpus.png, read=read_picture, share=2),
        "jpeg": Reader(corpus=corpus.jpeg, read=read_picture, share=2),
        "tiff": Reader(corpus=corpus.tiff, read=read_picture, share=3),
        "dicom": Reader(corpus=corpus.dicom, read=read_slices, share=3),
        "frames": Reader(corpus=corpus.frames, read=read_slices, share=1.5),
        "packed": Reader(corpus=corpus.packed, read=read_slices, share=3),
        "series": Reader(corpus=corpus.series, read=read_series, share=0.7),
        "nifti": Reader(corpus=corpus.niftis, read=read_slices, share=2),
        "zip": Reader(corpus=corpus.zips, read=read_archive, share=1.5),
        "tiles": Reader(corpus=corpus.tiles, read=read_windows, share=1.5),
        "multipart": Reader(corpus=corpus.multipart, read=read_body),
        "pacs-lists": Reader(corpus=corpus.entries, read=read_lists, share=0.5),
        "jobs": Reader(corpus=corpus.jobs, read=read_table),
        "bundle": Reader(corpus=_zipped, read=read_sealed, share=0.5),
        "manifest": Reader(corpus=_part(MANIFEST), read=read_manifest, share=0.5),
        **{
            f"{name}-graph": Reader(
                corpus=_part(f"{name}.onnx"),
                read=read_part(f"{name}.onnx"),
                mutate=mutate_graph,
                share=0.3,
            )
            for name in ("text", "image", "mask")
        },
        "tokenizer": Reader(
            corpus=_part("tokenizer.json"), read=read_part("tokenizer.json"), share=0.3
        ),
    }
)


@lru_cache
def sound(name: str) -> tuple[bytes, ...]:
    """Return the sound files that a reader's mutants are made of."""
    return tuple(READERS[name].corpus())
