"""Sentences on images, and masks changed by words."""

import base64
import io

import numpy as np
import pytest
from clinical_files import ct_slice, saved
from PIL import Image as PillowImage
from web_server import client_of, decoded, fake_model, png, segment, two_squares, upload

from lingseg.cli.main import run as run_command
from lingseg.web import Limits
from lingseg.web.answers import in_doubt, in_words, verdict_of


def ct_volume(client, bright=(1,)):
    """Three slices, of which some are bright in their left half."""
    files = []
    for number in range(3):
        pixels = np.zeros((8, 12), dtype=np.int16)
        pixels[:, :6] = 2000 if number in bright else 1
        files.append(("files", (f"{number}.dcm", saved(ct_slice(number, pixels=pixels)))))
    return client.post("/v1/images", files=files).json()["images"][0]


def test_each_sentence_gets_its_mask_on_the_picture_s_own_grid(client):
    image = upload(client)["id"]
    left, right, nothing = segment(
        client, image, "the left square", "the right square", "nothing bright"
    ).json()["results"]
    bright = two_squares() > 0
    in_left = np.arange(60) < 30
    assert (decoded(left["mask"]) == bright & in_left).mean() > 0.95
    assert (decoded(right["mask"]) == bright & ~in_left).mean() > 0.95
    assert left["area_pixels"] == decoded(left["mask"]).sum()
    assert (left["verdict"], nothing["verdict"]) == ("found", "not found")
    assert nothing["sentence_for_people"].startswith("Not found, ")
    assert not decoded(nothing["mask"]).any()


def test_the_png_is_byte_for_byte_what_predict_writes(client, tmp_path, model):
    (tmp_path / "a.png").write_bytes(png(two_squares()))
    command = ["predict", str(tmp_path / "a.png"), "-p", "the left square", "-o"]
    bundle = ["--model", str(model.path), "--quiet"]
    assert run_command([*command, str(tmp_path / "out"), *bundle]) == 0
    (written,) = (tmp_path / "out").glob("*.png")
    image = upload(client)["id"]
    body = {"image": image, "sentences": [{"text": "the left square"}]}
    answer = client.post("/v1/segment", json=body, headers={"Accept": "image/png"})
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == written.read_bytes()


def test_a_picture_is_encoded_once_however_often_it_is_asked(client, monkeypatch):
    encodings = []
    encode = type(client.app.state.service.model).encode_whole
    monkeypatch.setattr(
        type(client.app.state.service.model),
        "encode_whole",
        lambda self, *args, **more: encodings.append(1) or encode(self, *args, **more),
    )
    image = upload(client)["id"]
    for text in ("left", "right", "left"):
        assert segment(client, image, text).status_code == 200
    assert len(encodings) == 1
    assert client.get(f"/v1/images/{image}").json()["is_encoded"]


def test_an_encoding_that_had_to_go_is_made_again(model):
    with client_of(model, limits=Limits(encoded_bytes=1)) as client:
        image = upload(client)["id"]
        first, second = (segment(client, image, "left").json()["results"] for _ in range(2))
        assert first == second
        assert client.app.state.service.encodings.num_bytes <= 1


def test_a_volume_is_drawn_slice_by_slice_and_a_slice_by_itself(client):
    image = ct_volume(client)["id"]
    (whole,) = segment(client, image, "left").json()["results"]
    assert set(whole["mask"]) == {"1"}
    assert whole["found_slices"] == [1]
    assert whole["area_pixels"] == decoded(whole["mask"]["1"]).sum() > 0
    assert whole["volume_ml"] == pytest.approx(whole["area_pixels"] * 3e-3)
    (one,) = segment(client, image, "left", slice=1).json()["results"]
    assert one["mask"] == whole["mask"]["1"]
    (other,) = segment(client, image, "left", slice=0).json()["results"]
    assert not other["is_found"]


@pytest.mark.parametrize(
    ("is_found", "confidence", "verdict", "words"),
    [
        (True, 0.87, "found", "Found, 87 % sure."),
        (False, 0.934, "not found", "Not found, 93 % sure."),
        (True, 0.5, "unsure", "Perhaps found, only 50 % sure."),
        (False, 0.01, "unsure", "Nothing drawn, but only 1 % sure that it is not there."),
    ],
)
def test_a_verdict_is_said_in_words_that_a_person_can_act_on(is_found, confidence, verdict, words):
    assert verdict_of(is_found=is_found, confidence=confidence) == verdict
    assert in_words(verdict, is_found=is_found, confidence=confidence) == words


def test_what_may_not_be_there_is_drawn_and_said_to_be_unsure(tmp_path):
    with client_of(fake_model(tmp_path, presence_sure_from=0.9999999)) as client:
        assert client.get("/v1/model").json()["presence_sure_from"] == 0.9999999
        image = upload(client)["id"]
        drawn, nothing = segment(client, image, "left", "nothing bright").json()["results"]
    assert (drawn["is_found"], drawn["verdict"]) == (True, "unsure")
    assert decoded(drawn["mask"]).any()
    said = drawn["sentence_for_people"]
    assert said == "Unsure, 99 %: this is drawn, but it may not be there."
    assert nothing["verdict"] == "not found"


@pytest.mark.parametrize(("presence", "told"), [(0.616, "Unsure, 62 %: "), (None, "Unsure: ")])
def test_a_doubt_names_the_probability_of_presence(presence, told):
    assert in_doubt(presence).startswith(told)


def test_a_sentence_of_which_nothing_is_understood_is_told_so_before_all_else(client):
    image = upload(client)["id"]
    *strange, known = segment(client, image, "asdf qwer", "?", "asdf left").json()["results"]
    for one in strange:
        assert one["is_found"]
        assert (one["understood"], one["verdict"]) == (False, "unsure")
        assert one["sentence_for_people"].startswith("Nothing of this sentence was understood.")
    assert (known["understood"], known["verdict"]) == (True, "found")


def test_an_empty_mask_of_a_sentence_that_also_denies_is_no_finding(client):
    image = upload(client)["id"]
    asked = ["one bright tumor, nothing but no cyst", "one bright tumor, no cyst"]
    nothing, something = segment(client, image, *asked).json()["results"]
    assert nothing["verdict"] == "not found"  # a word was not understood, so nothing is claimed
    assert something["verdict"] == "found"
    assert something["facts"]["affirmed"] == "one bright tumor"


def test_the_person_is_told_to_ask_what_is_there_by_itself(client):
    image = upload(client, png(two_squares() * 0))["id"]
    text = "One opacity in the right lung. No pneumothorax."
    (answer,) = segment(client, image, text).json()["results"]
    assert answer["verdict"] == "unsure"
    assert answer["sentence_for_people"].endswith(" One opacity in the right lung.")
    assert answer["disagreements"] == [
        "the sentence says one opacity in the right lung is there, the mask is empty"
    ]


def test_what_the_model_never_heard_of_is_told(tmp_path):
    trained_on = [{"name": "busi", "licence": "CC0-1.0", "citation": ""}]
    with client_of(fake_model(tmp_path, trained_on=trained_on)) as client:
        image = upload(client)["id"]
        asked = segment(client, image, "the left kidney", "the left tumor").json()["results"]
    assert [one["notices"] for one in asked] == [
        ["No sentence that this model learnt from speaks of kidney: the mask may be of something "
         "else."],
        [],
    ]  # fmt: skip


def test_a_side_that_the_picture_does_not_show_is_told(client):
    sagittal = saved(ct_slice(0, ImageOrientationPatient=[0, 1, 0, 0, 0, -1]))
    image = upload(client, sagittal, name="a.dcm")
    assert image["patient_left"] == "neither"
    sentences = [{"text": "left", "side": side} for side in ("patient", "image")]
    asked = client.post("/v1/segment", json={"image": image["id"], "sentences": sentences}).json()
    by_patient, by_picture = (one["notices"] for one in asked["results"])
    assert by_patient[0].startswith("The sentence means the patient's left and right")
    assert by_picture == []


def test_probabilities_come_as_grey_when_asked_for(client):
    image = upload(client)["id"]
    (answer,) = segment(client, image, "left", probabilities=True).json()["results"]
    steps = np.asarray(PillowImage.open(io.BytesIO(base64.b64decode(answer["probabilities"]))))
    assert steps.shape == (40, 60)
    above = steps / 255 >= answer["threshold"]
    assert (above == decoded(answer["mask"])).mean() > 0.999


def test_a_higher_threshold_draws_less(client):
    image = upload(client)["id"]
    areas = [
        segment(client, image, "left", threshold=t).json()["results"][0]["area_pixels"]
        for t in (0.01, 0.99)
    ]
    assert areas[0] > areas[1]


def test_the_patient_s_left_is_the_picture_s_right(client):
    image = upload(client)["id"]
    sentences = [{"text": "left", "side": "patient"}, {"text": "right", "side": "image"}]
    answer = client.post("/v1/segment", json={"image": image, "sentences": sentences}).json()
    first, second = answer["results"]
    assert first["mask"] == second["mask"]
    assert first["side"] == "patient"


def test_a_file_and_its_sentence_can_come_together(client):
    answer = client.post(
        "/v1/segment",
        files={"file": ("a.png", png(two_squares()))},
        data={"sentences": '[{"text": "left"}, "right"]'},
    )
    assert [one["text"] for one in answer.json()["results"]] == ["left", "right"]
    alone = client.post(
        "/v1/segment", files={"file": ("a.png", png(two_squares()))}, data={"sentences": "left"}
    )
    assert alone.json()["results"][0] == answer.json()["results"][0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"image": "nobody", "sentences": [{"text": "left"}]}, "unknown-image"),
        ({"image": "HERE", "sentences": [{"text": "   "}]}, "bad-sentence"),
        ({"image": "HERE", "sentences": []}, "bad-request"),
        ({"image": "HERE", "sentences": [{"text": "left"}], "treshold": 0.5}, "bad-request"),
        ({"image": "HERE", "sentences": [{"text": "left"}], "threshold": 1.5}, "bad-request"),
        ({"image": "HERE", "sentences": [{"text": "left"}] * 17}, "too-many"),
        ({"image": "HERE", "sentences": [{"text": "left"}], "slice": 3}, "bad-request"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_by_a_code(client, body, code):
    image = upload(client)["id"]
    body = body | {"image": image if body["image"] == "HERE" else body["image"]}
    answer = client.post("/v1/segment", json=body)
    assert answer.status_code in (404, 422)
    assert answer.json()["code"] == code


def test_a_sentence_and_a_mask_that_disagree_are_told(client):
    image = upload(client)["id"]
    (answer,) = segment(client, image, "three bright tumors").json()["results"]
    assert any("three" in line for line in answer["disagreements"])


def test_a_struck_word_tells_the_pixels_that_it_carried(client):
    image = upload(client)["id"]
    answer = client.post("/v1/strike", json={"image": image, "text": "left square"}).json()
    left, square = answer["words"]
    assert (left["word"], left["start"], left["end"]) == ("left", 0, 4)
    assert left["gained_pixels"] > 0
    assert (square["gained_pixels"], square["lost_pixels"]) == (0, 0)
    steps = np.asarray(PillowImage.open(io.BytesIO(base64.b64decode(left["map"]))))
    assert steps[25:33, 45:50].max() < 128
    assert steps[0, 0] == 128


def test_a_command_changes_a_mask_and_says_what_it_did(client):
    image = upload(client)["id"]
    (both,) = segment(client, image, "bright").json()["results"]
    body = {"image": image, "mask": both["mask"], "command": "keep the largest"}
    edited = client.post("/v1/edit", json=body).json()
    assert 0 < decoded(edited["mask"]).sum() < both["area_pixels"]
    assert "Kept the largest part" in edited["done"]
    assert edited["understood"][0]["action"] == "keep"
    again = client.post("/v1/edit", json=body | {"command": "sing a song"})
    assert (again.status_code, again.json()["code"]) == (422, "bad-command")


def test_a_command_on_a_volume_changes_all_its_slices(client):
    image = ct_volume(client, bright=(0, 2))["id"]
    (whole,) = segment(client, image, "left").json()["results"]
    body = {"image": image, "mask": whole["mask"], "command": "remove everything"}
    assert client.post("/v1/edit", json=body).json()["mask"] == {}
    body["mask"] = {"9": whole["mask"]["0"]}
    assert client.post("/v1/edit", json=body).status_code == 422


def test_a_mask_of_another_size_is_refused(client):
    image = upload(client)["id"]
    mask = {"size": [2, 3], "counts": [6]}
    body = {"image": image, "mask": mask, "command": "keep the largest"}
    answer = client.post("/v1/edit", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")
    body["mask"] = {"size": [40, 60], "counts": [5]}
    assert "2,400" in client.post("/v1/edit", json=body).json()["problem"]
