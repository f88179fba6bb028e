import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingseg.imaging.dicomweb_multipart import (
    MAX_HEAD,
    OneFileBody,
    Truncated,
    boundary_of,
    first_part,
)

HEAD = b"--b\r\nContent-Type: application/dicom\r\n\r\n"


def pieces(body, length):
    return [body[start : start + length] for start in range(0, len(body), length)]


@given(st.binary().filter(lambda b: b"\r\n--b" not in b), st.integers(1, 50))
def test_a_part_is_the_same_however_the_body_is_cut(content, length):
    body = b"preamble\r\n" + HEAD + content + b"\r\n--b\r\n\r\nanother\r\n--b--"
    assert b"".join(first_part(pieces(body, length), "b")) == content


@given(st.integers(0, len(HEAD) + 10), st.integers(1, 50))
def test_a_body_that_ends_early_is_truncated(end, length):
    body = (HEAD + b"0123456789\r\n--b--")[:end]
    with pytest.raises(Truncated, match="ended"):
        b"".join(first_part(pieces(body, length), "b"))


def test_a_part_is_passed_on_piece_by_piece():
    parts = first_part([HEAD + b"x" * 1_000] + [b"y" * 1_000] * 9 + [b"\r\n--b--"], "b")
    assert max(len(part) for part in parts) <= 2_010


def test_a_body_without_a_part_is_refused_early():
    endless = iter(lambda: b"no part here", None)
    with pytest.raises(ValueError, match="no part"):
        b"".join(first_part(endless, "b"))
    assert MAX_HEAD < 10**6


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', "abc"),
        ('Multipart/Related; boundary="a b c"', "a b c"),
        ("multipart/related", None),
        ("text/html; boundary=abc", None),
        ("", None),
        ("multipart/related; boundary=", None),
    ],
)
def test_the_boundary_is_read_from_the_header(content_type, boundary):
    assert boundary_of(content_type) == boundary


def test_what_is_sent_is_what_it_says_and_can_be_sent_again(tmp_path):
    content = b"\r\n--" * 100_000
    (tmp_path / "a.dcm").write_bytes(content)
    body = OneFileBody(tmp_path / "a.dcm")
    sent = b"".join(body)
    assert len(sent) == int(body.headers["Content-Length"])
    boundary = boundary_of(body.headers["Content-Type"])
    assert boundary
    assert b"".join(first_part([sent], boundary)) == content
    assert b"".join(body) == sent
