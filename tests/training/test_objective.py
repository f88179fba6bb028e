"""From a batch to the loss terms of a step."""

import pytest
import torch
from models.small import SMALL

from lingseg.models import LingNetConfig, TinyConfig, UNetConfig, build_model
from lingseg.nn.word_text_encoder import WordTextEncoder
from lingseg.training.objective import Objective, TextReader, segment

CPU = torch.device("cpu")


class Counting(WordTextEncoder):
    """A frozen encoder that counts how often it is asked."""

    is_frozen = True
    asked = 0

    def forward(self, token_ids, word_mask):
        self.asked += 1
        return super().forward(token_ids, word_mask)


def test_a_frozen_encoder_reads_each_sentence_once():
    encoder = Counting(max_words=8)
    reader = TextReader(encoder, CPU)
    for _ in range(3):
        reader.read(["left lung", "right", "left lung"])
    assert encoder.asked == 2


def test_words_read_before_are_the_words_read_now():
    encoder = Counting(max_words=8)
    reader = TextReader(encoder, CPU)
    reader.read(["left lung"])
    words, word_mask = reader.read(["right", "left lung", ""])
    expected = encoder(*encoder.tokenize(["right", "left lung", ""]))
    torch.testing.assert_close(words, expected, atol=1e-6, rtol=1e-6)
    assert word_mask.tolist() == [[True, False], [True, True], [False, False]]


def test_a_trained_encoder_gets_token_ids_every_time():
    text, _ = TextReader(WordTextEncoder(max_words=8), CPU).read(["left lung"])
    assert text.dtype == torch.int64


def test_a_trained_encoder_learns_from_the_losses():
    model = build_model(SMALL[TinyConfig])
    text, word_mask = TextReader(model.text_encoder, CPU).read(["left", "right lung"])
    reference = torch.ones(2, 1, 8, 12, dtype=torch.bool)
    terms = Objective(model)(torch.rand(2, 3, 8, 12), torch.arange(2), text, word_mask, reference)
    torch.stack(list(terms.values())).sum().backward()
    assert model.text_encoder.word_table.weight.grad.any()


def test_a_model_that_reads_nothing_needs_no_words():
    model = build_model(SMALL[UNetConfig])
    text, word_mask = TextReader(model.text_encoder, CPU).read(["left", ""])
    reference = torch.ones(2, 1, 32, 48, dtype=torch.bool)
    terms = Objective(model)(torch.rand(2, 3, 32, 48), torch.arange(2), text, word_mask, reference)
    assert set(terms) == {"cross_entropy", "dice"}


@pytest.mark.parametrize("config", [SMALL[TinyConfig], SMALL[LingNetConfig]])
def test_a_picture_that_two_sentences_ask_about_need_not_be_shown_twice(config):
    model = build_model(config).eval()
    image, asked = torch.rand(2, 3, 32, 64), torch.tensor([0, 0, 1])
    text, word_mask = TextReader(model.text_encoder, CPU).read(["left", "right lung", "left"])
    once = segment(model, image, asked, text, word_mask)
    often = segment(model, image[asked], torch.arange(3), text, word_mask)
    torch.testing.assert_close(once.mask_logits, often.mask_logits)
    assert not torch.equal(once.mask_logits[0], once.mask_logits[1])
