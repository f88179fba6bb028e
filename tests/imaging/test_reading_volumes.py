"""What a path is: a picture, a volume, a folder of a series; and which file it is by its hash."""

import hashlib

import numpy as np
import pytest
from clinical_files import ct_slice, nifti, save_series
from PIL import Image as PillowImage

from lingseg.imaging import (
    Image,
    Volume,
    decode_pictures,
    hash_pictures,
    is_series_folder,
    read_pictures,
)


def test_bytes_are_what_their_file_is(tmp_path):
    scan = nifti(np.zeros((4, 5, 6), np.int16), np.eye(4))
    assert isinstance(decode_pictures(scan, "scan"), Volume)
    picture = tmp_path / "one.png"
    PillowImage.new("L", (10, 7), 9).save(picture)
    assert isinstance(decode_pictures(picture.read_bytes(), "one"), Image)
    assert isinstance(read_pictures(picture), Image)


def test_a_series_is_known_by_its_files_not_by_their_names(tmp_path, monkeypatch):
    folder = save_series(tmp_path / "series", [ct_slice(number) for number in range(3)])
    before = hash_pictures(folder)
    listed = list(folder.rglob("*"))
    with monkeypatch.context() as patch:
        patch.setattr(type(folder), "rglob", lambda *_: iter(listed[::-1]))
        assert hash_pictures(folder) == before
    (folder / "000").rename(folder / "renamed")
    (folder / ".hidden").write_bytes(b"not counted")
    assert hash_pictures(folder) == before
    (folder / "renamed").write_bytes(b"other")
    assert hash_pictures(folder) != before


def test_a_file_is_known_by_its_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    assert hash_pictures(path) == hashlib.sha256(b"bytes").hexdigest()
    with pytest.raises(FileNotFoundError, match="does not exist"):
        hash_pictures(tmp_path / "none")


def test_a_folder_of_dicom_files_is_told_by_their_content(tmp_path):
    assert is_series_folder(save_series(tmp_path / "series", [ct_slice()]))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "one.dcm").write_bytes(b"not DICOM")
    assert not is_series_folder(tmp_path / "other")
    assert not is_series_folder(tmp_path / "other" / "one.dcm")
    assert not is_series_folder(tmp_path / "none")
