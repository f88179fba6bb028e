"""What is told of sentences."""


def test_chips_and_misspelt_words_are_told(client):
    told = client.post("/v1/understand", json={"text": "two smal tumors zzz on the left"}).json()
    chips = {(chip["kind"], chip["value"]) for chip in told["chips"]}
    assert {("count", "2"), ("size", "small"), ("finding", "tumor"), ("side", "left")} <= chips
    assert [one["text"] for one in told["not_understood"]] == ["zzz"]
    start = told["not_understood"][0]["start"]
    assert "two smal tumors zzz on the left"[start : start + 3] == "zzz"
    assert any("smal" in line for line in told["notices"])


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
