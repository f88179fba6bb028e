"""Pictures of one name are told apart: by what their files hold, and by their folders."""

import csv
import hashlib
import io
import zipfile

import pytest
from web_server import png, segment, two_squares, upload


def test_a_picture_is_told_with_the_hash_of_its_file_and_its_folder(client):
    first, second = png(two_squares()), png(two_squares()[::-1])
    files = [("files", ("anna/1.png", first)), ("files", ("bert/1.png", second))]
    told = client.post("/v1/images", files=files).json()["images"]
    assert [one["name"] for one in told] == ["1.png", "1.png"]
    assert [one["folder"] for one in told] == ["anna", "bert"]
    assert [one["input_hash"] for one in told] == [
        hashlib.sha256(one).hexdigest() for one in (first, second)
    ]
    assert client.get(f"/v1/images/{told[1]['id']}").json()["folder"] == "bert"


def test_the_pictures_of_an_archive_are_told_with_their_folders(client):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for number, name in enumerate(("anna", "bert")):
            packed.writestr(f"{name}/1.png", png(two_squares() + number))
    answer = client.post("/v1/images", files=[("files", ("both.zip", stream.getvalue()))])
    assert {one["folder"] for one in answer.json()["images"]} == {"anna", "bert"}


@pytest.mark.parametrize("folder", ["/data/jane", "..", "C:/jane", "a/../../b"])
def test_where_a_file_lies_on_a_disk_is_not_told(client, folder):
    files = [("files", (f"{folder}/1.png", png(two_squares())))]
    (told,) = client.post("/v1/images", files=files).json()["images"]
    assert (told["name"], told["folder"]) == ("1.png", "")


def test_a_data_set_is_declared_for_the_side_that_was_asked_for(client):
    image = upload(client)["id"]
    answer = segment(client, image, "the left tumor").json()["results"][0]
    layer = {"text": answer["text"], "mask": answer["mask"], "side": "patient"}
    asked = {"image": image, "layers": [layer], "format": "dataset", "dataset_side": "image"}
    made = zipfile.ZipFile(io.BytesIO(client.post("/v1/export", json=asked).content))
    rows = csv.DictReader(io.StringIO(made.read("annotations/train.csv").decode()))
    assert [row["text"] for row in rows] == ["the right tumor"]
    assert b'"image"' in made.read("annotations/dataset.json")
