"""The processes that share a run, where `torchrun` or `accelerate launch` started several."""

import torch
from accelerate import PartialState


def this_process() -> PartialState:
    """Return which of the processes this is; the first call makes them known to each other.

    Without `cpu`, accelerate takes processes that share no GPU for strangers to each other.
    """
    return PartialState(cpu=not torch.accelerator.is_available())
