"""Pictures from an archive (PACS) and objects into it, by DICOMweb: QIDO-RS, WADO-RS, STOW-RS.

A series is fetched file by file into a private folder, so that memory holds a piece of one file at
a time and what breaks is one file's try. Credentials come from the environment alone.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lingseg.imaging.dicomweb_address import PacsAddress, is_pacs_address, is_uid
from lingseg.imaging.dicomweb_multipart import OneFileBody, boundary_of, first_part
from lingseg.imaging.dicomweb_server import DicomWebServer
from lingseg.imaging.limits import MAX_SLICES, MAX_VOLUME_FILE_BYTES
from lingseg.imaging.private_folder import PrivateFolder
from lingseg.imaging.reading import is_dicom

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

__all__ = [
    "PacsAddress",
    "check_address",
    "fetched_series",
    "is_pacs_address",
    "name_of_address",
    "named_by_address",
    "store_objects",
]

MAX_SERIES_BYTES = 4 * 2**30
"""All files of a series, on disk."""
MAX_LIST_BYTES = 32 * 2**20
"""A list of what is there, in memory."""
_PAGE = 1_000
"""Entries of a list that are asked for at once; servers may give fewer."""
_MAX_NAMED = 10
"""Series that an error names."""
_AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_JSON = "application/dicom+json"
_MODALITY, _INSTANCE, _SERIES, _NUM_INSTANCES = "00080060", "00080018", "0020000E", "00201209"
_FAILED, _REASON = "00081198", "00081197"
_INSTANCES = "instances"
_WITHOUT_PICTURES = (
    "ANN", "ASMT", "AU", "DOC", "ECG", "EPS", "FID", "HD", "KO", "M3D", "PLAN", "PR", "REG",
    "RESP", "RTDOSE", "RTPLAN", "RTRECORD", "RTSTRUCT", "RWV", "SEG", "SMR", "SR", "TEXTUREMAP",
)  # fmt: skip
"""Modalities of what is made from pictures, and of waves and papers."""
_ALREADY_THERE = 0x0111
_REASONS = {
    0x0110: "it failed to process the object",
    0x0122: "it takes no objects of this kind",
    0x0124: "it does not take it from you",
    0xA700: "it is out of space",
    0xA900: "it finds the object inconsistent",
    0xC000: "it does not understand the object",
}
"""Reasons of the standard (PS3.18, table 10.5.3-2); of the last three the end may differ."""


def check_address(text: str) -> None:
    """Refuse what `fetched_series` could not ask for; nothing is sent.

    Raises:
        ValueError: It is no address of a study, series or instance, or a password stands in it.
        ModuleNotFoundError: urllib3 is not installed; it comes with the extra `pacs`.
    """
    with DicomWebServer(PacsAddress.parse(text)):
        pass  # the environment's credentials are looked at


def name_of_address(text: str) -> str:
    """Return a name for files made from an address, always the same, that tells no UID.

    Raises:
        ValueError: It is no address.
    """
    return PacsAddress.parse(text).name


@contextmanager
def fetched_series(text: str) -> Iterator[Path]:
    """Fetch the pictures of an address into a private folder, which is removed in the end.

    What killed processes left of theirs is removed as well.

    Yields a folder of files or, where there is one picture file, that file. Of a study that holds
    several series with pictures none is chosen. Files lie as their addresses are written, so that
    `named_by_address` can tell of them.

    Raises:
        ValueError: It is no address, there is not one series, or the answer is not DICOM.
        OSError: There is no such thing, no right to it, no server that answers, or no room.
    """
    address = PacsAddress.parse(text)
    with closing(PrivateFolder("pacs")) as private:
        with DicomWebServer(address) as server:
            files = _fetch(server, private.path)
        yield files[0] if len(files) == 1 else files[0].parent


def named_by_address(line: str, path: Path, text: str) -> str:
    """Return what was said of fetched files with their addresses in place of their paths.

    Args:
        line: What was said.
        path: What `fetched_series` gave.
        text: The address that it was given.
    """
    folder = path if path.name == _INSTANCES else path.parent
    study, _, _ = text.rstrip("/").partition("/series/")
    series = f"{study}/series/{folder.parent.name}"
    said = line.replace(f"{folder}/", f"{series}/{_INSTANCES}/")
    if str(folder) in said:  # it is about all files together
        said = said.replace(str(folder), series)
        said += f" One picture of it is asked by {series}/{_INSTANCES}/UID."
    return said


def store_objects(text: str, paths: Sequence[Path]) -> None:
    """Send DICOM files to the study of an address, one after another.

    An object that lies there already, as after a run that was stopped, is not an error.

    Raises:
        ValueError: It is no address, or the answer is no such thing as was asked for.
        OSError: The server takes one not, or does not answer.
    """
    address = PacsAddress.parse(text)
    with DicomWebServer(address) as server:
        for path in paths:
            _store(server, path)


def _fetch(server: DicomWebServer, private: Path) -> list[Path]:
    """Write the files of the server's address; return them in the order of the server's list.

    They lie in `private` as SERIES/instances/UID.
    """
    address = server.address
    series = address.series or _only_series(server)
    where = f"/studies/{address.study}/series/{series}/instances"
    instances = [address.instance] if address.instance else _instances(server, where)
    folder = private / series / _INSTANCES
    folder.mkdir(parents=True)
    paths, room = [], MAX_SERIES_BYTES
    for instance in instances:
        path = folder / instance
        _fetch_one(server, f"{where}/{instance}", path, room)
        room -= path.stat().st_size
        paths.append(path)
    return paths


def _fetch_one(server: DicomWebServer, where: str, path: Path, room: int) -> None:
    """Write one file; a try that breaks off is written over by the next."""
    most, what = MAX_VOLUME_FILE_BYTES, "a picture"
    if room < most:
        most, what = room, f"the rest of a series, which may have {MAX_SERIES_BYTES:,} in all"

    def save(answer: "BaseHTTPResponse") -> None:
        kind = str(answer.headers.get("Content-Type") or "")
        boundary = boundary_of(kind)
        pieces = server.pieces(answer, most, what)
        if boundary is not None:
            pieces = first_part(pieces, boundary)
        elif not kind.startswith("application/dicom") or "json" in kind:
            raise server.unexpected(answer, "a DICOM file in multipart/related")
        with path.open("wb") as opened:
            opened.writelines(pieces)

    server.get(where, _AS_STORED, save, "a picture")
    if not is_dicom(path):
        raise ValueError(
            f"{server.address.root} sent a file that is not DICOM. Check that this is the path of "
            f"its DICOMweb service."
        )


def _instances(server: DicomWebServer, where: str) -> list[str]:
    """Return the UIDs of a series' files, page by page: servers cap what they list."""
    found: dict[str, None] = {}
    ends = server.end_of_list()
    while True:
        page_at = f"{where}?limit={_PAGE}&offset={len(found)}"
        page = _listed(server, page_at, "a list of pictures", ends)
        known = len(found)
        found |= {uid: None for entry in page if is_uid(uid := _value(entry, _INSTANCE))}
        if len(found) > MAX_SLICES:
            raise ValueError(
                f"The series has more than {MAX_SLICES:,} files; no more are read. Name one by "
                f"adding /instances/ and its UID."
            )
        if len(found) == known:  # the end, or a server that always gives the first page
            break
    if not found:
        raise FileNotFoundError(
            f"{server.address.server} has no pictures in this series. Check the UIDs of study and "
            f"series, and whether your credentials may see them."
        )
    return list(found)


def _only_series(server: DicomWebServer) -> str:
    """Return the one series of a study that holds pictures."""
    where = f"/studies/{server.address.study}/series?limit={_PAGE}"
    entries = {
        uid: entry
        for entry in _listed(server, where, "a list of series", server.end_of_list())
        if is_uid(uid := _value(entry, _SERIES))
        and _value(entry, _MODALITY).upper() not in _WITHOUT_PICTURES
    }
    if len(entries) == 1:
        return next(iter(entries))
    if not entries:
        raise FileNotFoundError(
            f"{server.address.server} has no series of pictures in this study. Check its UID, and "
            f"whether your credentials may see it."
        )
    named = [
        f"{uid} ({_plain(_value(entry, _MODALITY))}, {_plain(_value(entry, _NUM_INSTANCES))} files)"
        for uid, entry in list(entries.items())[:_MAX_NAMED]
    ]
    more = f" and {len(entries) - _MAX_NAMED} more" if len(entries) > _MAX_NAMED else ""
    raise ValueError(
        f"The study has {len(entries)} series of pictures: {', '.join(named)}{more}. "
        f"Add /series/ and the UID of one to the address."
    )


def _plain(value: str) -> str:
    """Return a value that a server sent, as it may be printed."""
    return value[:16] if value.isascii() and value.isalnum() else "?"


def _listed(server: DicomWebServer, where: str, what: str, ends: float) -> list[dict[str, Any]]:
    """Return the entries of a list, which are data sets in JSON."""

    def read(answer: "BaseHTTPResponse") -> list[dict[str, Any]]:
        if answer.status == 204:  # nothing is there
            return []
        if "json" not in str(answer.headers.get("Content-Type") or ""):
            raise server.unexpected(answer, _JSON)
        entries = read_entries(b"".join(server.pieces(answer, MAX_LIST_BYTES, what, ends)))
        if entries is None:
            raise ValueError(
                f"{server.address.root} sent {what} that is damaged; expected a list in DICOM's "
                f"JSON. Check that this is the path of its DICOMweb service, or ask who runs it."
            )
        return entries

    return server.get(where, _JSON, read, what)


def read_entries(body: bytes) -> list[dict[str, Any]] | None:
    """Return the data sets of a list in DICOM's JSON; None where it is none."""
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError):
        return None
    is_list = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    return entries if is_list else None


def _value(entry: dict[str, Any], tag: str) -> str:
    """Return the first value of an attribute; empty where there is none."""
    element = entry.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    first = values[0] if isinstance(values, list) and values else None
    return str(first) if isinstance(first, str | int) else ""


def _store(server: DicomWebServer, path: Path) -> None:
    """Send one file, and make sure that it was taken."""

    def read(answer: "BaseHTTPResponse") -> tuple[int, bytes]:
        pieces = server.pieces(answer, MAX_LIST_BYTES, "an object")
        is_json = "json" in str(answer.headers.get("Content-Type") or "")
        return answer.status, b"".join(pieces) if is_json else b""

    where = f"/studies/{server.address.study}"
    status, body = server.post(where, OneFileBody(path), read, "the storing of an object")
    reasons = read_reasons(body)
    if set(reasons) - {_ALREADY_THERE} or (status != 200 and not reasons):
        raise OSError(
            f"{server.address.server} did not store {path.name} ({status}: {_why(reasons)}). "
            f"It stays here; ask who runs the server."
        )


def _why(reasons: Sequence[int]) -> str:
    """Return in words why something was not stored."""
    for code in reasons:
        for known in (code, code & 0xFF00, code & 0xF000):
            if known in _REASONS:
                return _REASONS[known]
    return "no known reason"


def read_reasons(body: bytes) -> list[int]:
    """Return why objects were not stored, from the answer to a STOW-RS request."""
    entries = read_entries(body if body.lstrip().startswith(b"[") else b"[" + body + b"]")
    reasons = []
    for entry in entries or ():
        failed = entry.get(_FAILED)
        items = failed.get("Value") if isinstance(failed, dict) else None
        for item in items if isinstance(items, list) else ():
            told = _value(item, _REASON) if isinstance(item, dict) else ""
            reasons.append(int(told) if told.isascii() and told.isdigit() and len(told) < 7 else 0)
    return reasons
