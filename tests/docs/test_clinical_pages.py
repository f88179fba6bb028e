"""The pages on clinical formats and limits say what the code does."""

import re

from docs.pages import ROOT, first_column
from pydicom.uid import UID

from lingseg.imaging import deidentification, dicom_file, dicom_pixels, stacking
from lingseg.imaging.dicom_object import COPIED
from lingseg.imaging.intensity import WINDOW_PERCENTILES

FORMATS_PAGE = ROOT / "docs" / "reference" / "clinical-formats.md"
COMMANDS_PAGE = ROOT / "docs" / "reference" / "command-line.md"


def test_every_attribute_that_is_copied_is_listed():
    assert first_column(FORMATS_PAGE, heading="What is copied") == list(COPIED)


def test_what_to_do_with_each_refused_transfer_syntax_is_said():
    text = FORMATS_PAGE.read_text(encoding="utf-8")
    for syntax, advice in dicom_file._HOW_TO_UNPACK.items():
        assert f"`{advice.rpartition(': ')[2]}`" in text
        assert f"`{syntax}`" in text or f"`.{syntax.rpartition('.')[2]}`" in text
        assert UID(syntax).is_transfer_syntax


def test_numbers_are_those_of_the_code():
    text = FORMATS_PAGE.read_text(encoding="utf-8")
    low, high = dicom_pixels.CT_WINDOW
    assert f"{low:g} to {high:g} HU" in text
    assert "{} to {}".format(*WINDOW_PERCENTILES) in text
    assert f"up to {stacking.MAX_UNEVENNESS * 100:g} % of their distance" in text
    assert f"at least {deidentification.MIN_KEY_BYTES} secret bytes" in text
    assert f"and {deidentification._PSEUDONYM_DIGITS} digits" in text


def test_the_key_is_where_the_page_says(monkeypatch, tmp_path):
    (named,) = re.findall(
        r"`~/(\S*deidentification\.key)`", FORMATS_PAGE.read_text(encoding="utf-8")
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(deidentification.KEY_VARIABLE)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert deidentification.key_path() == tmp_path / named


def test_the_keys_variable_is_among_the_others():
    names = first_column(COMMANDS_PAGE, heading="Environment variables")
    assert deidentification.KEY_VARIABLE in names
