"""What holds for every text encoder, and for how one is asked for."""

from typing import get_args

import pytest
import torch
from nn.bert_folder import write_bert_folder

from lingseg.nn.bert_text_encoder import BertShape
from lingseg.nn.clip_text_encoder import ClipTextEncoder, ClipTextShape
from lingseg.nn.pretrained import MismatchedWeights, MissingWeights
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder
from lingseg.nn.word_text_encoder import word_tokenizer
from lingseg.prediction.sentence import SentenceReader

NAMES = get_args(TextEncoderName)
FOLDERS = ("clip", "bert", "bert-tuned")
TRAINED = ("words", "bert-tuned")
TINY_BERT = BertShape(
    hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2
)
TINY_CLIP = ClipTextShape(
    hidden_size=16, intermediate_size=24, projection_dim=10, num_hidden_layers=1
)


@pytest.fixture
def tiny(monkeypatch):
    """Random encoders in seconds; how large the real ones are is a test of its own."""
    monkeypatch.setattr("lingseg.nn.text_encoders.BertShape", lambda: TINY_BERT)
    monkeypatch.setattr("lingseg.nn.text_encoders.MINILM", TINY_BERT)
    monkeypatch.setattr("lingseg.nn.text_encoders.ClipTextShape", lambda: TINY_CLIP)


@pytest.fixture(params=NAMES)
def encoder(request, tiny):  # noqa: ARG001
    torch.manual_seed(0)
    return build_text_encoder(request.param, weights="random", max_words=8).eval()


def test_it_gives_one_finite_vector_a_token(encoder):
    token_ids, word_mask = encoder.tokenize(["left lung", "", "upper right mass"])
    words = encoder(token_ids, word_mask)
    assert words.shape == (3, 3, encoder.dim)
    assert words.isfinite().all()
    assert words[~word_mask].eq(0).all()


def test_padding_words_change_nothing(encoder):
    alone = encoder(*encoder.tokenize(["left lung"]))
    padded = encoder(*encoder.tokenize(["left lung", "one small mass at the upper left"]))
    torch.testing.assert_close(padded[:1, :2], alone, atol=1e-5, rtol=1e-5)


def test_it_tells_which_texts_it_cuts(encoder):
    assert not encoder.cuts("left lung")
    assert encoder.cuts("one small mass at the upper left and one large mass at the lower right")


def test_it_is_frozen_unless_it_is_trained(encoder, request):
    name = request.node.callspec.params["encoder"]
    assert encoder.is_frozen is (name not in TRAINED)
    assert {weight.requires_grad for weight in encoder.parameters()} == {name in TRAINED}


def test_words_that_do_not_fit_are_named_by_prediction(encoder):
    text = "one small mass at the upper left in the image"
    token_ids, word_mask = encoder.tokenize([text])
    reader = SentenceReader(encoder.tokenizer.to_str(), max_words=encoder.max_words)
    sentence = reader.read(text)
    assert sentence.token_ids.tolist() == token_ids.tolist()
    assert word_mask.sum() == 8
    assert sentence.lost_words == ("the", "image")


def test_words_that_do_not_fit_a_folders_encoder_are_named_by_prediction(tmp_path):
    write_bert_folder(tmp_path)
    encoder = build_text_encoder("bert", weights=str(tmp_path), max_words=6)
    reader = SentenceReader(encoder.tokenizer.to_str(), max_words=encoder.max_words)
    assert reader.read("Upper LEFT lung masses right").lost_words == ("masses", "right")
    assert reader.read("no mass").lost_words == ()


@pytest.mark.parametrize(
    ("name", "expected", "is_frozen"),
    [("clip", 63_428_096, True), ("bert", 108_890_880, True), ("bert-tuned", 108_890_880, False)],
)
def test_random_ones_are_as_large_as_the_published(name, expected, is_frozen, monkeypatch):
    """108,891,648 are in BERT-base without pooler; 768 of them mark a second segment."""
    monkeypatch.setattr(
        "lingseg.nn.bert_text_encoder.BertTextEncoder.start_at_random", lambda _: None
    )
    with torch.device("meta"):
        encoder = build_text_encoder(name, weights="random")
    assert sum(weight.numel() for weight in encoder.parameters()) == expected
    assert encoder.is_frozen is is_frozen


@pytest.mark.usefixtures("tiny")
def test_two_random_ones_are_alike_by_seed_alone():
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        encoder = build_text_encoder("bert", weights="random")
        found.append(encoder.word_table.weight)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert found[0].std() == pytest.approx(0.02, rel=0.01)


@pytest.mark.parametrize("name", FOLDERS)
def test_weights_that_are_not_named_are_an_error(name, tmp_path, monkeypatch):
    write_bert_folder(tmp_path)  # not even those of the folder that one happens to be in
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingWeights, match=f'text_weights is empty; text encoder "{name}"'):
        build_text_encoder(name)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_is_not_there_is_an_error(name, tmp_path):
    with pytest.raises(MissingWeights, match="nowhere' is no folder"):
        build_text_encoder(name, weights=str(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", FOLDERS)
def test_an_empty_folder_is_an_error(name, tmp_path):
    with pytest.raises(MissingWeights, match=r"No config\.json"):
        build_text_encoder(name, weights=str(tmp_path))


def test_the_folder_of_another_encoder_is_an_error(tmp_path):
    write_bert_folder(tmp_path / "bert")
    with pytest.raises(MismatchedWeights, match="model_type='bert'"):
        build_text_encoder("clip", weights=str(tmp_path / "bert"))
    write_bert_folder(tmp_path / "clip", model_type="clip")
    with pytest.raises(MismatchedWeights, match="model_type='clip'"):
        build_text_encoder("bert", weights=str(tmp_path / "clip"))


@pytest.mark.parametrize("name", ["words", "minilm"])
def test_a_folder_for_an_encoder_that_reads_none_is_an_error(name, tmp_path):
    with pytest.raises(ValueError, match=f'"{name}" is not read from a folder'):
        build_text_encoder(name, weights=str(tmp_path))


def test_a_tokenizer_of_another_network_is_refused():
    shape = ClipTextShape(vocab_size=12, hidden_size=16, num_hidden_layers=1)
    with pytest.raises(MismatchedWeights, match="table ends at 11"):
        ClipTextEncoder(shape, word_tokenizer(9), max_words=9)
