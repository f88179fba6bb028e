"""The mirror test: who passes, who fails, and that it leaves no trace."""

from dataclasses import replace

import pytest
import torch
from fakes import write_folder_dataset
from torch import nn
from training.small_run import RECIPE

from lingseg.datasets.folder import read_folder
from lingseg.models import Segmentation, Segmenter, build_model
from lingseg.nn.text_encoder import TextEncoder
from lingseg.nn.word_text_encoder import word_tokenizer
from lingseg.training import mirror
from lingseg.training.batch import PixelCache
from lingseg.training.mirror import MirrorTest, mirror_warnings
from lingseg.training.recipe import Data

DATA = Data(sets=("blocks",), height=24, width=32)


class Ear(TextEncoder):
    """Hears left as 1 and right as -1."""

    is_frozen = True

    def __init__(self):
        super().__init__()
        self.dim = 1
        self.tokenizer = word_tokenizer(max_words=16)

    def forward(self, token_ids, word_mask):
        left, right = (self.tokenizer.token_to_id(word) for word in ("left", "right"))
        heard = (token_ids == left).float() - (token_ids == right).float()
        return (heard * word_mask)[..., None]


class Painter(Segmenter):
    """Draws the half that is named ("obeys"), always the left one ("stubborn"), what is bright
    ("looks"), or nothing ("blind")."""

    def __init__(self, manner):
        super().__init__()
        self.text_encoder = Ear()
        self.weight = nn.Parameter(torch.zeros(1))
        self.manner = manner

    def forward(self, image, words, word_mask):  # noqa: ARG002
        side = words.sum(dim=(1, 2)) if self.manner == "obeys" else torch.ones(len(image))
        if self.manner == "looks":
            return Segmentation(mask_logits=image[:, :1] - 0.9)
        columns = torch.linspace(1, -1, image.shape[-1])
        logits = (side[:, None, None, None] * columns).expand(-1, 1, image.shape[-2], -1)
        return Segmentation(mask_logits=logits - 9 * (self.manner == "blind"))

    def losses(self, segmentation, reference):
        raise NotImplementedError


def blocks(folder, num_cases=6, **declared):
    declared = {"symmetry": "horizontal"} | declared
    root = write_folder_dataset(folder / "blocks", num_cases={"val": num_cases}, declared=declared)
    return read_folder(root)


def scored(model, dataset):
    return MirrorTest([dataset], PixelCache(DATA)).score(model)


@pytest.mark.parametrize(
    ("manner", "dice"), [("obeys", 1.0), ("looks", 1.0), ("stubborn", 0.0), ("blind", None)]
)
def test_who_does_not_follow_the_side_fails(tmp_path, manner, dice):
    assert scored(Painter(manner), blocks(tmp_path)) == {"blocks": dice}


@pytest.mark.parametrize("declared", [{"symmetry": "none"}, {"side": "none"}])
def test_sets_that_cannot_be_mirrored_are_not_asked(tmp_path, declared):
    assert scored(Painter("stubborn"), blocks(tmp_path, **declared)) == {}


@pytest.mark.parametrize("text", ["the bright block", "the left ventricle", "north of the left"])
def test_sentences_that_state_no_side_are_not_asked(tmp_path, text):
    dataset = blocks(tmp_path)
    cases = tuple(replace(case, text=text) for case in dataset.split("val"))
    assert scored(Painter("stubborn"), replace(dataset, splits={"val": cases})) == {}


def test_a_handful_from_all_over_the_set_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(mirror, "MAX_CASES", 3)
    chosen = MirrorTest([blocks(tmp_path, 7)], PixelCache(DATA))._cases["blocks"]
    assert [case.case_id for case in chosen] == ["val/val_000", "val/val_003", "val/val_006"]


def test_the_test_leaves_no_trace(tmp_path):
    model = build_model(RECIPE.model).train()
    before = torch.get_rng_state()
    first = scored(model, blocks(tmp_path))
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert all(weight.grad is None for weight in model.parameters())
    assert scored(model, blocks(tmp_path)) == first


def test_only_failures_are_warned_of():
    (line,) = mirror_warnings({"blocks": 0.31, "spots": 0.97, "nothing": None})
    assert line.startswith("warning: on blocks, masks of mirrored pictures")
    assert "Dice 0.31, at least 0.6" in line
