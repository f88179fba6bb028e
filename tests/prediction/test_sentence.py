import json

import pytest
from fake_bundle import MAX_WORDS, VOCABULARY, write_fake_bundle

from lingseg.prediction import read_bundle
from lingseg.prediction.sentence import SentenceReader, checked_text


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    path = write_fake_bundle(tmp_path_factory.mktemp("bundle") / "fake.lingseg")
    tokenizer_json = bytes(read_bundle(path).files["tokenizer.json"]).decode()
    return SentenceReader(tokenizer_json, max_words=MAX_WORDS)


def test_a_sentence_becomes_its_words_between_start_and_end(reader):
    sentence = reader.read("Left bright")
    words = [VOCABULARY[number] for number in sentence.token_ids[0]]
    assert words == ["[START]", "left", "bright", "[END]"]
    assert sentence.word_mask.all()
    assert sentence.lost_words == ()


def test_a_vocabulary_without_a_place_for_unknown_words_is_a_line():
    model = {"type": "WordLevel", "vocab": {"left": 0}, "unk_token": "[UNK]"}
    reader = SentenceReader(json.dumps({"version": "1.0", "model": model}), max_words=9)
    with pytest.raises(ValueError, match="contradicts itself"):
        reader.read("polyp")


def test_the_null_sentence_has_no_word(reader):
    sentence = reader.read("")
    assert sentence.token_ids.tolist() == [[0]]
    assert sentence.word_mask.tolist() == [[False]]


def test_words_that_do_not_fit_are_named_and_the_end_is_kept(reader):
    text = " ".join(f"word{number}" for number in range(MAX_WORDS))
    sentence = reader.read(text)
    assert sentence.token_ids.shape == (1, MAX_WORDS)
    assert VOCABULARY[sentence.token_ids[0, -1]] == "[END]"
    assert sentence.lost_words == ("word10", "word11")


def test_a_word_that_is_cut_in_two_counts_as_lost(reader):
    text = "a b c d e f g h i half-lost right"  # "half", "-" and "lost" are three tokens
    assert reader.read(text).lost_words == ("half-lost", "right")


def test_a_sentence_that_fits_exactly_loses_nothing(reader):
    assert reader.read("left " * (MAX_WORDS - 2)).lost_words == ()


def test_spaces_and_line_breaks_do_not_matter():
    assert checked_text("  the\n left \t lung ") == "the left lung"


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_sentence_is_refused_unless_it_is_meant(text):
    with pytest.raises(ValueError, match="The sentence is empty"):
        checked_text(text)
    assert checked_text(text, allow_null=True) == ""


@pytest.mark.parametrize("text", ["word " * 5_000, "x" * 10_001])
def test_what_is_no_sentence_any_more_is_refused(text):
    with pytest.raises(ValueError, match="at most 1,000 and 10,000 are taken"):
        checked_text(text)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ValueError, match="not UTF-8"):
        checked_text("the \udcff lung")


@pytest.mark.parametrize("tokenizer_json", ["", "{}", '{"model": 3}'])
def test_a_tokenizer_that_cannot_be_read_gives_one_line(tokenizer_json):
    with pytest.raises(ValueError, match=r"tokenizer\.json cannot be read"):
        SentenceReader(tokenizer_json, max_words=5)


def test_a_tokenizer_that_is_no_text_gives_one_line():
    with pytest.raises(ValueError, match=r"tokenizer\.json is not UTF-8"):
        SentenceReader(b'{"version": "\xff"}', max_words=5)


def test_what_the_tokenizers_library_quotes_of_a_file_is_cut_and_printable():
    with pytest.raises(ValueError, match=r"tokenizer\.json cannot be read") as caught:
        SentenceReader('{"model": {"type": "\x1b[31m' + "long " * 500 + '"}}', max_words=5)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_a_tokenizer_that_panics_gives_one_line(tmp_path):
    path = write_fake_bundle(tmp_path / "fake.lingseg")
    declared = json.loads(bytes(read_bundle(path).files["tokenizer.json"]))
    declared["post_processor"]["single"][0]["SpecialToken"]["id"] = "[NOWHERE]"
    with pytest.raises(ValueError, match=r"tokenizer\.json"):
        SentenceReader(json.dumps(declared), max_words=5).read("left")
