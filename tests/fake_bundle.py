"""A bundle made by hand whose answers a reader can foretell, in a few kilobytes.

It draws what is brighter than the middle. "left" and "right" (of its own side convention) keep the
half of the picture that they name, "dark" draws what is darker instead, and "nothing" makes it say
that nothing is there. Other words change nothing; no word at all draws what is bright.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from lingseg.prediction.bundle import write_bundle
from lingseg.prediction.manifest import Manifest

VOCABULARY = ("[PAD]", "[UNK]", "[START]", "[END]", "left", "right", "dark", "nothing", "bright")
HEIGHT, WIDTH = 32, 48
MAX_WORDS = 12

MANIFEST = Manifest(
    name="fake",
    method="Threshold",
    lingseg_version="0.1.0",
    height=HEIGHT,
    width=WIDTH,
    side="image",
    threshold=0.5,
    presence_threshold=0.5,
    max_words=MAX_WORDS,
    scores=[{"dataset": "none", "dice_per_image": 0.5}],
    trained_on=[{"name": "none", "licence": "CC0-1.0", "citation": ""}],
    licence="Apache-2.0",
    intended_use="Tests only.",
    provenance={"seed": 0},
)


def write_fake_bundle(path: Path, *, encodes_image_first: bool = True, **changes: object) -> Path:
    """Write the bundle (a zip if `path` ends in `.lingseg`, else a folder) and return `path`.

    `changes` are fields of the manifest.
    """
    manifest = replace(MANIFEST, **changes)
    files = {
        "text.onnx": _text_graph(),
        "mask.onnx": _mask_graph(manifest, encodes_image_first=encodes_image_first),
        "tokenizer.json": _tokenizer().encode(),
        "card.md": b"# fake\n\nFor tests.\n",
    }
    if encodes_image_first:
        files["image.onnx"] = _image_graph(manifest)
    write_bundle(path, manifest, files)
    return path


def _tokenizer() -> str:
    """One token a word, small letters, with a start and an end."""
    numbers = {word: number for number, word in enumerate(VOCABULARY)}
    special = [
        {
            "id": numbers[word],
            "content": word,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for word in VOCABULARY[:4]
    ]
    ends = [
        {"SpecialToken": {"id": "[START]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[END]", "type_id": 0}},
    ]
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": special,
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": ends,
                "pair": ends,
                "special_tokens": {
                    word: {"id": word, "ids": [numbers[word]], "tokens": [word]}
                    for word in ("[START]", "[END]")
                },
            },
            "decoder": None,
            "model": {"type": "WordLevel", "vocab": numbers, "unk_token": "[UNK]"},
        }
    )


def _text_graph() -> bytes:
    """Words are one-hot vectors of what matters: left, right, dark, nothing."""
    table = np.zeros((len(VOCABULARY), 4), dtype=np.float32)
    for column, word in enumerate(("left", "right", "dark", "nothing")):
        table[VOCABULARY.index(word), column] = 1
    return _model(
        [helper.make_node("Gather", ["table", "token_ids"], ["words"], axis=0)],
        inputs=[
            ("token_ids", TensorProto.INT64, [1, "words"]),
            ("word_mask", TensorProto.BOOL, [1, "words"]),
        ],
        outputs=[("words", TensorProto.FLOAT, [1, "words", 4])],
        constants={"table": table},
    )


def _image_graph(manifest: Manifest) -> bytes:
    """What the mask needs of a picture: its brightness."""
    size = [manifest.height, manifest.width]
    return _model(
        [helper.make_node("ReduceMean", ["image", "channels"], ["encoded_0"], keepdims=1)],
        inputs=[("image", TensorProto.FLOAT, [1, 3, *size])],
        outputs=[("encoded_0", TensorProto.FLOAT, [1, 1, *size])],
        constants={"channels": np.asarray([1], dtype=np.int64)},
    )


def _mask_graph(manifest: Manifest, *, encodes_image_first: bool) -> bytes:
    """(brightness - 0.5) * 20, negated where dark is asked for, minus 40 in the other half."""
    height, width = manifest.height, manifest.width
    half = np.where(np.arange(width) < width / 2, 1, -1).astype(np.float32)
    if manifest.side == "patient":
        half = -half
    make = helper.make_node
    nodes = [
        make("Cast", ["word_mask"], ["is_word"], to=TensorProto.FLOAT),
        make("Unsqueeze", ["is_word", "last"], ["is_word_column"]),
        make("Mul", ["words", "is_word_column"], ["heard"]),
        make("ReduceMax", ["heard", "middle"], ["said"], keepdims=0),  # [1, 4]
        make("Split", ["said"], ["left", "right", "dark", "nothing"], axis=1, num_outputs=4),
        make("Sub", ["brightness", "one_half"], ["above"]),
        make("Mul", ["dark", "minus_forty"], ["turned"]),
        make("Add", ["turned", "twenty"], ["slope"]),
        make("Mul", ["above", "slope"], ["by_brightness"]),
        make("Sub", ["left", "right"], ["lean"]),
        make("Mul", ["lean", "half"], ["wanted_half"]),
        make("Min", ["wanted_half", "zero"], ["other_half"]),
        make("Mul", ["other_half", "forty"], ["penalty"]),
        make("Add", ["by_brightness", "penalty"], ["mask_logits"]),
        make("Mul", ["nothing", "minus_twenty"], ["absent"]),
        make("Add", ["absent", "ten"], ["presence_column"]),
        make("Reshape", ["presence_column", "one_number"], ["presence_logits"]),
    ]
    constants = {
        "last": np.asarray([2], dtype=np.int64),
        "middle": np.asarray([1], dtype=np.int64),
        "one_number": np.asarray([1], dtype=np.int64),
        "half": half.reshape(1, 1, 1, width),
        **{
            name: np.asarray(value, dtype=np.float32)
            for name, value in {
                "one_half": 0.5,
                "zero": 0,
                "ten": 10,
                "twenty": 20,
                "forty": 40,
                "minus_twenty": -20,
                "minus_forty": -40,
            }.items()
        },
    }
    if encodes_image_first:
        first = ("encoded_0", TensorProto.FLOAT, [1, 1, height, width])
        nodes.insert(0, make("Identity", ["encoded_0"], ["brightness"]))
    else:
        first = ("image", TensorProto.FLOAT, [1, 3, height, width])
        nodes.insert(0, make("ReduceMean", ["image", "middle"], ["brightness"], keepdims=1))
    return _model(
        nodes,
        inputs=[
            first,
            ("words", TensorProto.FLOAT, [1, "words", 4]),
            ("word_mask", TensorProto.BOOL, [1, "words"]),
        ],
        outputs=[
            ("mask_logits", TensorProto.FLOAT, [1, 1, height, width]),
            ("presence_logits", TensorProto.FLOAT, [1]),
        ],
        constants=constants,
    )


def _model(nodes: list, *, inputs: list, outputs: list, constants: dict) -> bytes:
    """Return the bytes of a graph."""
    graph = helper.make_graph(
        nodes,
        "fake",
        [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(*one) for one in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return model.SerializeToString()
