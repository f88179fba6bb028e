"""Who drew what, in tests of DICOM objects."""

from lingseg.imaging.dicom_object import Authorship

AUTHORSHIP = Authorship(
    text="the größere Läsion at the left",
    model_name="fake",
    model_hash="ab" * 32,
    version="0.1.0",
    threshold=0.5,
    input_hash="cd" * 32,
)
