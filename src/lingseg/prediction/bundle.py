"""The format in which models travel: a folder, or the same files in one `.lingseg` zip.

    bundle.json     what the bundle says of itself, and the SHA-256 of every other file
    text.onnx       token_ids int64 [1, words], word_mask bool [1, words]
                    -> words float32 [1, words, dim]
    image.onnx      image float32 [1, 3, height, width], 0 to 1 -> encoded_0, encoded_1, …
                    (only where the model encodes the image without the text)
    mask.onnx       encoded_0, encoded_1, … (or image), words, word_mask
                    -> mask_logits [1, 1, height, width] and, optionally, presence_logits [1]
    tokenizer.json  of the library `tokenizers`; it starts and ends a sentence, does not pad
    card.md         for people

The null sentence is one token 0 whose `word_mask` is False.

In the zip the files are stored, not deflated: weights shrink by less than a tenth and would take
longer to unpack than to hash. Nothing is ever unpacked to disk. The zip's comment is the SHA-256 of
every byte that belongs to no file, so that no byte of it can change unseen.
"""

import hashlib
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from lingseg.artefact import written_atomically
from lingseg.prediction.manifest import Manifest, manifest_as_json, manifest_from_json, shown

SUFFIX = ".lingseg"
MANIFEST = "bundle.json"
REQUIRED = ("text.onnx", "mask.onnx", "tokenizer.json", "card.md")
OPTIONAL = ("image.onnx",)
KNOWN = (MANIFEST, *REQUIRED, *OPTIONAL)
MAX_BYTES = 2**30
"""Of all files together."""
MAX_MANIFEST_BYTES = 2**20

_WRITTEN_AT = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: equal files give an equal zip
_LOCAL_HEADER_BYTES = 30
_SEAL_BYTES = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Bundle:
    """A model as it was read, every byte of it checked."""

    manifest: Manifest
    files: Mapping[str, bytes | memoryview]
    """Every file but the manifest, by name."""
    hash: str
    """SHA-256 of the manifest, and through it of everything; the name of exactly this model."""


def read_bundle(path: Path) -> Bundle:
    """Read a bundle, a folder or a zip, and compare every byte with its SHA-256.

    Raises:
        FileNotFoundError: There is nothing at `path`.
        ValueError: It is no bundle, is damaged, or was changed.
    """
    if not path.exists():
        raise FileNotFoundError(f"There is no bundle at {path}. Check the spelling.")
    try:
        files = _read_folder(path) if path.is_dir() else _read_zip(path)
        return _checked(files)
    except ValueError as error:
        raise ValueError(f"{path} is not a usable bundle: {error}") from error


def write_bundle(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Bundle:
    """Write a bundle, all or nothing: a zip if `path` ends in `.lingseg`, else a new folder.

    Args:
        path: Where to. A zip is replaced; a folder must not be there yet.
        manifest: What the bundle says of itself. Its `files` are filled in here.
        files: Every file but `bundle.json`, by name.

    Returns:
        The bundle as it will be read.

    Raises:
        ValueError: Files are missing or unknown.
        FileExistsError: The folder is there.
        OSError: It cannot be written.
    """
    _check_names([MANIFEST, *files])
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    declared = manifest_as_json(replace(manifest, files=hashes))
    everything = {MANIFEST: declared, **{name: files[name] for name in hashes}}
    bundle = _checked(everything)
    if path.suffix == SUFFIX:
        with written_atomically(path) as temporary:
            temporary.write_bytes(_zipped(everything))
    else:
        _write_folder(path, everything)
    return bundle


def _checked(files: Mapping[str, bytes | memoryview]) -> Bundle:
    """Read the manifest and compare every other file with what it says."""
    _check_names(files)
    manifest, digest = manifest_from_json(bytes(files[MANIFEST]))
    others = {name: data for name, data in files.items() if name != MANIFEST}
    if set(others) != set(manifest.files):
        raise ValueError(
            f"it holds {', '.join(sorted(others))}, but bundle.json names "
            f"{shown(sorted(manifest.files))}. Get the bundle again."
        )
    for name, data in others.items():
        if hashlib.sha256(data).hexdigest() != manifest.files[name]:
            raise ValueError(f"{name} was changed after it was written. Get the bundle again.")
    return Bundle(manifest=manifest, files=MappingProxyType(others), hash=digest)


def _check_names(names: Iterable[str]) -> None:
    """Refuse a bundle with other files than those of the format."""
    given = list(names)
    if unknown := sorted(set(given) - set(KNOWN)):
        raise ValueError(f"it holds {shown(unknown[:1])}; expected only {', '.join(KNOWN)}.")
    if missing := [name for name in (MANIFEST, *REQUIRED) if name not in given]:
        raise ValueError(f"it has no {missing[0]}; expected {', '.join((MANIFEST, *REQUIRED))}.")


def _check_sizes(sizes: Mapping[str, int]) -> None:
    """Refuse files that are too long, before they are read."""
    if sizes.get(MANIFEST, 0) > MAX_MANIFEST_BYTES or sum(sizes.values()) > MAX_BYTES:
        raise ValueError(
            f"its files have {sum(sizes.values()):,} bytes, {MANIFEST} {sizes.get(MANIFEST, 0):,}; "
            f"at most {MAX_BYTES:,} and {MAX_MANIFEST_BYTES:,} are read."
        )


def _read_folder(folder: Path) -> dict[str, bytes]:
    """Read the known files of a folder; others are none of its business."""
    paths = {name: folder / name for name in KNOWN if (folder / name).is_file()}
    _check_sizes({name: path.stat().st_size for name, path in paths.items()})
    return {name: path.read_bytes() for name, path in paths.items()}


def _read_zip(path: Path) -> dict[str, memoryview]:
    """Return the files of a zip without copying them, after checking all that lies between them."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it has {path.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read.")
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members, seal = archive.infolist(), archive.comment
    except (zipfile.BadZipFile, NotImplementedError, LookupError, OSError, ValueError) as error:
        raise ValueError(f"it is no zip ({error}). Get the bundle again.") from error
    for member in members:
        _check_member(member)
    if len({member.filename for member in members}) != len(members):
        raise ValueError("it names a file twice; it was not written by lingseg.")
    _check_sizes({member.filename: member.file_size for member in members})
    view = memoryview(data)
    spans = {member.filename: _span(member) for member in members}
    if _seal(view, spans.values()) != seal:
        raise ValueError(
            "it was changed after it was written, or zipped again. "
            "Get the bundle again, or unpack it and give the folder."
        )
    return {name: view[start:end] for name, (start, end) in spans.items()}


def _check_member(member: zipfile.ZipInfo) -> None:
    """Refuse what `write_bundle` never writes: other names, links, folders, packed or secret."""
    if member.filename not in KNOWN:
        raise ValueError(f"it holds {shown([member.filename])}; expected only {', '.join(KNOWN)}.")
    mode = member.external_attr >> 16
    is_plain = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
    if not is_plain or not stat.S_ISREG(mode) or member.file_size != member.compress_size:
        raise ValueError(
            f"{member.filename} is not stored as a plain file. "
            f"Get the bundle again, or unpack it and give the folder."
        )


def _span(member: zipfile.ZipInfo) -> tuple[int, int]:
    """Return where the bytes of a stored member start and end."""
    start = member.header_offset + _LOCAL_HEADER_BYTES + len(member.filename)
    return start, start + member.file_size


def _seal(data: bytes | memoryview, spans: Iterable[tuple[int, int]]) -> bytes:
    """Return the SHA-256 of what lies outside of `spans`, the seal itself excluded."""
    digest, position = hashlib.sha256(), 0
    for start, end in sorted(spans):
        digest.update(data[position:start])
        position = end
    digest.update(data[position:-_SEAL_BYTES])
    return digest.hexdigest().encode()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of `files`; equal files give equal bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, date_time=_WRITTEN_AT)
            member.create_system = 3  # unix, on every machine
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, data)
        archive.comment = b"0" * _SEAL_BYTES
        members = archive.infolist()
    zipped = buffer.getvalue()
    return zipped[:-_SEAL_BYTES] + _seal(zipped, [_span(member) for member in members])


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` into a new folder that appears when it is complete."""
    if folder.exists():
        raise FileExistsError(f"{folder} is there already. Remove it or choose another name.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=folder.parent))
    try:
        for name, data in files.items():
            with written_atomically(temporary / name) as part:
                part.write_bytes(data)
        temporary.chmod(0o755)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
