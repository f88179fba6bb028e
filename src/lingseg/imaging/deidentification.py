"""Taking the patient out of what is written, by the standard's basic profile (PS3.15, annex E).

The table of attributes and actions is that of the package dicom-anonymizer. It is applied to the
sources' headers, which were cut down to an allow-list before, so that nothing is made of what it
replaces; what is written later (dates of its making) is emptied at the end.

UIDs, the patient's ID and file names are replaced by what a secret key makes of them (HMAC-SHA256):
alike in every run that has the key, so that what is written today joins what was written yesterday,
and not to be worked out or guessed without it. The package's own replacements differ from process
to process, or are the same for all patients.
"""

import hashlib
import hmac
import os
import secrets
import uuid
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

KEY_VARIABLE = "LINGSEG_DEIDENTIFICATION_KEY"
"""The environment variable that names the key's file."""
MIN_KEY_BYTES, MAX_KEY_BYTES = 16, 4096
_METHOD = "lingseg: DICOM PS3.15 basic profile"
_DUMMY_DATES = {"DA": "19000101", "TM": "000000", "DT": "19000101000000.000000+0000"}
_PATIENT_ID = (0x0010, 0x0020)
_PSEUDONYM_DIGITS = 16
"""64 bits: among a million pictures two share a name once in ten million times."""


def need_deidentification() -> None:
    """Tell before anything is predicted that the package which does it is missing.

    Raises:
        ValueError: dicom-anonymizer is not installed.
    """
    if find_spec("dicomanonymizer") is None:
        raise ValueError(
            "--deidentify needs the package dicom-anonymizer, which is not installed. "
            "Install it: pip install dicom-anonymizer."
        )


def key_path() -> Path:
    """Return where the secret key lies: where the variable says, else among the user's settings."""
    named = os.environ.get(KEY_VARIABLE)
    if named:
        return Path(named)
    settings = os.environ.get("XDG_CONFIG_HOME")
    return (
        Path(settings) if settings else Path.home() / ".config"
    ) / "lingseg/deidentification.key"


def pseudonym_of(image: Path | str) -> str:
    """Return what stands for a picture's file or address; alike in every run with the same key.

    Raises:
        OSError: The key can be neither read nor made.
        ValueError: It is too short to be a secret.
    """
    place = image if isinstance(image, str) else image.resolve().as_posix()
    return f"picture-{_keyed('file', place).hex()[:_PSEUDONYM_DIGITS]}"


def pseudonym_of_subject(name: str) -> str:
    """Return what stands for a patient's name or number; alike in every run with the same key.

    Raises:
        OSError: The key can be neither read nor made.
        ValueError: The key is too short.
    """
    return f"subject-{_keyed('subject', name).hex()[:_PSEUDONYM_DIGITS]}"


def pseudonym_of_uid(uid: str) -> str:
    """Return the UID that stands for another one; alike in every run with the same key.

    Raises:
        OSError: The key can be neither read nor made.
        ValueError: It is too short to be a secret.
    """
    return f"2.25.{uuid.UUID(bytes=_keyed('uid', uid)[:16], version=5).int}"


def deidentify(headers: Sequence["Dataset"]) -> None:
    """Replace and empty, in place, what the basic profile names.

    UIDs and the patient's ID are replaced alike in all headers, and in all runs with the same key,
    so that objects of one study stay together, and those of two patients apart.

    Raises:
        ValueError: dicom-anonymizer is not installed, or the key is too short.
        OSError: The key can be neither read nor made.
    """
    need_deidentification()
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions_2024b

    for header in headers:
        anonymize_dataset(
            header,
            extra_anonymization_rules=_keyed_rules(),
            base_rules_gen=initialize_actions_2024b,
        )


def finish_deidentified(made: "Dataset") -> None:
    """Empty the dates of an object's making, and let it say what was done to it."""
    from highdicom.sr.coding import CodedConcept
    from pydicom.sr.codedict import codes

    made.walk(_replace_date)
    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = _METHOD
    profile = codes.DCM.BasicApplicationConfidentialityProfile
    made.DeidentificationMethodCodeSequence = [
        CodedConcept(profile.value, profile.scheme_designator, profile.meaning)
    ]
    made.LongitudinalTemporalInformationModified = "REMOVED"


def _replace_date(_dataset: "Dataset", element: Any) -> None:  # noqa: ANN401 - pydicom's own
    """Give a date or time a dummy value; the package's own, of the year 1, is no valid date."""
    if element.VR in _DUMMY_DATES and element.value:
        element.value = _DUMMY_DATES[element.VR]


@lru_cache(maxsize=1)
def _keyed_rules() -> dict[tuple[int, int], Callable[["Dataset", tuple[int, int]], None]]:
    """Return keyed replacements for the profile's UIDs (action U) and for the patient's ID."""
    from dicomanonymizer.simpledicomanonymizer import initialize_actions_2024b, replace_UID

    actions = initialize_actions_2024b()
    rules: dict[tuple[int, int], Callable[[Dataset, tuple[int, int]], None]] = {
        tag: _replace_uid for tag, action in actions.items() if action is replace_UID
    }
    return rules | {_PATIENT_ID: _replace_patient_id}


def _replace_patient_id(dataset: "Dataset", tag: tuple[int, int]) -> None:
    """Replace the ID; the package's own dummy is the same for all, so that viewers merge them."""
    element: DataElement | None = dataset.get(tag)
    if element is not None and element.value:
        digits = _keyed("patient", str(element.value)).hex()[:_PSEUDONYM_DIGITS]
        element.value = f"patient-{digits}"


def _replace_uid(dataset: "Dataset", tag: tuple[int, int]) -> None:
    """Replace the one or more UIDs of an attribute."""
    element: DataElement | None = dataset.get(tag)
    if element is None or not element.value:
        return
    value: Any = element.value
    is_one = isinstance(value, str)
    element.value = pseudonym_of_uid(value) if is_one else [pseudonym_of_uid(uid) for uid in value]


def _keyed(kind: str, text: str) -> bytes:
    """Return what the key makes of a text; kinds never meet."""
    message = f"{kind}\0{text}".encode("utf-8", "surrogatepass")
    return hmac.digest(_key_at(key_path()), message, hashlib.sha256)


@lru_cache(maxsize=1)
def _key_at(path: Path) -> bytes:
    """Return the key; make it, readable by its owner alone, where there is none."""
    key = path.read_bytes() if path.exists() else _new_key(path)
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ValueError(
            f"{path} has {len(key)} bytes; expected a secret of {MIN_KEY_BYTES} to "
            f"{MAX_KEY_BYTES}. Let {KEY_VARIABLE} name another file, or remove this one."
        )
    return key


def _new_key(path: Path) -> bytes:
    """Make a key, unless another process is quicker; return the one that lies there then."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    made.touch(mode=0o600)
    try:
        made.write_text(secrets.token_hex(), encoding="ascii")
        os.link(made, path)  # the whole key or none, and never over another one
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return path.read_bytes()
