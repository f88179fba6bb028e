"""BERT's tokenizer, from tokenizer.json or from a list of pieces."""

import json

import pytest
from nn.bert_folder import PIECES, write_bert_folder, write_pieces
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from lingseg.nn.bert_tokenizer import read_bert_tokenizer
from lingseg.nn.pretrained import MismatchedWeights

CASED = (*PIECES, "Left", "LU", "##ng")


@pytest.fixture
def folder(tmp_path):
    write_bert_folder(tmp_path)
    return tmp_path


def settle(folder, **settings):
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def test_pieces_are_numbered_by_line_between_start_and_end(folder):
    write_pieces(folder)
    found = read_bert_tokenizer(folder).encode("Left masses?")
    assert found.tokens == ["[CLS]", "left", "mass", "##es", "[UNK]", "[SEP]"]
    assert found.ids == [2, 6, 9, 10, 1, 3]


def test_pieces_without_capitals_are_read_in_lower_case(folder):
    write_pieces(folder)
    assert read_bert_tokenizer(folder).encode("LÉFT").tokens[1] == "left"


def test_a_cased_list_that_does_not_say_so_is_refused(folder):
    write_pieces(folder, CASED)
    with pytest.raises(MismatchedWeights, match=r"has capitals.*do_lower_case"):
        read_bert_tokenizer(folder)


@pytest.mark.parametrize(("is_lowercase", "piece"), [(False, "Left"), (True, "left")])
def test_the_config_tells_whether_capitals_are_kept(folder, is_lowercase, piece):
    write_pieces(folder, CASED)
    settle(folder, do_lower_case=is_lowercase)
    assert read_bert_tokenizer(folder).encode("Left").tokens[1] == piece


def test_the_config_tells_whether_accents_are_kept(folder):
    write_pieces(folder)
    settle(folder, do_lower_case=True, strip_accents=False)
    assert read_bert_tokenizer(folder).encode("léft").tokens[1] == "[UNK]"


@pytest.mark.parametrize("token", ["[UNK]", "[CLS]", "[SEP]"])
def test_a_list_without_a_token_that_bert_needs_is_refused(folder, token):
    write_pieces(folder, [piece for piece in PIECES if piece != token])
    with pytest.raises(MismatchedWeights, match=rf"vocab\.txt has no line \{token}"):
        read_bert_tokenizer(folder)


def test_a_list_that_is_no_text_is_refused(folder):
    write_pieces(folder)
    (folder / "vocab.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MismatchedWeights, match=r"vocab\.txt is not UTF-8 text"):
        read_bert_tokenizer(folder)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"model": {"type": "Nope"}}'])
def test_a_tokenizer_that_cannot_be_read_is_refused(folder, content):
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(MismatchedWeights, match=r"tokenizer\.json cannot be read"):
        read_bert_tokenizer(folder)


def test_a_tokenizer_without_start_and_end_is_refused(folder):
    bare = Tokenizer(WordLevel({"[UNK]": 0, "left": 1}, unk_token="[UNK]"))  # noqa: S106 - a token
    bare.save(str(folder / "tokenizer.json"))
    with pytest.raises(MismatchedWeights, match="no start and end"):
        read_bert_tokenizer(folder)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("is_lowercase", [True, False])
@pytest.mark.parametrize("strip_accents", [None, True, False])
def test_a_list_of_pieces_is_read_as_by_transformers(folder, is_lowercase, strip_accents):
    transformers = pytest.importorskip("transformers", reason="the oracle is not installed")
    pieces = (*CASED, "é", "##f", "l", "##é", "肺", "e", "##e", "##ft")
    write_pieces(folder, pieces)
    settle(
        folder,
        tokenizer_class="BertTokenizer",
        do_lower_case=is_lowercase,
        strip_accents=strip_accents,
    )
    oracle = transformers.BertTokenizerFast.from_pretrained(folder)
    ours = read_bert_tokenizer(folder)
    for text in ("Left upper LUng", "léft lung-masses", "no 肺肺 [MASK] \t right\u200b x", "É"):
        assert ours.encode(text).ids == oracle(text)["input_ids"]
