from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage
from tiled_tiff_files import tiled_tiff

from lingseg.imaging import (
    LargePicture,
    UnreadableImage,
    limits,
    read_pictures,
)
from lingseg.imaging import (
    tiled_tiff as tiled,
)
from lingseg.imaging.tiff_directory import read_directory
from lingseg.imaging.tiled_tiff import is_large_tiff, read_tiled_tiff

HEIGHT, WIDTH = 150, 130


def slide(channels=3):
    """Smooth colours, which JPEG keeps."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    colours = [rows, columns, rows + columns, rows][:channels]
    pixels = np.stack(colours, axis=-1).astype(np.uint8)
    return pixels if channels > 1 else pixels[..., 0]


def written(tmp_path, *, channels=3, **changes):
    path = tmp_path / "slide.tif"
    path.write_bytes(tiled_tiff(slide(channels), **changes))
    return path


@pytest.mark.parametrize(
    "compression", [None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_windows_are_what_another_reader_makes_of_the_whole(tmp_path, compression, channels):
    path = written(tmp_path, channels=channels, compression=compression)
    expected = np.asarray(PillowImage.open(path).convert("RGB"))
    picture = read_tiled_tiff(path)
    assert picture.size == (HEIGHT, WIDTH)
    for top, left, height, width in ((0, 0, HEIGHT, WIDTH), (37, 29, 70, 93), (149, 129, 1, 1)):
        np.testing.assert_array_equal(
            picture.window(top, left, height, width),
            expected[top : top + height, left : left + width],
        )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_both_byte_orders_and_large_offsets_are_read(tmp_path, order, big):
    picture = read_tiled_tiff(written(tmp_path, order=order, big=big))
    np.testing.assert_array_equal(picture.window(0, 0, HEIGHT, WIDTH), slide())


def test_only_the_tiles_of_a_window_are_decoded(tmp_path, monkeypatch):
    decoded = []
    genuine = tiled.decode_picture
    monkeypatch.setattr(
        tiled, "decode_picture", lambda data, name: decoded.append(name) or genuine(data, name)
    )
    read_tiled_tiff(written(tmp_path)).window(0, 0, 60, 60)
    assert len(decoded) == 2


def test_a_file_is_read_by_windows_only_where_it_is_too_large_for_less(tmp_path, monkeypatch):
    path = written(tmp_path)
    assert not is_large_tiff(path)
    monkeypatch.setattr(tiled, "MAX_PIXELS", 10_000)
    assert isinstance(read_pictures(path), LargePicture)
    plain = tmp_path / "plain.tif"
    PillowImage.fromarray(slide()).save(plain)
    assert not is_large_tiff(plain)
    plain.write_bytes(b"II*\0 and no more")
    assert not is_large_tiff(plain)


def test_too_many_pixels_are_refused_before_anything_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(tiled, "MAX_LARGE_PIXELS", 15_000)
    with pytest.raises(UnreadableImage, match="150 x 130 pixels; at most 15,000"):
        read_tiled_tiff(written(tmp_path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_324": (8, 8)}, "lacks tiles"),
        ({"_324": (0xFFFFFF00,) * 9}, "lacks tiles"),
        ({"_322": (60_000,), "_323": (60_000,)}, "tiles of 60,000 x 60,000"),
        ({"_322": (0,)}, "tiles of 64 x 0"),
        ({"_258": (16, 16, 16)}, "3 channels of 16 bits"),
        ({"_277": (4,)}, "4 channels"),
        ({"_284": (2,)}, "pixel by pixel"),
        ({"_317": (-1,)}, "what no TIFF can say"),
        ({"_256": (1,), "_257": (1,)}, "1 x 1 pixels"),
    ],
)
def test_tags_that_cannot_be_trusted_are_refused(tmp_path, changes, message):
    with pytest.raises(UnreadableImage, match=message):
        read_tiled_tiff(written(tmp_path, **changes))


def test_a_damaged_tile_is_named(tmp_path):
    path = written(tmp_path, compression="tiff_adobe_deflate")
    data = bytearray(path.read_bytes())
    data[8:40] = b"\xff" * 32
    path.write_bytes(data)
    picture = read_tiled_tiff(path)
    with pytest.raises(UnreadableImage, match=r"Tile 0 of .*slide\.tif"):
        picture.window(0, 0, 5, 5)


@pytest.mark.parametrize("length", [3, 7, 9, 60])
def test_cut_tags_are_one_line(length):
    data = tiled_tiff(slide())
    place = int.from_bytes(data[4:8], "little")
    with pytest.raises(UnreadableImage, match="tags are damaged"):
        read_directory(BytesIO(data[: place + length] if length > 7 else data[:length]), "x.tif")


def test_a_tag_that_claims_millions_of_values_is_not_read():
    data = bytearray(tiled_tiff(slide()))
    place = int.from_bytes(data[4:8], "little")
    entries = place + 2
    for at in range(entries, entries + 12 * 12, 12):
        if int.from_bytes(data[at : at + 2], "little") == 324:
            data[at + 4 : at + 8] = (2**31).to_bytes(4, "little")
    directory = read_directory(BytesIO(bytes(data)), "x.tif")
    assert 324 not in directory.pages[0]
    assert 325 in directory.pages[0]


def test_the_limit_is_what_the_documentation_says():
    assert limits.MAX_LARGE_PIXELS == 150_000_000
