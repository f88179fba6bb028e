"""How much is taken on: bytes, files, work and time."""

import json
import threading
import time

import pytest
from web_server import client_of, png, segment, two_squares, upload

from lingseg.web import Limits
from lingseg.web.problem import Problem


def test_a_body_that_says_it_is_too_long_is_refused_at_once(model):
    with client_of(model, limits=Limits(body_bytes=1_000)) as client:
        files = [("files", ("a.png", bytes(5_000)))]
        answer = client.post("/v1/images", files=files)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert answer.headers["connection"] == "close"


def test_a_body_that_does_not_say_so_is_cut_off_while_it_comes(model):
    sent = []

    def pieces():
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        for number in range(100):
            sent.append(number)
            yield bytes(1_000)

    with client_of(model, limits=Limits(body_bytes=5_000)) as client:
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = client.post("/v1/images", content=pieces(), headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_json_has_a_limit_of_its_own(model):
    with client_of(model, limits=Limits(json_bytes=1_000)) as client:
        answer = client.post("/v1/understand", json={"text": "left " * 500})
    assert answer.status_code == 413


def test_what_is_on_its_way_in_at_once_is_bounded(model):
    with client_of(model, limits=Limits(arriving_bytes=1_000)) as client:
        answer = client.post("/v1/images", files=[("files", ("a.png", bytes(5_000)))])
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer.headers["retry-after"]) >= 1
        assert segment_of_nothing(client).status_code == 404


def segment_of_nothing(client):
    """A small request, to see that what was refused no longer counts."""
    return segment(client, "nobody", "left")


def test_too_many_files_are_refused(model):
    with client_of(model, limits=Limits(files=2)) as client:
        files = [("files", (f"{n}.png", png(two_squares()))) for n in range(3)]
        answer = client.post("/v1/images", files=files)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-many")


# Starlette leaves the half file to the garbage collector, which closes it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_form_that_ends_in_the_middle_is_refused(client):
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nabc'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/images", content=body, headers=kind)
    assert answer.status_code in (400, 422)
    assert answer.json()["problem"]


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data"])
def test_what_is_no_form_is_refused(client, kind):
    answer = client.post("/v1/images", content=b"abc", headers={"Content-Type": kind})
    assert answer.status_code in (400, 415, 422)


def test_a_queue_that_is_full_says_when_to_come_back(model, monkeypatch):
    release = threading.Event()
    limits = Limits(workers=1, waiting=1)
    with client_of(model, limits=limits) as client:
        image = upload(client)["id"]
        blocked = lambda *_: [release.wait(5)][:0]  # noqa: E731
        monkeypatch.setattr("lingseg.web.mask_routes.draw", blocked)
        answers = []
        threads = [
            threading.Thread(target=lambda: answers.append(segment(client, image, "left")))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        while client.app.state.service.work.pending < 2:
            time.sleep(0.01)
        refused = segment(client, image, "left")
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        assert client.get("/health").status_code == 200
        release.set()
        for thread in threads:
            thread.join()
        assert [answer.status_code for answer in answers] == [200, 200]
        assert segment(client, image, "left").status_code == 200


def test_work_that_takes_too_long_is_given_up_and_stops(model, monkeypatch):
    ended = threading.Event()

    def endless(_service, _image, _question, stop):
        while True:
            try:
                stop.check()
            except Problem:
                ended.set()
                raise
            time.sleep(0.01)

    with client_of(model, limits=Limits(seconds=0.1)) as client:
        image = upload(client)["id"]
        monkeypatch.setattr("lingseg.web.mask_routes.draw", endless)
        answer = segment(client, image, "left")
        assert (answer.status_code, answer.json()["code"]) == (503, "timeout")
        assert "retry-after" in answer.headers
        assert ended.wait(2)


def test_many_requests_at_once_are_bounded(model):
    with client_of(model, limits=Limits(requests=1)) as client:
        assert client.get("/health").status_code == 200
        watching = client.app.middleware_stack
        while not hasattr(watching, "_under_way"):
            watching = watching.app
        watching._under_way = 1
        answer = client.get("/health")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")


def test_deeply_nested_json_is_refused(client):
    nested = b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for path in ("/v1/understand", "/v1/segment"):
        answer = client.post(path, content=nested, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500


def test_a_number_that_is_none_is_refused(client):
    body = json.dumps({"image": "x", "sentences": [{"text": "left"}], "threshold": float("nan")})
    answer = client.post("/v1/segment", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_limits_that_allow_nothing_are_refused():
    with pytest.raises(ValueError, match="images"):
        Limits(images=0)
