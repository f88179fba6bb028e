import stat
import struct
import zipfile
from io import BytesIO

import numpy as np
import pytest
from clinical_files import ct_slice, nifti, saved
from PIL import Image as PillowImage

from lingseg.imaging import (
    UnreadableImage,
    Volume,
    decode_image,
    decode_pictures,
    hash_pictures,
    is_zip,
    read_file,
    read_image,
    read_pictures,
    read_volume,
    zipped,
)
from lingseg.imaging.zipped import list_zip, open_zip


def png(value=200):
    buffer = BytesIO()
    PillowImage.new("L", (10, 7), value).save(buffer, "PNG")
    return buffer.getvalue()


def archive(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as opened:
        for name, data in members.items():
            opened.writestr(name, data)
    return path


def series(count=3):
    return {f"scan/{(number * 7) % 11}": saved(ct_slice(number)) for number in range(count)}


@pytest.fixture
def study(tmp_path):
    beside = {
        "README.txt": "hello",
        "DICOMDIR": "index",
        "__MACOSX/scan/._0": "x",
        "preview.png": png(),
    }
    return archive(tmp_path / "study.zip", series() | beside)


def test_a_series_is_read_as_from_a_folder(study, tmp_path):
    folder = tmp_path / "folder"
    with zipfile.ZipFile(study) as opened:
        opened.extractall(folder)
    from_zip, from_folder = read_pictures(study), read_volume(folder)
    assert isinstance(from_zip, Volume)
    for one, other in zip(from_zip, from_folder, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.affine, other.affine)
    assert is_zip(study)
    assert not is_zip(folder)
    assert list_zip(study) == [study, study / "preview.png"]  # both, as in a folder
    assert list_zip(archive(tmp_path / "series.zip", series())) == [tmp_path / "series.zip"]


def test_the_bytes_of_an_archive_are_read_as_its_file_is(study):
    volume = decode_pictures(study.read_bytes(), "study")
    assert len(volume) == 3
    with pytest.raises(UnreadableImage, match="holds 3 slices; expected one picture"):
        decode_image(study.read_bytes(), "study")


def test_nothing_is_written_to_disk(study, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("nothing may be unpacked to disk")

    monkeypatch.setattr(zipfile.ZipFile, "extract", refuse)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", refuse)
    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    assert sum(1 for _ in read_volume(study)) == 3


def test_pictures_are_members_as_of_a_folder(tmp_path):
    pictures = {"b/two.png": png(10), "a/one.png": png(20), "notes.txt": "no picture"}
    path = archive(tmp_path / "pictures.zip", pictures)
    listed = list_zip(path)
    assert listed == [path / "a/one.png", path / "b/two.png"]
    assert [int(read_image(one).pixels[0, 0]) for one in listed] == [20, 10]
    assert read_file(listed[0]) == png(20)
    assert hash_pictures(listed[0]) != hash_pictures(listed[1])
    with pytest.raises(UnreadableImage, match="holds 2 pictures; expected one"):
        read_pictures(path)
    with pytest.raises(FileNotFoundError, match=r"holds no 'a/three\.png'"):
        read_image(path / "a/three.png")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_image(tmp_path / "elsewhere" / "one.png")


def test_an_archive_of_one_picture_is_that_picture(tmp_path):
    path = archive(tmp_path / "one.zip", {"one.png": png(33)})
    assert read_pictures(path).pixels[0, 0] == 33
    scan = archive(
        tmp_path / "scan.zip", {"a.nii": nifti(np.zeros((4, 5, 6), np.int16), np.eye(4))}
    )
    assert len(read_pictures(scan)) == 6


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../one.png", "outside of it"),
        ("a/../../one.png", "outside of it"),
        ("/etc/one.png", "outside of it"),
        ("a\\..\\one.png", "outside of it"),
        ("C:/one.png", "outside of it"),
    ],
)
def test_names_that_lead_outside_are_refused(tmp_path, name, message):
    path = archive(tmp_path / "evil.zip", {"ok.png": png(), name: png()})
    with pytest.raises(UnreadableImage, match=message):
        read_pictures(path)


def test_links_are_refused(tmp_path):
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as opened:
        link = zipfile.ZipInfo("one.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(UnreadableImage, match="a link or a device"):
        read_pictures(path)


def test_archives_in_archives_are_refused(tmp_path):
    inner = archive(tmp_path / "inner.zip", {"one.png": png()}).read_bytes()
    path = archive(tmp_path / "outer.zip", {"a.png": png(), "inner.zip": inner})
    for read in (read_pictures, list_zip):
        with pytest.raises(UnreadableImage, match=r"another archive \(inner\.zip\)"):
            read(path)
    with pytest.raises(UnreadableImage, match="another archive"):
        read_pictures(path / "inner.zip")


def test_a_bomb_is_refused_by_what_it_says(tmp_path, monkeypatch):
    monkeypatch.setattr(zipped, "RATIO_FREE_BYTES", 1_000)
    monkeypatch.setattr(zipped, "MAX_RATIO", 20)
    path = archive(tmp_path / "bomb.zip", {"one.png": png() + bytes(100_000)})
    with pytest.raises(UnreadableImage, match="would unpack to"):
        read_pictures(path)
    monkeypatch.setattr(zipped, "RATIO_FREE_BYTES", 10**9)
    monkeypatch.setattr(zipped, "MAX_VOLUME_BYTES", 50_000)
    with pytest.raises(UnreadableImage, match="at most 50,000"):
        read_pictures(path)


def test_a_member_gives_no_more_than_the_list_says(tmp_path):
    """A bomb that lies about its size is cut at what was checked, and then does not add up."""
    path = archive(tmp_path / "liar.zip", {"one.png": png() + bytes(5_000_000)})
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 200)
    path.write_bytes(data)
    with pytest.raises(UnreadableImage, match="damaged or cut short"):
        read_pictures(path)


def test_too_many_members_are_refused_before_the_list_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zipped, "MAX_MEMBERS", 5)
    path = archive(tmp_path / "many.zip", {f"{number}.txt": "x" for number in range(6)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(UnreadableImage, match="more files than a series has"):
        read_pictures(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(tmp_path, method):
    path = archive(tmp_path / "other.zip", {"one.png": png()}, method)
    with pytest.raises(UnreadableImage, match="packed in another way"):
        read_pictures(path)


def test_locked_archives_are_refused(tmp_path):
    path = archive(tmp_path / "locked.zip", {"one.png": png()})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UnreadableImage, match="locked by a password"):
        read_pictures(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_stands_once(tmp_path):
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("one.png", png(1))
        opened.writestr("one.png", png(2))
    with pytest.raises(UnreadableImage, match="names a file twice"):
        read_pictures(path)


def test_damaged_archives_are_one_line(study):
    data = study.read_bytes()
    for broken in (data[:40], data[:-30], data[:200] + data[300:]):
        study.write_bytes(broken)
        with pytest.raises(UnreadableImage, match=r"study\.zip"):
            list(read_volume(study))


def test_an_archive_without_pictures_is_told(tmp_path):
    path = archive(tmp_path / "notes.zip", {"a.txt": "hello"})
    with pytest.raises(UnreadableImage, match="holds no DICOM pictures"):
        read_pictures(path)


def test_an_archive_closes_when_nobody_holds_it(study):
    opened = open_zip(study)
    file = opened._zip.fp
    assert file is not None
    assert not file.closed
    del opened
    assert file.closed


@pytest.mark.parametrize("member", ["", "a\x1b[31m.png"])
def test_names_that_cannot_be_shown_are_refused(tmp_path, member):
    path = tmp_path / "a.zip"
    info = zipfile.ZipInfo("placeholder.png")
    info.filename = info.orig_filename = member
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"data")
    with pytest.raises(UnreadableImage) as caught:
        list_zip(path)
    assert str(caught.value).isprintable()
