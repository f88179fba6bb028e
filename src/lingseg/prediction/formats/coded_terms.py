"""Which code of SNOMED CT a sentence's thing has, as DICOM objects name what a segment is of."""

import re

from lingseg.imaging.dicom_segmentation import UNKNOWN_SEGMENT, CodedTerm, SegmentCode

_ABNORMAL = CodedTerm(value="49755003", scheme="SCT", meaning="Morphologically Abnormal Structure")
_ANATOMY = CodedTerm(value="91723000", scheme="SCT", meaning="Anatomical Structure")

_FINDINGS = {
    "tumors?|tumours?|neoplasms?": ("108369006", "Neoplasm"),
    "nodules?": ("27925004", "Nodule"),
    "cysts?": ("367643001", "Cyst"),
    "mass(?:es)?": ("4147007", "Mass"),
    "ulcers?": ("56208002", "Ulcer"),
    "o?edema": ("79654002", "Edema"),
    "necrosis": ("6574001", "Necrosis"),
    "lesions?": ("52988006", "Lesion"),
}
_STRUCTURES = {
    "livers?": ("10200004", "Liver"),
    "lungs?": ("39607008", "Lung"),
    "kidneys?": ("64033007", "Kidney"),
    "spleens?": ("78961009", "Spleen"),
    "left ventricles?": ("87878005", "Left ventricle"),
    "hearts?": ("80891009", "Heart"),
    "hippocamp(?:us|i)": ("5366008", "Hippocampus"),
    "brains?": ("12738006", "Brain"),
    "prostates?": ("41216001", "Prostate"),
    "pancreas": ("15776009", "Pancreas"),
    "gallbladders?": ("28231008", "Gallbladder"),
    "bladders?": ("89837001", "Bladder"),
    "heads?": ("69536005", "Head"),
    "aortas?": ("15825003", "Aorta"),
    "spines?": ("421060004", "Spine"),
}


def code_of(text: str) -> SegmentCode:
    """Return the code of what a sentence names, or "tissue" where no word or several have one.

    A finding goes before the organ it is in: "the nodule in the left lung" is of a nodule. What a
    word on the way may turn into something else ("no", "except") is left to the sentence itself.
    """
    for terms, category in ((_FINDINGS, _ABNORMAL), (_STRUCTURES, _ANATOMY)):
        found = [code for pattern, code in terms.items() if _says(pattern, text)]
        if len(found) == 1:
            value, meaning = found[0]
            return SegmentCode(
                category=category, type=CodedTerm(value=value, scheme="SCT", meaning=meaning)
            )
        if found:
            break
    return UNKNOWN_SEGMENT


def _says(pattern: str, text: str) -> bool:
    """Return whether the words are in `text`, as words."""
    return re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE) is not None
