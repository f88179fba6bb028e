"""The small text encoder that is trained with its model."""

import torch

from lingseg.nn.word_text_encoder import NoTextEncoder, WordTextEncoder, word_tokenizer


def test_known_words_stay_whole():
    assert word_tokenizer(64).encode("Left lung").tokens == ["left", "lung"]


def test_unknown_words_are_spelt_not_lost():
    assert word_tokenizer(64).encode("qzx").tokens == ["q", "##z", "##x"]


def test_a_long_text_is_cut_at_the_longest_length():
    assert len(word_tokenizer(5).encode("left " * 30).ids) == 5


def test_the_empty_text_has_no_word():
    _, word_mask = WordTextEncoder(max_words=8).tokenize(["", "left"])
    assert word_mask.tolist() == [[False], [True]]


def test_the_words_of_a_null_sentence_are_blank_and_finite():
    encoder = WordTextEncoder(max_words=8)
    words = encoder(*encoder.tokenize(["", "left lung"]))
    assert words[0].eq(0).all()
    assert words.isfinite().all()


def test_the_encoder_that_reads_nothing_has_no_weights():
    encoder = NoTextEncoder()
    assert not list(encoder.parameters())
    assert encoder(*encoder.tokenize(["left", "right lung"])).eq(0).all()


def test_neighbours_change_what_a_word_means():
    encoder = WordTextEncoder(max_words=8)
    left, right = encoder(*encoder.tokenize(["left lung", "right lung"]))
    assert not torch.allclose(left[1], right[1])
