import torch

from lingseg.nn.causal_mask import causal_mask


def test_a_token_sees_itself_and_what_comes_before():
    mask = causal_mask(torch.tensor([[True, True, True]]))
    assert mask.tolist() == [[[True, False, False], [True, True, False], [True, True, True]]]


def test_nobody_sees_padding_but_padding_itself():
    mask = causal_mask(torch.tensor([[True, False, True], [False, False, False]]))
    assert mask[0].tolist() == [[True, False, False], [True, True, False], [True, False, True]]
    assert mask[1].tolist() == torch.eye(3, dtype=torch.bool).tolist()
