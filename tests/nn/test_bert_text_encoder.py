"""BERT, read from a tiny folder that the tests make."""

import json

import pytest
import torch
from nn.bert_folder import CONFIG, write_bert_folder
from safetensors.torch import load_file, save_file

from lingseg.nn.bert_text_encoder import RowQuantisedTable, load_bert, load_minilm
from lingseg.nn.pickled_weights import convert_pickle
from lingseg.nn.pretrained import MismatchedWeights, MissingWeights
from lingseg.nn.text_encoders import build_text_encoder

TEXTS = ("upper left lung", "no right masses")


@pytest.fixture
def folder(tmp_path):
    write_bert_folder(tmp_path / "bert")
    return tmp_path / "bert"


def load(folder, *, max_words=9, is_frozen=True):
    return load_bert(folder, max_words=max_words, is_frozen=is_frozen).eval()


def words_of(encoder, *texts):
    return encoder(*encoder.tokenize(texts))


def rewrite(folder, change):
    """Let `change` turn the weights of a folder into others."""
    path = folder / "model.safetensors"
    weights = change(load_file(path))
    save_file({name: value.contiguous() for name, value in weights.items()}, path)


def test_padding_words_change_nothing(folder):
    encoder = load(folder)
    alone = words_of(encoder, "left lung")
    padded = words_of(encoder, "left lung", "upper left lung mass right")
    torch.testing.assert_close(padded[:1, : alone.shape[1]], alone, atol=1e-6, rtol=1e-5)
    assert padded[0, alone.shape[1] :].eq(0).all()


def test_a_null_sentence_is_finite(folder):
    assert words_of(load(folder), "", "left").isfinite().all()


def test_the_order_of_words_matters(folder):
    said, other = words_of(load(folder), "left upper right", "right upper left")
    assert (said[2] - other[2]).abs().max() > 1e-3


@pytest.mark.parametrize("is_frozen", [True, False])
def test_it_is_trained_or_not_as_asked(folder, is_frozen):
    encoder = load(folder, is_frozen=is_frozen)
    assert encoder.is_frozen is is_frozen
    assert {weight.requires_grad for weight in encoder.parameters()} == {not is_frozen}
    assert {weight.dtype for weight in encoder.state_dict().values()} == {torch.float32}


def test_every_weight_of_a_tuned_one_gets_a_gradient(folder):
    encoder = load(folder, is_frozen=False).train()
    words_of(encoder, *TEXTS).square().sum().backward()
    assert [name for name, weight in encoder.named_parameters() if not weight.grad.any()] == []


def test_a_frozen_and_a_tuned_one_read_alike(folder):
    frozen, tuned = load(folder), load(folder, is_frozen=False)
    assert torch.equal(words_of(frozen, *TEXTS), words_of(tuned, *TEXTS))


@pytest.mark.parametrize("name", ["hidden_dropout_prob", "attention_probs_dropout_prob"])
@pytest.mark.parametrize("is_frozen", [True, False])
def test_dropout_acts_in_training_alone_if_the_config_says_so(tmp_path, name, is_frozen):
    rates = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    write_bert_folder(tmp_path, **rates | {name: 0.5})
    encoder = load(tmp_path, is_frozen=is_frozen)
    expected = words_of(encoder, *TEXTS)
    torch.manual_seed(0)
    in_training = words_of(encoder.train(), *TEXTS)
    assert torch.equal(in_training, expected) is is_frozen


def test_without_dropout_in_the_config_training_has_none(tmp_path):
    write_bert_folder(tmp_path, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    encoder = load(tmp_path, is_frozen=False)
    assert torch.equal(words_of(encoder, *TEXTS), words_of(encoder.train(), *TEXTS))


@pytest.mark.parametrize(("max_words", "longest"), [(5, 5), (9, 9), (64, 9)])
def test_the_longest_text_is_what_both_the_config_and_the_model_allow(folder, max_words, longest):
    encoder = load(folder, max_words=max_words)
    token_ids, _ = encoder.tokenize(["left " * 30])
    assert encoder.max_words == token_ids.shape[1] == longest
    assert token_ids[0, -1] == 3  # the end is kept
    assert words_of(encoder, "left " * 30).isfinite().all()


def test_no_room_for_a_word_is_refused(folder):
    with pytest.raises(ValueError, match=r"max_words=2 leaves no room .* 3 to 9"):
        load(folder, max_words=2)


def as_cxr_bert(weights):
    """Return the tensors as CXR-BERT names them, with its heads."""
    heads = {
        "cls.predictions.bias": torch.zeros(14),
        "cls.predictions.transform.dense.weight": torch.zeros(16, 16),
        "cls.predictions.decoder.weight": torch.zeros(14, 16),
        "cls_projection_head.dense_to_hidden.weight": torch.zeros(4, 16),
        "cls_projection_head.LayerNorm.bias": torch.zeros(4),
        "cls_projection_head.dense_to_output.bias": torch.zeros(4),
    }
    return {f"bert.{name}": value for name, value in weights.items()} | heads


def as_bert_for_pretraining(weights):
    """Return the tensors as the first conversions from TensorFlow name them."""
    renamed = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value
        for name, value in weights.items()
    }
    return renamed | {
        "bert.pooler.dense.weight": torch.zeros(16, 16),
        "bert.embeddings.position_ids": torch.arange(9)[None],
        "cls.seq_relationship.weight": torch.zeros(2, 16),
    }


def as_half(weights):
    return {name: value.half().float().half() for name, value in weights.items()}


@pytest.mark.parametrize(
    ("change", "model_type"), [(as_cxr_bert, "cxr-bert"), (as_bert_for_pretraining, "bert")]
)
def test_heads_that_token_states_do_not_need_are_left_out(folder, change, model_type):
    expected = words_of(load(folder), *TEXTS)
    rewrite(folder, change)
    (folder / "config.json").write_text(json.dumps(CONFIG | {"model_type": model_type}))
    assert torch.equal(words_of(load(folder), *TEXTS), expected)


def test_half_precision_is_read_as_single(folder):
    expected = words_of(load(folder), *TEXTS)
    rewrite(folder, as_half)
    words = words_of(load(folder), *TEXTS)
    assert words.dtype == torch.float32
    torch.testing.assert_close(words, expected, atol=1e-2, rtol=1e-2)


def test_a_pickled_checkpoint_is_not_read_but_can_be_converted(folder):
    expected = words_of(load(folder), *TEXTS)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(MissingWeights, match="lingseg models convert"):
        load(folder)
    convert_pickle(folder / "pytorch_model.bin", folder / "model.safetensors")
    assert torch.equal(words_of(load(folder), *TEXTS), expected)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_damaged_file_is_refused(folder, share):
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(MismatchedWeights, match="is not a safetensors file"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda found: found | {"adapter.down": torch.zeros(2)}, "adapter.down is unknown"),
        (lambda found: found | {"bert.pooling.w": torch.zeros(2)}, "pooling.w is unknown"),
        (lambda found: found | {"cls_other.w": torch.zeros(2)}, "cls_other.w is unknown"),
        (
            lambda found: found | {"encoder.layer.2.output.dense.bias": torch.zeros(16)},
            "layers.2.narrow.bias is unknown",
        ),
        (
            lambda found: found | {"bert.embeddings.LayerNorm.weight": torch.ones(16)},
            "embeddings.LayerNorm.weight is unknown",
        ),
        (
            lambda found: {name: found[name] for name in found if ".1.output.dense" not in name},
            "layers.1.narrow.weight is missing; layers.1.narrow.bias is missing .2 in all.",
        ),
        (
            lambda found: found | {"embeddings.LayerNorm.bias": torch.zeros(15)},
            r"norm.bias is \(15,\), expected \(16,\)",
        ),
        (
            lambda found: found | {"embeddings.LayerNorm.bias": torch.full((16,), torch.nan)},
            "norm.bias holds numbers that are not finite",
        ),
        (
            lambda found: found | {"embeddings.LayerNorm.bias": torch.zeros(16, dtype=torch.int8)},
            "norm.bias holds torch.int8",
        ),
        (
            lambda found: found | {"embeddings.token_type_embeddings.weight": torch.zeros(0, 16)},
            "segment is",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(folder, change, expected):
    rewrite(folder, change)
    with pytest.raises(MismatchedWeights, match=expected):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model_type": "roberta"}, "model_type='roberta'"),
        ({"position_embedding_type": "relative_key"}, "'relative_key'.*'absolute' was expected"),
        ({"hidden_act": "silu"}, "hidden_act='silu'"),
        ({"is_decoder": True}, "is_decoder=True"),
        ({"hidden_size": "16"}, "hidden_size='16'"),
        ({"num_hidden_layers": 0}, "num_hidden_layers=0"),
        ({"layer_norm_eps": None}, "layer_norm_eps=None"),
        ({"num_attention_heads": 3}, "num_attention_heads=3"),
        ({"hidden_size": 10**9}, "does not fit the network"),
    ],
)
def test_a_config_that_cannot_be_built_is_refused(folder, changes, expected):
    (folder / "config.json").write_text(json.dumps(CONFIG | changes))
    with pytest.raises(MismatchedWeights, match=expected):
        load(folder)


@pytest.mark.parametrize("content", ["hidden_size: 16", "[]", "\x00"])
def test_a_config_that_is_no_json_object_is_refused(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(MismatchedWeights, match=r"config\.json is not"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("config.json", r"No config\.json in "),
        ("model.safetensors", r"No model\.safetensors in "),
        ("tokenizer.json", r"No tokenizer\.json and no vocab\.txt in "),
    ],
)
def test_a_missing_file_is_named(folder, name, expected):
    (folder / name).unlink()
    with pytest.raises(MissingWeights, match=expected):
        load(folder)


ACTIVATIONS = ["gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "relu"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("epsilon", [1e-12, 0.3])
def test_token_states_agree_with_transformers(tmp_path, activation, epsilon):
    transformers = pytest.importorskip("transformers", reason="the oracle is not installed")
    weights = write_bert_folder(tmp_path, hidden_act=activation, layer_norm_eps=epsilon)
    oracle = transformers.BertModel.from_pretrained(tmp_path, add_pooling_layer=False).eval()
    assert set(oracle.state_dict()) >= set(weights)
    encoder = load(tmp_path)
    token_ids, word_mask = encoder.tokenize(["upper left lung masses", "right", "no " * 9])
    with torch.no_grad():
        expected = oracle(token_ids, attention_mask=word_mask.long()).last_hidden_state
    found = encoder(token_ids, word_mask)
    assert expected.abs().mean() > 0.1
    torch.testing.assert_close(found[word_mask], expected[word_mask], atol=1e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_folder_that_transformers_writes_is_read(tmp_path):
    transformers = pytest.importorskip("transformers", reason="the oracle is not installed")
    write_bert_folder(tmp_path)
    oracle = transformers.BertForMaskedLM(transformers.BertConfig(**CONFIG)).eval()
    oracle.save_pretrained(tmp_path)
    encoder = load(tmp_path)
    token_ids, word_mask = encoder.tokenize(TEXTS)
    with torch.no_grad():
        expected = oracle.bert(token_ids, attention_mask=word_mask.long()).last_hidden_state
    torch.testing.assert_close(
        encoder(token_ids, word_mask)[word_mask], expected[word_mask], atol=1e-5, rtol=1e-5
    )


def test_rows_are_kept_to_within_half_a_step():
    table = RowQuantisedTable(5, 8)
    numbers = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    table.fill(numbers)
    steps = numbers.abs().amax(dim=1, keepdim=True) / 127
    errors = (table(torch.arange(5)[None])[0] - numbers).abs()
    assert (errors <= 0.51 * steps + 1e-6).all()


def test_a_compact_encoder_reads_almost_alike_in_fewer_bits(folder):
    encoder = load(folder, max_words=6)
    expected = words_of(encoder, *TEXTS)
    encoder.make_compact()
    names = set(encoder.state_dict())
    assert {"word_table.rows", "word_table.scales"} < names
    assert not {"segment", "word_table.weight"} & names
    assert encoder.position_table.weight.shape == (6, 16)
    assert all(torch.equal(weight, weight.half().float()) for weight in encoder.parameters())
    assert not any(weight.requires_grad for weight in encoder.parameters())
    found = words_of(encoder, *TEXTS)
    assert not torch.equal(found, expected)
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0.05)


def test_the_packaged_encoder_tells_left_from_right():
    try:
        encoder = load_minilm(num_layers=1)
    except MissingWeights as missing:
        pytest.skip(str(missing))
    left, right = encoder(*encoder.tokenize(["the left lung", "the right lung"]))
    assert encoder.dim == 384
    assert torch.nn.functional.cosine_similarity(left[2], right[2], dim=0) < 0.9


def test_the_packaged_encoder_has_the_shape_of_its_random_twin():
    try:
        encoder = build_text_encoder("minilm", max_words=20)
    except MissingWeights as missing:
        pytest.skip(str(missing))
    twin = build_text_encoder("minilm", weights="random", max_words=20)
    shapes = {name: value.shape for name, value in encoder.state_dict().items()}
    assert {name: value.shape for name, value in twin.state_dict().items()} == shapes
