"""The requests of MONAI Label's own client, as it sends them.

Its package was driven against the server once, by hand; its requests are spelt out here.
"""

import gzip
import io
import json
import zipfile
from email.parser import BytesParser

import nibabel
import numpy as np
import pydicom
import pytest
from clinical_files import ct_slice, nifti, saved
from web_server import client_of, png, two_squares

from lingseg.web import Door

LIMIT = "----------lImIt_of_THE_fIle_eW_$"
KEY = "a-key-of-sixteen-letters"


def as_the_client_sends(fields, files=()):
    """The body that its `encode_multipart_formdata` makes, and its headers."""
    lines = []
    for key, value in fields.items():
        head = f'--{LIMIT}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n'
        lines += [head.encode(), value.encode(), b"\r\n"]
    for key, name, data in files:
        head = f'--{LIMIT}\r\nContent-Disposition: form-data; name="{key}"; filename="{name}"\r\n'
        lines += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", data, b"\r\n"]
    lines.append(f"--{LIMIT}--\r\n\r\n".encode())
    headers = {"content-type": f"multipart/form-data; boundary={LIMIT}"}
    return {"content": b"".join(lines), "headers": headers}


def infer(client, query, params, files=()):
    """Ask for a mask."""
    return client.post(f"/infer/fake?{query}", **as_the_client_sends({"params": params}, files))


def parts_of(answer):
    """The parts of a form that came back: name, file name and bytes of each."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + answer.content).get_payload()
    named = (
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in parts
    )
    return {name: (file_name, data) for name, file_name, data in named}


@pytest.fixture
def volume():
    """A volume with a bright corner in one slice."""
    voxels = np.zeros((12, 8, 3), dtype=np.int16)
    voxels[:6, :, 1] = 900
    return gzip.compress(nifti(voxels, np.diag([2.0, 3.0, 4.0, 1.0])))


@pytest.fixture
def held(client, volume):
    """The volume, given under a name."""
    body = as_the_client_sends({"params": "{}"}, [("file", "/data/v.nii.gz", volume)])
    answer = client.put("/datastore/?image=case-1", **body)
    assert answer.json() == {"image": "case-1"}
    return "case-1"


def test_info_names_one_model_that_takes_a_sentence(client):
    told = client.get("/info/").json()
    assert list(told["models"]) == ["fake"]
    assert "sentence" in told["models"]["fake"]["config"]
    assert told["trainers"] == {}
    assert set(told) >= {"labels", "strategies", "scoring", "train_stats", "datastore", "version"}


def test_a_mask_comes_back_as_a_form_on_the_grid_of_the_file(client, held, volume):
    answer = infer(client, f"image={held}", json.dumps({"sentence": "bright", "client_id": "me"}))
    assert answer.status_code == 200
    parts = parts_of(answer)
    told = json.loads(parts["params"][1])
    assert told["label_names"] == {"bright": 1}
    name, data = parts["image"]
    assert name.endswith(".nii.gz")
    mask = nibabel.Nifti1Image.from_bytes(gzip.decompress(data))
    source = nibabel.Nifti1Image.from_bytes(gzip.decompress(volume))
    assert np.allclose(mask.affine, source.affine)
    assert ((mask.get_fdata() > 0) == (source.get_fdata() > 0)).all()


def test_a_session_holds_an_image_until_it_is_closed(client, volume):
    opened = client.put("/session/", files=[("files", ("v.nii.gz", volume))]).json()
    session = opened["session_id"]
    answer = infer(client, f"image=&session_id={session}", '{"sentence": ["bright"]}')
    assert answer.status_code == 200
    assert client.get(f"/session/{session}").status_code == 200
    assert client.delete(f"/session/{session}").status_code == 200
    assert client.get(f"/session/{session}").status_code == 404


def test_a_file_may_come_along(client, volume):
    files = [("file", "v.nii.gz", volume)]
    answer = infer(client, "image=&output=json", '{"sentence": "bright"}', files)
    assert answer.json()["verdict"] == "found"


def test_a_viewer_in_the_browser_gets_nrrd_by_the_series_uid(client):
    slices = [ct_slice(n) for n in range(3)]
    for one in slices:
        one.SeriesInstanceUID = "1.2.3.99"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as packed:
        for number, one in enumerate(slices):
            packed.writestr(f"{number}.dcm", saved(one))
    body = as_the_client_sends({}, [("file", "series.zip", zipped.getvalue())])
    client.put("/datastore/?image=ct", **body)
    params = {"sentence": "left", "result_extension": ".nrrd", "result_compress": False}
    answer = infer(client, "image=1.2.3.99&output=image", json.dumps(params))
    head, _, data = answer.content.partition(b"\n\n")
    lines = head.decode().splitlines()
    assert lines[0] == "NRRD0004"
    assert "sizes: 10 7 3" in lines
    assert "space directions: (2,0,0) (0,0.5,0) (0,0,3)" in lines
    assert "space origin: (-30,12.5,7)" in lines
    assert len(data) == 10 * 7 * 3
    assert set(data) == {0, 1}
    seg = infer(client, "image=1.2.3.99&output=dicom_seg", json.dumps(params))
    assert pydicom.dcmread(io.BytesIO(seg.content)).Modality == "SEG"


def test_a_saved_label_is_kept_beside_its_image(client, held):
    body = as_the_client_sends({"params": '{"a": 1}'}, [("label", "l.nii.gz", b"a mask")])
    saved_label = client.put(f"/datastore/label?image={held}&tag=final", **body)
    assert saved_label.json() == {"image": held, "label": held}
    listed = client.get("/datastore/?output=all").json()["objects"][held]
    assert listed["labels"]["final"]["info"] == {"params": {"a": 1}}
    assert client.get("/datastore/").json()["completed"] == 1
    back = client.get(f"/datastore/label?label={held}&tag=final")
    assert back.content == b"a mask"
    assert back.headers["content-disposition"].endswith('.nii.gz"')
    assert client.post("/activelearning/first", json={}).json() == {}


def test_the_next_image_is_one_without_a_label(client, held):
    for strategy in client.get("/info/").json()["strategies"]:
        assert client.post(f"/activelearning/{strategy}", json={}).json()["id"] == held
    assert client.post("/activelearning/random", json={}).status_code == 200
    assert client.post("/activelearning/wisest", json={}).status_code == 404
    assert client.head(f"/datastore/image?image={held}").status_code == 200
    image = client.get(f"/datastore/image?image={held}").content
    assert nibabel.Nifti1Image.from_bytes(gzip.decompress(image)).shape == (12, 8, 3)
    assert client.delete(f"/datastore/?id={held}").json() == {}
    assert client.head(f"/datastore/image?image={held}").status_code == 404


def test_what_came_by_the_page_is_not_listed(client):
    client.post("/v1/images", files=[("files", ("a.png", png(two_squares())))])
    assert client.get("/datastore/").json()["total"] == 0


@pytest.mark.parametrize("params", ["{}", "", "no json", '{"sentence": ""}', '{"sentence": 3}'])
def test_without_a_sentence_nothing_is_drawn(client, held, params):
    answer = infer(client, f"image={held}", params)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-request")


def test_nothing_is_training(client):
    assert client.get("/train/?check_if_running=true").status_code == 404


def test_a_client_logs_in_with_the_key_as_password(model):
    with client_of(model, door=Door(key=KEY)) as client:
        assert client.get("/auth/").json() == {"enabled": True}
        wrong = client.post("/auth/token", data={"username": "me", "password": "no"})
        assert wrong.status_code == 401
        told = client.post("/auth/token", data={"username": "me", "password": KEY}).json()
        headers = {"Authorization": f"{told['token_type']} {told['access_token']}"}
        assert client.get("/auth/token/valid", headers=headers).status_code == 200
        assert client.get("/auth/token/valid").status_code == 401
        assert client.get("/info/", headers=headers).status_code == 200
