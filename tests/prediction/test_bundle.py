import io
import os
import stat
import zipfile

import pytest
from fake_bundle import MANIFEST, write_fake_bundle

from lingseg.prediction import bundle as bundle_format
from lingseg.prediction import read_bundle, write_bundle


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    return write_fake_bundle(tmp_path_factory.mktemp("bundle") / "fake.lingseg").read_bytes()


def files_of(path):
    return {name: bytes(data) for name, data in read_bundle(path).files.items()}


def test_folder_and_zip_are_the_same_bundle(tmp_path):
    folder = write_fake_bundle(tmp_path / "fake")
    archive = write_fake_bundle(tmp_path / "fake.lingseg")
    assert files_of(folder) == files_of(archive)
    assert read_bundle(folder).hash == read_bundle(archive).hash
    assert read_bundle(archive).manifest.name == "fake"


def test_equal_bundles_are_equal_to_the_byte(zipped, tmp_path):
    assert write_fake_bundle(tmp_path / "again.lingseg").read_bytes() == zipped


def test_other_tools_can_open_the_zip(zipped):
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "bundle.json"
        assert {stat.S_IMODE(one.external_attr >> 16) for one in archive.infolist()} == {0o644}


def test_one_changed_byte_anywhere_in_the_zip_is_one_clear_line(zipped, tmp_path):
    path = tmp_path / "changed.lingseg"
    unnoticed = []
    ends = {*range(40), *range(len(zipped) - 80, len(zipped))}
    for position in sorted({*range(0, len(zipped), 23)} | ends):
        changed = bytearray(zipped)
        changed[position] ^= 1 << (position % 8)
        path.write_bytes(changed)
        try:
            read_bundle(path)
        except ValueError as error:
            if not str(error).startswith(f"{path} is not a usable bundle: ") or "\n" in str(error):
                unnoticed.append((position, str(error)))
        else:
            unnoticed.append((position, "read"))
    assert unnoticed == []


@pytest.mark.parametrize("name", ["text.onnx", "image.onnx", "tokenizer.json", "card.md"])
def test_one_changed_byte_in_a_folder_names_the_file(name, tmp_path):
    folder = write_fake_bundle(tmp_path / "fake")
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 4
    (folder / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name} was changed"):
        read_bundle(folder)


def test_a_missing_file_is_named(tmp_path):
    folder = write_fake_bundle(tmp_path / "fake")
    (folder / "mask.onnx").unlink()
    with pytest.raises(ValueError, match=r"has no mask\.onnx"):
        read_bundle(folder)


def test_a_file_that_the_manifest_does_not_name_is_refused(tmp_path):
    folder = write_fake_bundle(tmp_path / "fake", encodes_image_first=False)
    (folder / "image.onnx").write_bytes(b"smuggled")
    with pytest.raises(ValueError, match=r"but bundle\.json names"):
        read_bundle(folder)


@pytest.mark.parametrize("cut", [0, 1, 30, 200, -1, -64, -90])
def test_a_zip_cut_short_is_refused(zipped, cut, tmp_path):
    path = tmp_path / "short.lingseg"
    path.write_bytes(zipped[:cut])
    with pytest.raises(ValueError, match="is not a usable bundle"):
        read_bundle(path)


def rezipped(zipped, path, *, compression=zipfile.ZIP_STORED, extra=(), mode=stat.S_IFREG | 0o644):
    with (
        zipfile.ZipFile(io.BytesIO(zipped)) as source,
        zipfile.ZipFile(path, "w", compression) as archive,
    ):
        for member in source.infolist():
            copy = zipfile.ZipInfo(member.filename, member.date_time)
            copy.external_attr = mode << 16
            copy.compress_type = compression
            archive.writestr(copy, source.read(member))
        for name in extra:
            archive.writestr(name, b"evil")
    return path


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"extra": ["../../evil"]}, r"holds '\.\./\.\./evil'"),
        ({"extra": ["/etc/passwd"]}, "holds '/etc/passwd'"),
        ({"compression": zipfile.ZIP_DEFLATED}, "not stored as a plain file"),
        ({"mode": stat.S_IFLNK | 0o777}, "not stored as a plain file"),
        ({}, "or zipped again"),
    ],
)
def test_a_zip_that_lingseg_did_not_write_is_refused(changes, line, zipped, tmp_path):
    path = rezipped(zipped, tmp_path / "other.lingseg", **changes)
    with pytest.raises(ValueError, match=line):
        read_bundle(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_that_names_a_file_twice_is_refused(zipped, tmp_path):
    path = rezipped(zipped, tmp_path / "twice.lingseg")
    with zipfile.ZipFile(path, "a") as archive:
        member = zipfile.ZipInfo("card.md")
        member.external_attr = (stat.S_IFREG | 0o644) << 16
        archive.writestr(member, b"other")
    with pytest.raises(ValueError, match="names a file twice"):
        read_bundle(path)


def test_a_bundle_beyond_the_limits_is_refused_before_it_is_read(tmp_path, monkeypatch):
    folder = write_fake_bundle(tmp_path / "fake")
    archive = write_fake_bundle(tmp_path / "fake.lingseg")
    monkeypatch.setattr(bundle_format, "MAX_BYTES", 2_000)
    for path in (folder, archive):
        with pytest.raises(ValueError, match="at most 2,000"):
            read_bundle(path)


def test_nothing_there_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no bundle at"):
        read_bundle(tmp_path / "missing.lingseg")


def test_files_of_other_names_are_not_written(tmp_path):
    with pytest.raises(ValueError, match=r"holds 'weights\.pkl'"):
        write_bundle(tmp_path / "x.lingseg", MANIFEST, {"weights.pkl": b""})
    with pytest.raises(ValueError, match=r"has no text\.onnx"):
        write_bundle(tmp_path / "x.lingseg", MANIFEST, {"card.md": b""})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_never_written_over(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(FileExistsError, match="is there already"):
        write_fake_bundle(tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize("name", ["fake", "fake.lingseg"])
def test_a_full_disk_leaves_nothing(name, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_fake_bundle(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
