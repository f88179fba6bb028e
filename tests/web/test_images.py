"""Pictures in, out and gone."""

import gzip
import io
import json
import time
import zipfile

import nibabel
import numpy as np
import pytest
from clinical_files import ct_slice, film, nifti, saved
from PIL import Image as PillowImage
from web_server import client_of, png, two_squares, upload

from lingseg.web import Limits


def test_an_upload_is_told_and_its_pixels_come_back_as_they_were(client):
    info = upload(client)
    assert (info["kind"], info["width"], info["height"], info["slices"]) == ("picture", 60, 40, 1)
    assert info["bits"] == 8
    assert info["window"] is None
    shown = client.get(f"/v1/images/{info['id']}/pixels")
    assert shown.headers["content-type"] == "image/png"
    assert (np.asarray(PillowImage.open(io.BytesIO(shown.content))) == two_squares()).all()


def test_the_files_of_a_series_become_one_volume_and_another_picture_stands_alone(client):
    files = [("files", (f"{n}.dcm", saved(ct_slice(n)))) for n in range(3)]
    files.append(("files", ("b.png", png(two_squares()))))
    answer = client.post("/v1/images", files=files).json()
    volume, picture = sorted(answer["images"], key=lambda one: one["kind"], reverse=True)
    assert (volume["slices"], volume["modality"], volume["plane"]) == (3, "CT", "axial")
    assert volume["spacing_mm"] == [0.5, 2.0, 3.0]
    assert volume["patient_left"] == "right"
    assert volume["edges"] == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert (picture["kind"], picture["name"], picture["edges"]) == ("picture", "b.png", None)
    assert answer["problems"] == []


def test_deep_grey_comes_in_16_bits_with_what_its_steps_stand_for(client):
    slices = [ct_slice(n) for n in range(2)]
    answer = client.post("/v1/images", files=[("files", ("x", saved(one))) for one in slices])
    info = answer.json()["images"][0]
    assert info["bits"] == 16
    for number, source in enumerate(slices):
        shown = client.get(f"/v1/images/{info['id']}/pixels", params={"slice": number})
        stored = np.asarray(PillowImage.open(io.BytesIO(shown.content))).astype(float)
        low, step = map(float, shown.headers["x-lingseg-scale"].split())
        assert (low + step * stored == source.pixel_array - 1024.0).all()
    assert info["window"]["low"] < info["window"]["high"]


def test_voxels_of_the_nifti_are_column_row_slice_with_the_affine_of_the_source(client):
    voxels = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    info = upload(client, gzip.compress(nifti(voxels, affine)), "v.nii.gz")
    assert (info["kind"], info["slices"], info["width"], info["height"]) == ("volume", 6, 4, 5)
    packed = client.get(f"/v1/images/{info['id']}/volume.nii.gz").content
    back = nibabel.Nifti1Image.from_bytes(gzip.decompress(packed))
    assert back.shape == (4, 5, 6)
    for index in [(0, 0, 0), (3, 1, 2), (1, 4, 5)]:
        where = np.linalg.inv(affine) @ back.affine @ [*index, 1]
        assert back.get_fdata()[index] == voxels[tuple(np.rint(where[:3]).astype(int))]


def test_every_picture_of_an_archive_is_held(client):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("one/a.png", png(two_squares()))
        packed.writestr("two/b.png", png(two_squares()[:20]))
        packed.writestr("notes.txt", "nothing to see")
    answer = client.post("/v1/images", files=[("files", ("both.zip", stream.getvalue()))]).json()
    assert sorted(one["name"] for one in answer["images"]) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.png", b"", "empty"),
        ("a.png", b"hello", "not a PNG"),
        ("a.dcm", b"\0" * 128 + b"DICM", "DICOM"),
        ("a.zip", b"PK\x03\x04nothing", "zip archive"),
        ("a.png", png(two_squares())[:60], "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line_without_a_path(client, name, data, says):
    answer = client.post("/v1/images", files=[("files", (f"/data/jane/{name}", data))])
    told = answer.json()
    assert answer.status_code == 422
    assert told["code"] == "unreadable"
    assert says in told["problem"]
    assert "/data" not in told["problem"]
    assert "\n" not in told["problem"]


def test_good_files_are_kept_where_others_are_refused(client):
    files = [("files", ("a.png", png(two_squares()))), ("files", ("b.txt", b"hello"))]
    answer = client.post("/v1/images", files=files)
    assert answer.status_code == 201
    assert [one["name"] for one in answer.json()["problems"]] == ["b.txt"]
    assert len(answer.json()["images"]) == 1


def test_a_locked_archive_is_refused_in_words(client):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("a.png", png(two_squares()))
    data = bytearray(stream.getvalue())
    central = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    answer = client.post("/v1/images", files=[("files", ("a.zip", bytes(data)))])
    assert answer.status_code == 422
    assert "password" in answer.json()["problem"]


def test_a_removed_image_is_gone_with_what_was_made_of_it(client):
    image = upload(client)["id"]
    client.post("/v1/segment", json={"image": image, "sentences": [{"text": "bright"}]})
    service = client.app.state.service
    assert service.encodings.num_bytes > 0
    assert client.delete(f"/v1/images/{image}").status_code == 204
    assert service.encodings.num_bytes == 0
    assert len(service.images) == 0
    answer = client.get(f"/v1/images/{image}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-image")


def test_an_image_that_nobody_asks_for_expires(model):
    with client_of(model, limits=Limits(expiry=0.05)) as client:
        image = upload(client)["id"]
        time.sleep(0.1)
        assert client.get(f"/v1/images/{image}").status_code == 404
        client.app.state.service.sweep()
        assert len(client.app.state.service.images) == 0


def test_a_full_store_says_when_to_come_back_and_old_images_give_way(model):
    with client_of(model, limits=Limits(images=1, grace=60.0)) as client:
        upload(client)
        answer = client.post("/v1/images", files=[("files", ("b.png", png(two_squares())))])
        assert (answer.status_code, answer.json()["code"]) == (429, "full")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    with client_of(model, limits=Limits(images=1, grace=0.01)) as client:
        first = upload(client)["id"]
        time.sleep(0.05)
        upload(client)
        assert client.get(f"/v1/images/{first}").status_code == 404
        assert len(client.app.state.service.images) == 1


def test_a_slice_that_is_not_there_is_a_plain_mistake_of_the_client(client):
    image = upload(client)["id"]
    answer = client.get(f"/v1/images/{image}/pixels", params={"slice": 7})
    assert answer.status_code == 422
    assert "Slice 7" in answer.json()["problem"]


def test_a_screen_capture_is_warned_of(client):
    told = upload(client, saved(film(BurnedInAnnotation="YES")), "a.dcm")
    assert any("burned" in line for line in told["warnings"])


def test_names_in_a_dicom_header_are_not_told(client):
    files = [("files", ("a.dcm", saved(film(PatientName="Doe^Jane", PatientID="P-4711"))))]
    told = json.dumps(client.post("/v1/images", files=files).json())
    assert "Doe" not in told
    assert "4711" not in told


def test_an_example_is_opened_as_if_it_were_uploaded(client):
    listed = client.get("/v1/examples").json()
    assert {one["name"] for one in listed} >= {"phantom-25.png", "isic-0000013.jpg"}
    assert all(one["sentences"] and "CC0" in one["licence"] for one in listed)
    small = client.get(listed[0]["thumbnail"])
    assert max(PillowImage.open(io.BytesIO(small.content)).size) <= 160
    opened = client.post("/v1/examples/phantom-25.png")
    assert opened.status_code == 201
    assert opened.json()["images"][0]["name"] == "phantom-25.png"
    assert client.post("/v1/examples/..%2Fsecret").status_code == 404
