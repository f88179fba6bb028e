"""What pictures of a kind cannot show, in words that models of other kinds have learned.

A mole is seen with a dermatoscope, a cell's nucleus under a microscope, and a lens in the colon or
on the skin meets no unborn child. Kinds that are not here, and phantoms, which look like several
kinds, show nothing that could be called foreign.
"""

from collections.abc import Mapping
from types import MappingProxyType

_SEEN_BY_LENSES = ("polyp", "nevus", "nuclei", "melanoma")
_SEEN_INSIDE = ("liver", "hippocampus", "spleen")

FOREIGN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "X-ray": _SEEN_BY_LENSES,
        "MR": _SEEN_BY_LENSES,
        "CT": _SEEN_BY_LENSES,
        "ultrasound": ("nevus", "nuclei", "melanoma", "hippocampus"),
        "dermoscopy": ("fetal head", *_SEEN_INSIDE, "nuclei"),
        "colonoscopy": ("fetal head", "nevus", *_SEEN_INSIDE, "nuclei"),
        "endoscopy": ("fetal head", "nevus", *_SEEN_INSIDE, "nuclei"),
        "histology": ("fetal head", "left ventricle", *_SEEN_INSIDE),
    }
)
"""By `DatasetInfo.modality`; the first two are what the audit asks for."""
