import zipfile

import numpy as np
import pytest
from clinical_files import (
    blank,
    ct_slice,
    film,
    save_series,
    saved,
    stored_values,
    ultrasound,
)
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage, RTDoseStorage

from lingseg.imaging.film_folder import films_in
from lingseg.imaging.reading import read_pictures, read_volume
from lingseg.imaging.zipped import list_zip


def names(folder):
    return [path.name for path in films_in(folder)]


def numbered(count, **tags):
    return [film(SOPInstanceUID=f"1.2.3.7.{n}", InstanceNumber=n, **tags) for n in range(count)]


def test_two_views_of_one_series_are_films_whatever_their_size(tmp_path):
    front, side = numbered(2)
    assert names(save_series(tmp_path / "same", [front, side])) == ["000", "007"]
    side = film(np.zeros((5, 6), np.uint16), SOPInstanceUID="1.2.3.7.2")
    assert names(save_series(tmp_path / "other", [front, side])) == ["000", "007"]


def test_a_film_by_itself_is_a_film(tmp_path):
    assert names(save_series(tmp_path / "one", [film()])) == ["000"]


def test_stills_and_loops_of_an_ultrasound_are_films(tmp_path):
    still = stored_values(dtype=np.uint8)
    both = [ultrasound(np.stack([one] * 3, axis=-1)) for one in (still, np.stack([still] * 2))]
    assert names(save_series(tmp_path / "exam", both)) == ["000", "007"]


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "NM"])
def test_a_series_of_what_takes_slices_is_none_of_films(tmp_path, modality):
    assert names(save_series(tmp_path / "series", numbered(2, Modality=modality))) == []


def test_slices_that_tell_their_place_are_no_films(tmp_path):
    assert names(save_series(tmp_path / "ct", [film(), ct_slice()])) == []


def test_a_film_whose_modality_cannot_be_read_is_left_to_its_reader(tmp_path):
    folder = save_series(tmp_path / "films", numbered(2))
    damaged = folder / "000"
    damaged.write_bytes(
        damaged.read_bytes().replace(b"\x08\x00\x60\x00CS", b"\x08\x00\x60\x00C\x13")
    )
    assert names(folder) == ["000", "007"]


def test_what_belongs_to_films_but_shows_nothing_is_passed_over(tmp_path):
    state = blank(GrayscaleSoftcopyPresentationStateStorage, "PR")
    assert names(save_series(tmp_path / "study", [film(), state])) == ["000"]
    assert names(save_series(tmp_path / "states", [state])) == []


@pytest.mark.parametrize("content", [b"", b"<html>log in</html>"])
def test_a_file_that_is_called_dicom_is_not_passed_over(tmp_path, content):
    folder = save_series(tmp_path / "films", [film()])
    (folder / "broken.dcm").write_bytes(content)
    (folder / "notes.txt").write_bytes(content)
    assert names(folder) == ["000", "broken.dcm"]
    (folder / "000").unlink()
    assert names(folder) == []


def test_doses_in_the_folder_of_a_scan_are_passed_over(tmp_path):
    folder = save_series(tmp_path / "study", [ct_slice(n) for n in range(3)])
    dose = ct_slice(7, SeriesInstanceUID="1.2.3.99", Modality="RTDOSE")
    dose.SOPClassUID = dose.file_meta.MediaStorageSOPClassUID = RTDoseStorage
    (folder / "dose").write_bytes(saved(dose))
    assert names(folder) == []
    assert len(read_volume(folder)) == 3


def test_films_in_a_zip_are_pictures_each_and_slices_one_volume(tmp_path):
    for name, slices in (("films", numbered(2)), ("ct", [ct_slice(n) for n in range(2)])):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for number, one in enumerate(slices):
                archive.writestr(f"study/IM{number}", saved(one))
    films = tmp_path / "films.zip"
    assert list_zip(films) == [films / "study" / "IM0", films / "study" / "IM1"]
    np.testing.assert_array_equal(
        read_pictures(list_zip(films)[1]).pixels, stored_values(dtype=np.uint16)
    )
    assert list_zip(tmp_path / "ct.zip") == [tmp_path / "ct.zip"]
