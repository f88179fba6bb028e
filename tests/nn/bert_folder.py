"""A tiny BERT in a folder of Hugging Face's form, made without Hugging Face's code."""

import json

import torch
from safetensors.torch import save_file

from lingseg.nn.bert_tokenizer import build_bert_tokenizer

CONFIG = {
    "model_type": "bert",
    "vocab_size": 14,
    "hidden_size": 16,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 9,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
}
PIECES = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
    "upper", "left", "right", "lung", "mass", "##es", "-", "no",
)  # fmt: skip


def weights_of(config):
    """Return random weights by the names of Hugging Face's BertModel."""
    generator = torch.Generator().manual_seed(3)
    dim, wide = config["hidden_size"], config["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], dim),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], dim),
        "embeddings.token_type_embeddings.weight": (config["type_vocab_size"], dim),
        "embeddings.LayerNorm.weight": (dim,),
        "embeddings.LayerNorm.bias": (dim,),
    }
    linear = {
        "attention.self.query": (dim, dim),
        "attention.self.key": (dim, dim),
        "attention.self.value": (dim, dim),
        "attention.output.dense": (dim, dim),
        "attention.output.LayerNorm": (dim,),
        "intermediate.dense": (wide, dim),
        "output.dense": (dim, wide),
        "output.LayerNorm": (dim,),
    }
    for layer in range(config["num_hidden_layers"]):
        for part, shape in linear.items():
            shapes[f"encoder.layer.{layer}.{part}.weight"] = shape
            shapes[f"encoder.layer.{layer}.{part}.bias"] = shape[:1]
    return {
        name: torch.randn(shape, generator=generator) * 0.3 + ("LayerNorm.weight" in name)
        for name, shape in shapes.items()
    }


def write_bert_folder(folder, **changes):
    """Write the folder and return its weights; `changes` are of its config."""
    config = CONFIG | changes
    weights = weights_of(config)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file(weights, folder / "model.safetensors")
    pieces = {piece: number for number, piece in enumerate(PIECES)}
    build_bert_tokenizer(pieces, is_lowercase=True).save(str(folder / "tokenizer.json"))
    return weights


def write_pieces(folder, pieces=PIECES):
    """Leave a list of pieces in place of the tokenizer."""
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
