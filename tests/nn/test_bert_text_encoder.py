"""BERT's first layers, on a tiny BERT that the test makes."""

import json

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, processors
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from lingseg.nn.bert_text_encoder import (
    BertShape,
    RowQuantisedTable,
    load_bert_folder,
    load_minilm,
)
from lingseg.nn.pretrained import MissingWeights

SHAPE = BertShape(vocabulary_size=12, dim=16, num_heads=2, num_layers=2, max_words=9)


def write_folder(folder, *, num_layers=2):
    generator = torch.Generator().manual_seed(3)
    dim = SHAPE.dim
    shapes = {
        "embeddings.word_embeddings.weight": (SHAPE.vocabulary_size, dim),
        "embeddings.position_embeddings.weight": (20, dim),
        "embeddings.token_type_embeddings.weight": (2, dim),
        "embeddings.LayerNorm.weight": (dim,),
        "embeddings.LayerNorm.bias": (dim,),
    }
    wide = {"intermediate.dense": (4 * dim, dim), "output.dense": (dim, 4 * dim)}
    for layer in range(num_layers):
        for part in ("attention.self.query", "attention.self.key", "attention.self.value"):
            wide[part] = (dim, dim)
        wide["attention.output.dense"] = (dim, dim)
        for part, shape in wide.items():
            shapes[f"encoder.layer.{layer}.{part}.weight"] = shape
            shapes[f"encoder.layer.{layer}.{part}.bias"] = shape[:1]
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"encoder.layer.{layer}.{part}.weight"] = (dim,)
            shapes[f"encoder.layer.{layer}.{part}.bias"] = (dim,)
    weights = {
        name: torch.randn(shape, generator=generator) * 0.3 + ("LayerNorm.weight" in name)
        for name, shape in shapes.items()
    }
    save_file(weights, folder / "model.safetensors")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "left", "right", "lung", "mass"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({}))
    return weights


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(MissingWeights, match=r"model\.safetensors"):
        load_bert_folder(tmp_path, SHAPE)


def test_padding_words_change_nothing(tmp_path):
    write_folder(tmp_path)
    encoder = load_bert_folder(tmp_path, SHAPE)
    token_ids, word_mask = encoder.tokenize(["left lung", "left lung mass right"])
    alone = encoder(*encoder.tokenize(["left lung"]))
    torch.testing.assert_close(
        encoder(token_ids, word_mask)[:1, : alone.shape[1]], alone, atol=1e-5, rtol=1e-5
    )


def test_a_null_sentence_is_finite(tmp_path):
    write_folder(tmp_path)
    encoder = load_bert_folder(tmp_path, SHAPE)
    assert encoder(*encoder.tokenize(["", "left"])).isfinite().all()


def test_all_weights_are_frozen(tmp_path):
    write_folder(tmp_path)
    encoder = load_bert_folder(tmp_path, SHAPE)
    assert encoder.is_frozen
    assert not [name for name, weight in encoder.named_parameters() if weight.requires_grad]


def test_weights_are_what_half_precision_can_hold(tmp_path):
    write_folder(tmp_path)
    encoder = load_bert_folder(tmp_path, SHAPE)
    assert all(torch.equal(weight, weight.half().float()) for weight in encoder.parameters())


def test_rows_are_kept_to_within_half_a_step():
    table = RowQuantisedTable(5, 8)
    numbers = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    table.fill(numbers)
    steps = numbers.abs().amax(dim=1, keepdim=True) / 127
    errors = (table(torch.arange(5)[None])[0] - numbers).abs()
    assert (errors <= 0.51 * steps + 1e-6).all()


@pytest.mark.slow
def test_token_states_agree_with_transformers(tmp_path):
    transformers = pytest.importorskip("transformers", reason="the oracle is not installed")
    weights = write_folder(tmp_path)
    encoder = load_bert_folder(tmp_path, SHAPE)
    config = transformers.BertConfig(
        vocab_size=12, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=20,
    )  # fmt: skip
    oracle = transformers.BertModel(config, add_pooling_layer=False).eval()
    oracle.load_state_dict(weights)
    token_ids, word_mask = encoder.tokenize(["left lung mass", "right"])
    with torch.no_grad():
        expected = oracle(token_ids, attention_mask=word_mask.long()).last_hidden_state
    found = encoder(token_ids, word_mask)
    # The 8-bit rows differ from the oracle's fp32 ones by up to half a step.
    torch.testing.assert_close(found[word_mask], expected[word_mask], atol=0.05, rtol=0.05)


def test_the_packaged_encoder_tells_left_from_right():
    try:
        encoder = load_minilm(num_layers=1)
    except MissingWeights as missing:
        pytest.skip(str(missing))
    left, right = encoder(*encoder.tokenize(["the left lung", "the right lung"]))
    assert encoder.dim == 384
    assert torch.nn.functional.cosine_similarity(left[2], right[2], dim=0) < 0.9
