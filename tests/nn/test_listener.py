"""Attention to other rows, and the word that is always there."""

import torch

from lingseg.nn.listener import Listener, NullWord


def test_rows_that_are_not_there_are_not_heard():
    torch.manual_seed(0)
    listener, rows, others = Listener(8, 2), torch.randn(2, 3, 8), torch.randn(2, 4, 8)
    is_other = torch.tensor([[True, True, False, False]] * 2)
    changed = others.clone()
    changed[:, 2:] = 100.0
    torch.testing.assert_close(listener(rows, others, is_other), listener(rows, changed, is_other))


def test_rows_that_are_there_are_heard():
    torch.manual_seed(0)
    listener, rows, others = Listener(8, 2), torch.randn(2, 3, 8), torch.randn(2, 4, 8)
    assert not torch.allclose(listener(rows, others), listener(rows, others.flip(2)))


def test_the_null_word_is_the_first_and_always_there():
    null_word, words = NullWord(8), torch.randn(2, 3, 8)
    all_words, word_mask = null_word(words, torch.zeros(2, 3, dtype=torch.bool))
    assert word_mask.tolist() == [[True, False, False, False]] * 2
    torch.testing.assert_close(all_words[:, 0], null_word.word.expand(2, -1))
    torch.testing.assert_close(all_words[:, 1:], words)
