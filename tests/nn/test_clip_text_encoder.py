"""CLIP's text tower, read from a tiny folder that the tests write."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from lingseg.nn.clip_text_encoder import ClipTextEncoder, ClipTextShape, load_clip
from lingseg.nn.pretrained import MismatchedWeights, MissingWeights
from lingseg.nn.text_encoders import build_text_encoder

TINY = {
    "vocab_size": 12,
    "hidden_size": 16,
    "intermediate_size": 24,
    "projection_dim": 10,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 9,
}


def tiny_tokenizer() -> Tokenizer:
    words = ["!", "<start>", "<end>", "upper", "lower", "left", "right", "lung"]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="!"))  # noqa: S106 - a token
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    tokenizer.enable_padding(length=9)
    return tokenizer


def official_name(name: str) -> str:
    part = name.split(".")[0]
    if part == "text_projection":
        return name
    inner = {"layers": "encoder.", "final_layer_norm": ""}.get(part, "embeddings.")
    return f"text_model.{inner}{name}"


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    encoder = ClipTextEncoder(ClipTextShape(**TINY), tiny_tokenizer(), max_words=9)
    weights = {official_name(name): value for name, value in encoder.state_dict().items()}
    save_file(weights, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(TINY | {"hidden_act": "quick_gelu"}))
    tiny_tokenizer().save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def words_of(encoder, *texts):
    token_ids, word_mask = encoder.tokenize(texts)
    return encoder(token_ids, word_mask), word_mask


def test_every_token_gets_a_vector_of_the_projection(folder):
    encoder = load_clip(folder, max_words=9)
    words, word_mask = words_of(encoder, "upper left lung", "lung")
    assert words.shape == (2, 5, 10)
    assert encoder.dim == 10
    assert word_mask.tolist() == [[True] * 5, [True, True, True, False, False]]
    assert (words[1, 3:] == 0).all()


def test_the_order_of_words_matters(folder):
    encoder = load_clip(folder, max_words=9)
    left, _ = words_of(encoder, "upper left lower right")
    right, _ = words_of(encoder, "upper right lower left")
    assert (left[:, -1] - right[:, -1]).abs().max() > 1e-3


def test_a_word_does_not_see_what_follows(folder):
    encoder = load_clip(folder, max_words=9)
    short, _ = words_of(encoder, "upper left")
    long, _ = words_of(encoder, "upper left lung right")
    torch.testing.assert_close(short[:, :3], long[:, :3])


def test_padding_words_change_nothing(folder):
    encoder = load_clip(folder, max_words=9)
    alone, _ = words_of(encoder, "lower lung")
    padded, _ = words_of(encoder, "lower lung", "upper left lower right lung")
    torch.testing.assert_close(alone[0], padded[0, :4])


def test_words_before_a_gap_are_not_seen_through_it(folder):
    encoder = load_clip(folder, max_words=9)
    token_ids = torch.tensor([[1, 3, 4, 2], [1, 7, 4, 2]])
    word_mask = torch.tensor([[True, False, True, True]]).expand(2, -1)
    words = encoder(token_ids, word_mask)
    torch.testing.assert_close(words[0], words[1])


def test_a_null_sentence_is_finite(folder):
    words, word_mask = words_of(load_clip(folder, max_words=9), "", "lung")
    assert not word_mask[0].any()
    assert words.isfinite().all()


def test_a_long_text_is_cut_and_keeps_its_end(folder):
    token_ids, _ = load_clip(folder, max_words=4).tokenize(["upper left lower right lung"])
    assert token_ids.tolist() == [[1, 3, 5, 2]]


def test_nothing_is_trained(folder):
    encoder = load_clip(folder, max_words=9)
    assert encoder.is_frozen
    assert not any(weight.requires_grad for weight in encoder.parameters())


def test_has_as_many_weights_as_the_official_tower():
    with torch.device("meta"):
        encoder = ClipTextEncoder(ClipTextShape(), tiny_tokenizer(), max_words=18)
    assert sum(weight.numel() for weight in encoder.parameters()) == 63_428_096


def test_reads_the_text_tower_out_of_a_whole_clip_in_half_precision(folder):
    weights = load_file(folder / "model.safetensors")
    expected, _ = words_of(load_clip(folder, max_words=9), "left lung")
    whole = {name: value.half() for name, value in weights.items()} | {
        "vision_model.post_layernorm.weight": torch.ones(4),
        "visual_projection.weight": torch.ones(4, 4),
        "logit_scale": torch.tensor(4.6),
        "text_model.embeddings.position_ids": torch.arange(9)[None],
    }
    save_file(whole, folder / "model.safetensors")
    config = {"text_config": TINY | {"projection_dim": 512}, "projection_dim": 10}
    (folder / "config.json").write_text(json.dumps(config))
    words, _ = words_of(load_clip(folder, max_words=9), "left lung")
    assert words.dtype == torch.float32
    torch.testing.assert_close(words, expected, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named_and_nothing_is_made_up(folder, name):
    (folder / name).unlink()
    with pytest.raises(MissingWeights, match=f"No {name} in .*never started at random"):
        load_clip(folder, max_words=9)


def test_asking_for_clip_without_weights_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingWeights, match="text_weights"):
        build_text_encoder("clip", weights="", max_words=18)


def test_weights_of_another_network_are_refused(folder):
    weights = load_file(folder / "model.safetensors")
    weights["text_model.encoder.layers.2.layer_norm1.bias"] = torch.zeros(16)
    del weights["text_projection.weight"]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(MismatchedWeights, match=r"text_projection\.weight"):
        load_clip(folder, max_words=9)


def test_a_damaged_weights_file_is_refused(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MismatchedWeights, match=r"model\.safetensors"):
        load_clip(folder, max_words=9)


def test_another_activation_is_refused(folder):
    (folder / "config.json").write_text(json.dumps(TINY | {"hidden_act": "gelu"}))
    with pytest.raises(MismatchedWeights, match="hidden_act='gelu'"):
        load_clip(folder, max_words=9)


def test_a_config_that_is_not_json_is_refused(folder):
    (folder / "config.json").write_text("hidden_size: 16")
    with pytest.raises(MismatchedWeights, match="not JSON"):
        load_clip(folder, max_words=9)


@pytest.mark.parametrize("max_words", [2, 10])
def test_a_length_that_the_tower_cannot_read_is_refused(folder, max_words):
    with pytest.raises(ValueError, match=f"max_words={max_words}; .* 3 to 9 tokens"):
        load_clip(folder, max_words=max_words)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_agrees_with_transformers(folder):
    transformers = pytest.importorskip("transformers")
    shape = TINY | {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    theirs = transformers.CLIPTextModelWithProjection(transformers.CLIPTextConfig(**shape)).eval()
    theirs.save_pretrained(folder)
    encoder = load_clip(folder, max_words=9)
    token_ids, word_mask = encoder.tokenize(["upper left lower right lung", "lower lung"])
    with torch.no_grad():
        states = theirs(token_ids, attention_mask=word_mask.long()).last_hidden_state
        expected = theirs.text_projection(states)[word_mask]
        words = encoder(token_ids, word_mask)[word_mask]
    torch.testing.assert_close(words, expected)
    assert expected.abs().mean() > 1e-2


def test_an_unfilled_one_needs_no_weights_and_takes_a_saved_ones(folder):
    whole = load_clip(folder, max_words=9)
    (folder / "model.safetensors").unlink()
    encoder = build_text_encoder("clip", weights=f"unfilled:{folder}", max_words=9)
    encoder.load_state_dict(whole.state_dict(), strict=True)
    assert torch.equal(words_of(encoder, "left lung")[0], words_of(whole, "left lung")[0])
    assert not any(weight.requires_grad for weight in encoder.parameters())
