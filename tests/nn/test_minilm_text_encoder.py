"""MiniLM's words as models hear them."""

import pytest
import torch

from lingseg.language.vocabulary import WORDS
from lingseg.nn.bert_text_encoder import BertShape, BertTextEncoder
from lingseg.nn.minilm_text_encoder import MiniLMTextEncoder
from lingseg.nn.word_text_encoder import word_tokenizer

TINY = BertShape(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2)


@pytest.fixture
def bert():
    torch.manual_seed(0)
    bert = BertTextEncoder(TINY, word_tokenizer(40), max_words=40, is_frozen=True)
    bert.start_at_random()
    with torch.no_grad():
        for norm in (bert.norm, bert.layers[-1].norm):
            norm.bias.fill_(3.0)  # what all words share: a narrow cone
    return bert.eval()


def test_features_are_level_over_the_words_of_the_package(bert):
    encoder = MiniLMTextEncoder(bert)
    token_ids, word_mask = encoder.tokenize([" ".join(WORDS[k : k + 6]) for k in range(0, 300, 6)])
    words = encoder(token_ids, word_mask)[word_mask]
    assert words.mean(dim=0).abs().max() < 0.5
    assert words.std(dim=0).sub(1).abs().max() < 0.5


def test_words_that_share_a_cone_are_told_apart(bert):
    def likeness(encoder):
        token_ids, word_mask = encoder.tokenize([" ".join(WORDS[:30])])
        words = torch.nn.functional.normalize(encoder(token_ids, word_mask)[0], dim=-1)
        return (words @ words.T).mean()

    assert likeness(MiniLMTextEncoder(bert)) < 0.2 < 0.8 < likeness(bert)


def test_what_a_word_is_does_not_depend_on_its_neighbours_and_what_it_means_does(bert):
    encoder = MiniLMTextEncoder(bert)
    first = encoder(*encoder.tokenize(["left lung"]))[0, 0]
    again = encoder(*encoder.tokenize(["left kidney"]))[0, 0]
    torch.testing.assert_close(first[: bert.dim], again[: bert.dim])
    assert not torch.allclose(first[bert.dim :], again[bert.dim :])


def test_the_levels_are_weights_of_the_model(bert):
    assert {"mean", "spread"} < set(MiniLMTextEncoder(bert).state_dict())
