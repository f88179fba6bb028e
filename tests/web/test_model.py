"""What answers, whether it is well, and how much it did."""

import re

from web_server import client_of, segment, upload

from lingseg.web import page_routes


def test_the_model_is_told_with_its_limits(client):
    told = client.get("/v1/model").json()
    assert told["name"] == "fake"
    assert told["card"] == "# fake"
    assert told["limits"]["images"] == 64
    assert "not a medical device" in told["note"]


def test_health_tells_the_version(client):
    told = client.get("/health").json()
    assert (told["status"], told["model"]) == ("ok", "fake")


def value_of(client, name):
    """A value of the metrics."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return float(found[1])


def test_metrics_count_what_was_done_and_show_what_is_held(client):
    image = upload(client)["id"]
    segment(client, image, "left")
    segment(client, image, "the right tumor of jane doe")
    counted = 'lingseg_requests_total{method="POST",route="/v1/segment",status="200"}'
    assert value_of(client, counted) == 2
    assert value_of(client, "lingseg_images") == 1
    assert value_of(client, "lingseg_image_bytes") > 0
    assert value_of(client, "lingseg_encode_seconds_count") == 1
    assert value_of(client, "lingseg_segment_seconds_count") == 2
    text = client.get("/metrics").text
    assert "jane" not in text
    assert image not in text


def test_an_address_that_is_none_makes_no_new_metric(client):
    for number in range(3):
        client.get(f"/nothing-{number}")
    text = client.get("/metrics").text
    assert 'route="other"' in text
    assert "nothing-" not in text


def test_the_reference_needs_no_script_and_names_every_route(client):
    page = client.get("/api").text
    assert "<script" not in page
    assert "style=" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in page


def test_the_page_is_served_as_it_was_built(model, tmp_path, monkeypatch):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>hello</title>")
    (tmp_path / "assets" / "a-1234.js").write_text("1")
    (tmp_path / "assets" / "notes.py").write_text("1")
    monkeypatch.setattr(page_routes, "PAGE", tmp_path)
    with client_of(model) as client:
        page = client.get("/")
        assert "hello" in page.text
        assert page.headers["cache-control"] == "no-cache"
        asset = client.get("/assets/a-1234.js")
        assert asset.headers["content-type"].startswith("text/javascript")
        assert "immutable" in asset.headers["cache-control"]
        assert client.get("/assets/notes.py").status_code == 404


def test_a_file_beside_the_page_is_out_of_reach(model, tmp_path, monkeypatch):
    (tmp_path / "page" / "assets").mkdir(parents=True)
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "page" / "assets" / "link.json").symlink_to(tmp_path / "secret.json")
    monkeypatch.setattr(page_routes, "PAGE", tmp_path / "page")
    with client_of(model) as client:
        for path in ("%2e%2e/%2e%2e/secret.json", "..%2f..%2fsecret.json", "link.json"):
            assert client.get(f"/assets/{path}").status_code == 404


def test_a_copy_without_the_page_says_so_in_one_line(model, tmp_path, monkeypatch):
    monkeypatch.setattr(page_routes, "PAGE", tmp_path / "none")
    with client_of(model) as client:
        answer = client.get("/")
    assert answer.status_code == 200
    assert "was not built" in answer.text
    assert answer.text.count("\n") == 1
