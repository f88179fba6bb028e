from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingseg.imaging.dicomweb_address import PacsAddress, is_pacs_address

UID = "1.2.840.113619.2"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        (f"dicomweb://pacs.example/studies/{UID}", f"https://pacs.example/studies/{UID}"),
        (f"dicomweb+http://[::1]:8042/a/b/studies/{UID}/series/1.2/", None),
        (f"dicomweb+https://h:1/studies/{UID}/series/1.2/instances/3.4", None),
        (f"dicomweb://h/dicom-web/studies/1/studies/{UID}/series/1.2", None),
    ],
)
def test_an_address_is_spoken_as_http(text, spoken):
    plain = text.replace("dicomweb+", "").replace("dicomweb:", "https:").rstrip("/")
    assert str(PacsAddress.parse(text)) == (spoken or plain)


@pytest.mark.parametrize(
    "text",
    [
        "dicomweb://host",
        "dicomweb:///studies/1.2",
        "dicomweb://host/series/1.2",
        f"dicomweb://host/studies/{UID}/instances/1.2",
        f"dicomweb://host/studies/{UID}/series/1.2/instances/3.4/frames/1",
        f"dicomweb://host/studies/{UID}?limit=1",
        f"dicomweb://host/studies/{UID}#1",
        f"dicomweb://host/a b/studies/{UID}",
        f"dicomweb://ho st/studies/{UID}",
        f"dicomweb://host:99999/studies/{UID}",
        f"dicomweb://host:port/studies/{UID}",
        f"dicomweb://[::1/studies/{UID}",
        f"http://host/studies/{UID}",
        f"ftp://host/studies/{UID}",
    ],
)
def test_what_is_no_address_is_refused_with_the_right_shape(text):
    with pytest.raises(ValueError, match="dicomweb://"):
        PacsAddress.parse(text)


@pytest.mark.parametrize("uid", ["", "1..2", ".1", "1.", "1.a", "..", "1" * 65, "1.2 ", "1.\u0661"])
def test_a_uid_of_another_shape_is_refused(uid):
    with pytest.raises(ValueError, match="UID of a series"):
        PacsAddress.parse(f"dicomweb://host/studies/{UID}/series/{uid}")


@pytest.mark.parametrize(
    "host", ["jane:secret@host", "secret@host", "jane:secret@[::1", "a:secret@h:x"]
)
def test_a_password_is_refused_and_never_shown(host):
    with pytest.raises(ValueError, match=r"address") as caught:
        PacsAddress.parse(f"dicomweb://{host}/studies/{UID}")
    assert "secret" not in str(caught.value)


def test_a_name_is_the_same_every_time_and_tells_no_uid():
    first, again, other = (
        PacsAddress.parse(f"dicomweb://host/studies/{UID}/series/{uid}").name
        for uid in ("1.2", "1.2", "1.3")
    )
    assert first == again != other
    assert UID not in first


def test_paths_and_patterns_are_no_addresses():
    assert not any(map(is_pacs_address, ["a/b.png", "C:\\a.png", "scans/*.png", "./dicomweb/x"]))
    assert all(map(is_pacs_address, ["dicomweb://h", "dicomweb+http://h", "https://h"]))


@given(st.text())
def test_any_text_is_an_address_or_refused(text):
    with suppress(ValueError):
        assert str(PacsAddress.parse(f"dicomweb://{text}")).startswith("https://")


@given(st.text())
def test_a_refusal_is_one_line(text):
    with pytest.raises(ValueError, match=r"\A[^\r\n]*\Z"):
        PacsAddress.parse(f"dicomweb://host/studies/{text}/nothing")
