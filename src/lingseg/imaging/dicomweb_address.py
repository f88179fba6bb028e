"""Addresses of studies, series and pictures in an archive that speaks DICOMweb (PS3.18)."""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

SCHEMES = {"dicomweb": "https", "dicomweb+https": "https", "dicomweb+http": "http"}
"""What is written before `://`, and what is spoken: plain http has to be asked for by name."""
_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SERVER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_PATH = re.compile(
    r"(?P<root>(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*)/studies/(?P<study>[^/]*)"
    r"(/series/(?P<series>[^/]*)(/instances/(?P<instance>[^/]*))?)?/?"
)
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_MAX_UID = 64
_EXAMPLE = "dicomweb://host:port/dicom-web/studies/1.2.3/series/4.5.6"


@dataclass(frozen=True, kw_only=True)
class PacsAddress:
    """Where pictures lie: a service, a study in it, and mostly a series. It holds no password."""

    root: str
    """The DICOMweb service, such as https://host:8042/dicom-web."""
    study: str
    series: str | None = None
    instance: str | None = None

    @classmethod
    def parse(cls, text: str) -> "PacsAddress":
        """Read an address: `dicomweb://` is https, `dicomweb+http://` is http without a lock.

        Raises:
            ValueError: It is not one, or a password stands in it.
        """
        parts = _split(text)
        found = _PATH.fullmatch(parts.path)
        if found is None or parts.query or parts.fragment or not _SERVER.fullmatch(parts.netloc):
            raise ValueError(f"{text[:200]!r} is not the address of a series. Write {_EXAMPLE}.")
        uids = {name: found[name] for name in ("study", "series", "instance")}
        for name, uid in uids.items():
            if uid is not None and not is_uid(uid):
                raise ValueError(
                    f"{uid[:80]!r} is not the UID of {_a(name)}; expected up to {_MAX_UID} digits "
                    f"and single dots. Write {_EXAMPLE}."
                )
        return cls(root=f"{SCHEMES[parts.scheme]}://{parts.netloc}{found['root']}", **uids)

    def __str__(self) -> str:
        """Return the address as it is spoken."""
        named = {"studies": self.study, "series": self.series, "instances": self.instance}
        steps = [f"/{name}/{uid}" for name, uid in named.items() if uid is not None]
        return self.root + "".join(steps)

    @property
    def server(self) -> str:
        """The service's machine and port."""
        return urlsplit(self.root).netloc

    @property
    def name(self) -> str:
        """A name for files, the same for the same address, that tells no UID."""
        return f"pacs-{hashlib.sha256(str(self).encode()).hexdigest()[:8]}"


def is_pacs_address(text: str) -> bool:
    """Return whether an input is meant as an address: `scheme://` stands in front."""
    return _ANY_SCHEME.match(text) is not None


def is_uid(text: str) -> bool:
    """Return whether `text` has the shape of a UID; leading zeros, which some write, are borne."""
    return len(text) <= _MAX_UID and _UID.fullmatch(text) is not None


def _split(text: str) -> SplitResult:
    """Return the parts of an address of ours without a password; nothing of one is ever printed."""
    try:
        parts = urlsplit(text)
        has_password = "@" in parts.netloc
        _ = parts.port
    except ValueError:
        raise ValueError(f"The address has no proper host and port. Write {_EXAMPLE}.") from None
    if has_password:
        raise ValueError(
            "The address holds a user or password, which others on this machine could read. Take "
            "it out, and set LINGSEG_PACS_USER and LINGSEG_PACS_PASSWORD."
        )
    if parts.scheme not in SCHEMES:
        raise ValueError(
            f"{parts.scheme}:// is not read. Write dicomweb://host/… for a DICOMweb archive over "
            f"https, or dicomweb+http://host/… where it speaks plain http."
        )
    return parts


def _a(name: str) -> str:
    """Return a noun with its article."""
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
