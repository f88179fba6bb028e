"""A text without words is one word of nothing."""

import torch

from lingseg.nn.null_word import with_null_word


def test_an_empty_row_has_its_first_word_which_is_zero_and_others_stay():
    words = torch.arange(1.0, 13.0).view(2, 3, 2)
    word_mask = torch.tensor([[True, True, False], [False, False, False]])
    found, is_seen = with_null_word(words, word_mask)
    assert found.tolist() == [[[1, 2], [3, 4], [0, 0]], [[0, 0], [0, 0], [0, 0]]]
    assert is_seen.tolist() == [[True, True, False], [True, False, False]]
