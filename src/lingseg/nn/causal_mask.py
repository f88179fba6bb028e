"""The mask of a transformer whose tokens see themselves and what comes before them."""

import torch
from jaxtyping import Bool
from torch import Tensor


def causal_mask(is_there: Bool[Tensor, "batch tokens"]) -> Bool[Tensor, "batch tokens tokens"]:
    """Return whether a row's token sees a column's, of those that are there.

    A token that is not there sees itself: a row that sees nothing would not be finite.
    """
    itself = torch.eye(is_there.shape[1], dtype=torch.bool, device=is_there.device)
    return (is_there[:, None, :] | itself).tril()
