"""What is told of sentences."""

import pytest


def test_chips_and_misspelt_words_are_told(client):
    told = client.post("/v1/understand", json={"text": "two smal tumors zzz on the left"}).json()
    chips = {(chip["kind"], chip["value"]) for chip in told["chips"]}
    assert {("count", "2"), ("size", "small"), ("finding", "tumor"), ("side", "left")} <= chips
    assert [one["text"] for one in told["not_understood"]] == ["zzz"]
    start = told["not_understood"][0]["start"]
    assert "two smal tumors zzz on the left"[start : start + 3] == "zzz"
    assert any("smal" in line for line in told["notices"])


def test_chips_belong_to_things_each_said_by_itself(client):
    text = "one opacity in the right lung. No pneumothorax."
    told = client.post("/v1/understand", json={"text": text}).json()
    assert told["findings"] == [
        {"said": "one opacity in the right lung", "presence": "present"},
        {"said": "pneumothorax", "presence": "absent"},
    ]
    assert {chip["finding"] for chip in told["chips"]} == {0, 1}
    assert told["affirmed"] == "one opacity in the right lung."
    alone = client.post("/v1/understand", json={"text": "one opacity"}).json()
    assert alone["affirmed"] is None


@pytest.mark.parametrize("more", [{}, {"cursor": 3}])
def test_a_text_too_long_to_be_asked_is_not_read_either(client, more):
    route = "/v1/suggest" if more else "/v1/understand"
    refused = client.post(route, json={"text": "zz " * 1_001, **more})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad-sentence")
    assert client.post(route, json={"text": "zz " * 1_000, **more}).status_code == 200


def test_an_empty_sentence_states_nothing(client):
    told = client.post("/v1/understand", json={"text": ""}).json()
    assert told["chips"] == []


def test_a_word_that_was_begun_is_completed(client):
    told = client.post("/v1/suggest", json={"text": "one small tum", "cursor": 13}).json()
    first = told["suggestions"][0]
    start, end = first["replaces"]
    assert ("one small tum"[:start] + first["text"] + "one small tum"[end:]).startswith(
        "one small tum"
    )
    assert "tumor" in first["text"] or "tumour" in first["text"]
