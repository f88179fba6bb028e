"""Many files and one sentence."""

import json

from web_server import client_of, png, two_squares

from lingseg.web import Limits


def ask(client, files, sentence="left"):
    """The lines that come back."""
    answer = client.post(
        "/v1/batch", files=[("files", one) for one in files], data={"sentence": sentence}
    )
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_each_file_gets_a_line_and_a_bad_one_stops_nothing(client):
    good = png(two_squares())
    lines = ask(client, [("a.png", good), ("b.png", b"nothing"), ("c.png", good)])
    assert [line["name"] for line in lines] == ["a.png", "b.png", "c.png"]
    assert lines[0]["answer"] == lines[2]["answer"]
    assert lines[0]["answer"]["is_found"]
    assert "not a PNG" in lines[1]["problem"]


def test_a_batch_holds_nothing_afterwards(client):
    ask(client, [("a.png", png(two_squares()))])
    service = client.app.state.service
    assert len(service.images) == 0
    assert service.encodings.num_bytes == 0


def test_a_batch_is_no_larger_than_the_limits(model):
    with client_of(model, limits=Limits(files=1)) as client:
        files = [("files", (name, png(two_squares()))) for name in ("a.png", "b.png")]
        answer = client.post("/v1/batch", files=files, data={"sentence": "left"})
    assert answer.status_code == 413


def test_a_batch_needs_files_and_a_sentence(client):
    files = [("files", ("a.png", png(two_squares())))]
    assert client.post("/v1/batch", files=files).status_code == 422
    assert client.post("/v1/batch", files=files, data={"sentence": ""}).status_code == 422
