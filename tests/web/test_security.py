"""Who may come in, and what browsers are told."""

import asyncio
import logging

import pytest
from web_server import client_of, png, segment, two_squares, upload

from lingseg.web import Door
from lingseg.web.door import door_for

KEY = "a-key-of-sixteen-letters"
EVERYWHERE = "0.0.0.0"  # noqa: S104 (named, not bound)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost@evil.example", ""],
)
def test_a_name_that_somebody_pointed_here_is_refused(client, host):
    answer = client.get("/v1/model", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:1234", "[::1]:8000", "LOCALHOST"])
def test_the_machine_s_own_names_are_known(client, host):
    assert client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_may_not_use_the_server(client, headers):
    files = [("files", ("a.png", png(two_squares())))]
    answer = client.post("/v1/images", files=files, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert len(client.app.state.service.images) == 0


def test_the_own_page_may(client):
    upload(client, headers={"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"})


def test_a_link_on_another_page_opens_the_page_but_reads_nothing(client):
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=visit).status_code == 200
    assert client.get("/v1/model", headers=visit).status_code == 403


def test_without_the_key_nothing_of_anybody_is_told(model):
    with client_of(model, door=Door(key=KEY)) as client:
        for path in ("/v1/model", "/metrics", "/info/", "/datastore/", "/v1/images/x"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "key-needed"), path
            assert answer.headers["www-authenticate"] == "Bearer"
        for path in ("/health", "/api", "/openapi.json", "/"):
            assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("said", ["", "Bearer", f"Basic {KEY}", f"Bearer {KEY}x", KEY, "Bearer é"])
def test_only_the_key_is_the_key(model, said):
    with client_of(model, door=Door(key=KEY)) as client:
        right = {"Authorization": f"Bearer {KEY}"}
        assert client.get("/v1/model", headers=right).status_code == 200
        wrong = {"Authorization": said.encode("utf-8")}
        assert client.get("/v1/model", headers=wrong).status_code == 401


def test_a_server_that_others_reach_has_a_key_whether_one_was_given_or_not():
    door = door_for(EVERYWHERE)
    assert len(door.key) >= 32
    assert door_for(EVERYWHERE).key != door.key
    assert door_for("192.168.1.7", key=KEY).key == KEY
    assert door_for("127.0.0.1").key is None
    with pytest.raises(ValueError, match="key"):
        Door(hosts=frozenset(["192.168.1.7"]))
    with pytest.raises(ValueError, match="16"):
        door_for(EVERYWHERE, key="short")


def test_a_server_on_all_addresses_takes_addresses_and_given_names_only():
    door = door_for(EVERYWHERE, names=["Reading-Room.example"])
    assert door.knows("192.168.1.7:8000")
    assert door.knows("reading-room.example:8000")
    assert not door.knows("evil.example")
    assert not door_for("127.0.0.1").knows("192.168.1.7:8000")


def test_a_viewer_that_was_allowed_may_call_from_elsewhere(model):
    door = Door(key=KEY, origins=frozenset(["https://viewer.example"]))
    with client_of(model, door=door) as client:
        asked = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "POST"}
        answer = client.options("/v1/segment", headers=asked)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "https://viewer.example"
        assert client.get("/info/", headers=asked).status_code == 401
        asked["Origin"] = "https://other.example"
        assert client.options("/v1/segment", headers=asked).status_code == 403


@pytest.mark.parametrize("path", ["/", "/health", "/v1/images/none", "/assets/none", "/api"])
def test_every_answer_tells_browsers_to_be_careful(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


def test_what_is_private_is_not_cached(client):
    image = upload(client)["id"]
    assert client.get(f"/v1/images/{image}/pixels").headers["cache-control"] == "no-store"


def test_the_log_tells_no_sentence_no_name_and_no_id(client, caplog):
    caplog.set_level(logging.DEBUG)
    image = upload(client, name="jane-doe.png")["id"]
    segment(client, image, "the left tumor of jane doe")
    client.get(f"/v1/images/{image}/pixels")
    client.get("/jane-doe")
    client.post("/v1/images", files=[("files", ("jane-doe.png", b"nothing"))])
    ours = [one.getMessage() for one in caplog.records if not one.name.startswith("httpx")]
    lines = "\n".join(ours).lower()
    assert "post /v1/segment 200" in lines
    assert "jane" not in lines
    assert image.lower() not in lines


@pytest.mark.parametrize("path", ["/v1/segment", "/v1/understand", "/v1/images"])
def test_who_hangs_up_in_the_middle_of_a_question_is_no_failure(client, caplog, path):
    kind = "multipart/form-data; boundary=x" if path.endswith("images") else "application/json"
    head = {"host": "127.0.0.1:8000", "content-type": kind, "content-length": "100"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in head.items()],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8000),
    }
    sent = []

    async def hang_up():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asyncio.run(client.app(scope, hang_up, send))
    assert sent[0]["status"] == 400
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


def test_a_mistake_of_ours_is_told_without_its_words(model, caplog, monkeypatch):
    def fails(*_):
        raise RuntimeError("the sentence of jane doe")

    monkeypatch.setattr("lingseg.web.sentence_routes.understood", fails)
    with client_of(model, raise_server_exceptions=False) as client:
        answer = client.post("/v1/understand", json={"text": "left"})
    assert (answer.status_code, answer.json()["code"]) == (500, "failed")
    assert "jane" not in answer.text
    assert "RuntimeError in fails" in caplog.text
    assert "jane" not in caplog.text


@pytest.mark.parametrize(
    "path", ["/assets/../../app.py", "/assets/%2e%2e/%2e%2e/app.py", "/assets//etc/passwd", "/x"]
)
def test_nothing_but_the_page_is_served(client, path):
    assert client.get(path).status_code == 404
