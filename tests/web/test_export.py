"""Masks taken away as files."""

import gzip
import hashlib
import io
import json
import zipfile

import nibabel
import numpy as np
import pydicom
import pytest
from clinical_files import ct_slice, saved
from PIL import Image as PillowImage
from web_server import client_of, decoded, fake_model, png, segment, two_squares, upload

from lingseg.datasets.folder import read_folder
from lingseg.web.held_image import HeldImage


def layers_of(client, image, *texts, **more):
    """Layers as the page would send them."""
    answers = segment(client, image, *texts).json()["results"]
    return [{"text": one["text"], "mask": one["mask"], **more} for one in answers]


def export(client, image, layers, kind, **more):
    """Ask for a file."""
    return client.post(
        "/v1/export", json={"image": image, "layers": layers, "format": kind, **more}
    )


@pytest.fixture
def series(client):
    return upload_series(client)


def upload_series(client):
    """Upload three slices and return what is told of their volume."""
    files = [
        ("files", (f"{n}.dcm", saved(ct_slice(n, PatientName="Doe^Jane", PatientID="P-4711"))))
        for n in range(3)
    ]
    return client.post("/v1/images", files=files).json()["images"][0]


def test_one_mask_is_a_png_and_several_are_an_archive(client):
    image = upload(client)["id"]
    layers = layers_of(client, image, "left", "right")
    alone = export(client, image, layers[:1], "png")
    pixels = np.asarray(PillowImage.open(io.BytesIO(alone.content)))
    assert (pixels == decoded(layers[0]["mask"]) * 255).all()
    assert "mask-01--left.png" in alone.headers["content-disposition"]
    both = zipfile.ZipFile(io.BytesIO(export(client, image, layers, "png").content))
    assert both.namelist() == ["mask-01--left.png", "mask-02--right.png"]


def test_a_nifti_mask_lies_on_the_volume(client, series):
    layers = layers_of(client, series["id"], "left")
    made = export(client, series["id"], layers, "nifti")
    mask = nibabel.Nifti1Image.from_bytes(gzip.decompress(made.content))
    packed = client.get(f"/v1/images/{series['id']}/volume.nii.gz").content
    volume = nibabel.Nifti1Image.from_bytes(gzip.decompress(packed))
    assert mask.shape == volume.shape
    assert np.allclose(mask.affine, volume.affine)
    expected = sum(int(decoded(one).sum()) for one in layers[0]["mask"].values())
    assert mask.get_fdata().sum() == expected > 0


def test_the_slices_are_decoded_once_for_all_masks(client, series, monkeypatch):
    layers = layers_of(client, series["id"], "left", "right", "bright")
    decoded_slices, genuine = [], HeldImage.slice
    monkeypatch.setattr(
        HeldImage, "slice", lambda held, one: decoded_slices.append(one) or genuine(held, one)
    )
    export(client, series["id"], layers, "dicom-seg")
    assert decoded_slices == [0, 1, 2]


@pytest.mark.parametrize("is_deidentified", [False, True])
def test_a_dicom_segmentation_speaks_of_the_patient_unless_it_must_not(
    client, series, is_deidentified
):
    layers = layers_of(client, series["id"], "left")
    made = export(client, series["id"], layers, "dicom-seg", is_deidentified=is_deidentified)
    dataset = pydicom.dcmread(io.BytesIO(made.content))
    assert dataset.Modality == "SEG"
    assert ("Doe" in str(dataset.PatientName)) != is_deidentified
    assert dataset.pixel_array.any()


def test_a_picture_that_is_no_dicom_cannot_become_dicom(client):
    image = upload(client)["id"]
    answer = export(client, image, layers_of(client, image, "left"), "dicom-seg")
    assert (answer.status_code, answer.json()["code"]) == (422, "not-exportable")
    assert "--" not in answer.json()["problem"]


def test_coco_holds_all_masks_of_the_picture(client):
    image = upload(client)["id"]
    layers = [
        *(layer | {"confidence": 0.9} for layer in layers_of(client, image, "left", "right")),
        *layers_of(client, image, "left", is_corrected=True),
    ]
    told = json.loads(export(client, image, layers, "coco").text)
    assert [one["name"] for one in told["categories"]] == ["right", "left"]
    by_model, by_person = told["annotations"]  # a correction takes the place of its answer
    assert (by_model["score"], "is_corrected" in by_model) == (0.9, False)
    assert ("score" in by_person, by_person["is_corrected"]) == (False, True)
    assert told["images"] == [{"id": 1, "file_name": "a.png", "height": 40, "width": 60}]


def test_the_file_of_one_slice_names_the_slice(client, series):
    layers = layers_of(client, series["id"], "left")
    (picture,) = json.loads(export(client, series["id"], layers, "coco", slice=1).text)["images"]
    assert (picture["volume"], picture["slice"]) == (series["name"], 1)
    assert picture["file_name"] == "0--slice-2-of-3.png"
    alone = export(client, series["id"], layers, "png", slice=1)
    assert "mask-01--left--slice-2-of-3.png" in alone.headers["content-disposition"]


@pytest.mark.parametrize("kind", ["png", "coco"])
def test_a_file_without_the_patient_has_no_name_of_the_picture(client, kind):
    image = upload(client, name="Jane-Doe.png")["id"]
    made = [
        export(client, image, layers_of(client, image, "left"), kind, is_deidentified=True)
        for _ in range(2)
    ]
    assert "Doe" not in made[0].text + made[0].headers["content-disposition"]
    if kind == "coco":
        assert made[0].text == made[1].text


def test_a_session_holds_picture_masks_and_what_a_person_did(client):
    image = upload(client)["id"]
    layers = layers_of(client, image, "left", is_corrected=True, colour="#ff0000", note="mine")
    made = export(client, image, layers, "zip")
    whole = zipfile.ZipFile(io.BytesIO(made.content))
    assert sorted(whole.namelist()) == [
        "masks/mask-01--left--corrected.png",
        "picture.png",
        "session.json",
    ]
    shown = np.asarray(PillowImage.open(io.BytesIO(whole.read("picture.png"))))
    assert (shown == two_squares()).all()
    told = json.loads(whole.read("session.json"))
    assert "not a medical device" in told["note"]
    (layer,) = told["layers"]
    assert (layer["is_corrected"], layer["colour"], layer["remark"]) == (True, "#ff0000", "mine")
    assert layer["model_sha256"] == client.get("/v1/model").json()["sha256"]
    assert (layer["confidence"], layer["presence"]) == (None, None)


def session_of(made):
    """The records of a session, and the names of its files."""
    whole = zipfile.ZipFile(io.BytesIO(made.content))
    return json.loads(whole.read("session.json")), whole.namelist()


def test_what_the_model_was_sure_of_is_told_of_its_own_answers_only(client, series):
    told = {"confidence": 0.7, "presence": 0.8}
    layers = [
        *layers_of(client, series["id"], "left", **told),
        *layers_of(client, series["id"], "left", is_corrected=True, corrected_slices=[1], **told),
        *layers_of(client, series["id"], "left", is_painted=True, **told),
    ]
    session, names = session_of(export(client, series["id"], layers, "zip"))
    answer, corrected, painted = session["layers"]
    assert [(one["confidence"], one["presence"]) for one in session["layers"]] == [
        (0.7, 0.8), (None, None), (None, None)
    ]  # fmt: skip
    assert [one["is_corrected"] for one in session["layers"]] == [False, True, True]
    assert [one["slice_confidences"] for one in session["layers"]] == [None] * 3
    assert corrected["corrected_slices"] == [1]
    assert (answer["threshold"], corrected["threshold"]) == (0.5, None)  # no one cut it there
    assert (painted["model"], painted["model_sha256"], painted["threshold"]) == (None,) * 3
    assert answer["model"] == "fake"
    assert [name for name in names if name.startswith("masks/")] == [
        "masks/mask-01--left.nii.gz",
        "masks/mask-02--left--corrected.nii.gz",
        "masks/mask-03--left--painted.nii.gz",
    ]


@pytest.mark.parametrize("kind", ["picture", "volume"])
def test_a_session_tells_of_the_model_s_answers_which_are_unsure(kind, tmp_path):
    with client_of(fake_model(tmp_path, presence_sure_from=0.8)) as client:
        image = upload(client) if kind == "picture" else upload_series(client)
        layers = [
            *layers_of(client, image["id"], "left", presence=0.7),
            *layers_of(client, image["id"], "left", presence=0.9),
            *layers_of(client, image["id"], "left", presence=0.7, is_painted=True),
        ]
        session, _ = session_of(export(client, image["id"], layers, "zip"))
    assert [one["verdict"] for one in session["layers"]] == ["unsure", "found", None]


def test_a_correction_names_its_answer_and_each_slice_its_own_confidence(client, series):
    layers = [
        *layers_of(client, series["id"], "left", id=1, slice_confidences={"0": 0.7, "2": 0.4}),
        *layers_of(client, series["id"], "right", id=2),
        *layers_of(client, series["id"], "left", id=3, corrects=2, is_corrected=True),
    ]
    session, _ = session_of(export(client, series["id"], layers, "zip"))
    assert session["layers"][0]["slice_confidences"] == [0.7, None, 0.4]
    told = json.loads(export(client, series["id"], layers, "coco", slice=1).text)
    assert len(told["annotations"]) == 2  # the answer of the same sentence is another's
    assert [one["name"] for one in told["categories"]] == ["left"]


def test_a_session_without_the_patient_has_neither_picture_nor_what_leads_to_it(client):
    data = png(two_squares())
    image = upload(client, data, name="Jane-Doe.png")["id"]
    layers = layers_of(client, image, "left", note="of Jane Doe")
    made = export(client, image, layers, "zip", is_deidentified=True)
    session, names = session_of(made)
    assert names == ["masks/mask-01.png", "session.json"]
    assert "Doe" not in json.dumps(session)
    assert hashlib.sha256(data).hexdigest() not in json.dumps(session)
    assert session["layers"][0]["text"] == "left"


def test_a_data_set_without_the_patient_has_no_notes_and_no_text_in_its_pixels(client):
    image = upload(client)["id"]
    layers = layers_of(client, image, "left", note="of Jane Doe")
    made = export(client, image, layers, "dataset", is_deidentified=True)
    packed = zipfile.ZipFile(io.BytesIO(made.content))
    assert all(b"Doe" not in packed.read(name) for name in packed.namelist())
    burned = saved(ct_slice(0, BurnedInAnnotation="YES"))
    image = upload(client, burned, name="a.dcm")["id"]
    layers = layers_of(client, image, "left")
    refused = export(client, image, layers, "dataset", is_deidentified=True)
    assert (refused.status_code, refused.json()["code"]) == (422, "not-exportable")
    assert export(client, image, layers, "dataset").status_code == 200


def test_a_correction_takes_the_place_of_its_answer_in_a_data_set(client, tmp_path):
    image = upload(client)["id"]
    (answer,) = layers_of(client, image, "the left tumor")
    (other,) = layers_of(client, image, "the right tumor")
    corrected = {**answer, "mask": other["mask"], "is_corrected": True}
    made = export(client, image, [answer, corrected], "dataset")
    zipfile.ZipFile(io.BytesIO(made.content)).extractall(tmp_path)
    (case,) = read_folder(tmp_path / "annotations").split("train")
    assert case.columns["is_corrected"] == "yes"
    mask = np.asarray(PillowImage.open(case.mask)) > 0
    assert (mask == decoded(corrected["mask"])).all()


def test_only_the_slices_that_a_person_changed_are_told_to_be_corrected(client, series, tmp_path):
    layers = layers_of(client, series["id"], "left", is_corrected=True, corrected_slices=[1])
    some = next(iter(layers[0]["mask"].values()))
    layers[0]["mask"] = {str(number): some for number in range(3)}
    made = export(client, series["id"], layers, "dataset")
    zipfile.ZipFile(io.BytesIO(made.content)).extractall(tmp_path)
    cases = read_folder(tmp_path / "annotations").split("train")
    assert sorted(case.columns["is_corrected"] for case in cases) == ["no", "no", "yes"]


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        ({}, "AUTOMATIC"),
        ({"is_corrected": True}, "SEMIAUTOMATIC"),
        ({"is_painted": True}, "MANUAL"),
    ],
)
def test_a_dicom_segmentation_tells_whose_work_it_is(client, series, layer, kind):
    made = export(
        client, series["id"], layers_of(client, series["id"], "left", **layer), "dicom-seg"
    )
    (segment,) = pydicom.dcmread(io.BytesIO(made.content)).SegmentSequence
    assert segment.SegmentAlgorithmType == kind


def test_a_corrected_session_is_a_data_set_that_training_reads(client, tmp_path):
    image = upload(client)["id"]
    layers = layers_of(client, image, "the left tumor", "the right tumor", is_corrected=True)
    made = export(client, image, layers, "dataset")
    zipfile.ZipFile(io.BytesIO(made.content)).extractall(tmp_path)
    cases = read_folder(tmp_path / "annotations").split("train")
    assert [case.text for case in cases] == ["the left tumor", "the right tumor"]
    mask = np.asarray(PillowImage.open(cases[0].mask)) > 0
    assert (mask == decoded(layers[0]["mask"])).all()


def test_a_volume_s_data_set_holds_the_slices_that_have_something(client, series, tmp_path):
    layers = layers_of(client, series["id"], "the left tumor")
    made = export(client, series["id"], layers, "dataset")
    zipfile.ZipFile(io.BytesIO(made.content)).extractall(tmp_path)
    cases = read_folder(tmp_path / "annotations").split("train")
    assert len(cases) == len(layers[0]["mask"])
    assert "4711" not in (tmp_path / "annotations" / "train.csv").read_text()


def test_nothing_stays_in_the_private_folder(client):
    image = upload(client)["id"]
    for kind in ("png", "zip", "coco", "dataset"):
        export(client, image, layers_of(client, image, "left"), kind)
    assert [one.name for one in client.app.state.service.workspace.path.iterdir()] == ["lock"]


def test_too_many_masks_and_masks_of_no_slice_are_refused(client, series):
    layers = layers_of(client, series["id"], "left")
    runs = next(iter(layers[0]["mask"].values()))
    assert export(client, series["id"], layers * 33, "zip").json()["code"] == "too-many"
    beyond = [{"text": "left", "mask": {"3": runs}}]
    refused = export(client, series["id"], beyond, "nifti")
    assert refused.status_code == 422
    asked = {"image": series["id"], "mask": {"3": runs}, "command": "grow 2 pixels"}
    assert client.post("/v1/edit", json=asked).json() == refused.json()
    flat = [{"text": "left", "mask": runs}]
    assert export(client, series["id"], flat, "nifti").status_code == 422
