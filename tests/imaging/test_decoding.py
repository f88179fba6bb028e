"""Nobody waits for ever for a decoder, and one that hangs holds up nothing else."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from lingseg.imaging import Image, LargePicture, UnreadableImage, Volume, limits, reading
from lingseg.imaging.decoding import decoding_quietly, in_time, time_boxed


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Return a decoder that does not come back before the test has ended."""
    monkeypatch.setattr(limits, "DECODE_SECONDS", 0.05)
    is_over = threading.Event()

    def wait() -> None:
        with decoding_quietly():
            is_over.wait(1)

    yield wait
    is_over.set()


def test_what_a_decoder_returns_comes_back() -> None:
    assert in_time("a.png", lambda: 7) == 7


def test_what_a_decoder_raises_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        in_time("a.png", lambda: 1 // 0)


def test_a_decoder_that_hangs_is_left_with_one_line(hang: Callable[[], None]) -> None:
    with pytest.raises(UnreadableImage, match=r"a\.png was not decoded within 0\.05 seconds"):
        in_time("a.png", hang)


def test_a_decoder_that_hangs_does_not_hold_up_the_next(hang: Callable[[], None]) -> None:
    with pytest.raises(UnreadableImage):
        in_time("a.png", hang)

    def decode() -> int:
        with decoding_quietly():
            return 7

    assert in_time("b.png", decode) == 7


def test_a_decoder_within_another_has_no_box_of_its_own() -> None:
    def name_of_thread() -> int:
        return threading.get_ident()

    outer, inner = in_time("a", lambda: (name_of_thread(), in_time("b", name_of_thread)))
    assert outer == inner != threading.get_ident()


def test_who_decodes_already_waits_for_nobody() -> None:
    def decode() -> int:
        with decoding_quietly():
            return threading.get_ident()

    with decoding_quietly():
        assert in_time("a", decode) == threading.get_ident()
    assert in_time("a", decode) != threading.get_ident()


def test_a_boxed_decoder_takes_what_it_took_before() -> None:
    @time_boxed
    def decode(data: bytes, name: str, plane: str | None = None) -> tuple[bytes, str, str | None]:
        return data, name, plane

    assert decode(b"x", "a.nii", plane="axial") == (b"x", "a.nii", "axial")


@pytest.mark.parametrize("door", ["decode_image", "decode_mask", "decode_volume"])
def test_every_door_has_a_box(
    door: str, hang: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "check_file_bytes", lambda *_: hang())
    monkeypatch.setattr(reading, "format_of", lambda _: hang() or "picture")
    with pytest.raises(UnreadableImage, match="was not decoded within"):
        getattr(reading, door)(b"x", "a.png")


def test_slices_and_windows_have_a_box(hang: Callable[[], None]) -> None:
    def read_slice(_: int) -> Image:
        hang()
        return Image(pixels=np.zeros((4, 6), np.uint8))

    def read_window(*_: int) -> np.ndarray:
        hang()
        return np.zeros((4, 6, 3), np.uint8)

    with pytest.raises(UnreadableImage, match=r"Slice 1 \(counted from 0\) was not decoded"):
        Volume(num_slices=2, size=(4, 6), read=read_slice).image(1)
    with pytest.raises(UnreadableImage, match="The window 0:4, 0:6 was not decoded"):
        LargePicture(size=(4, 6), read=read_window).window(0, 0, 4, 6)
