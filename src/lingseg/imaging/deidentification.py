"""Taking the patient out of what is written, by the standard's basic profile (PS3.15, annex E).

The table of attributes and actions is that of the package dicom-anonymizer. It is applied to the
sources' headers, which were cut down to an allow-list before, so that nothing is made of what it
replaces; what is written later (dates of its making) is emptied at the end.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset

_METHOD = "lingseg: DICOM PS3.15 basic profile"
_GEOMETRY = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""Sequences cut down to numbers already."""


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


def deidentify(headers: Sequence["Dataset"]) -> None:
    """Replace and empty, in place, what the basic profile names.

    UIDs are replaced alike in all headers, and in all that one process writes, so that objects of
    one study stay together; nothing keeps which was which.

    Raises:
        ValueError: dicom-anonymizer is not installed.
    """
    need_deidentification()
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions_2024b

    for header in headers:
        anonymize_dataset(header, base_rules_gen=initialize_actions_2024b)


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
    """Give a date or time the profile's dummy value."""
    from dicomanonymizer.simpledicomanonymizer import replace_date_time_element

    if element.VR in ("DA", "TM", "DT") and element.value:
        replace_date_time_element(element)
