"""From a pickled checkpoint to safetensors: once, by command, and never as a fallback.

A pickle can hold code. torch's reader of tensors alone refuses it; nothing else here reads pickles.
"""

import struct
from pathlib import Path
from pickle import UnpicklingError  # noqa: TID251 - the error alone

import torch
from safetensors.torch import save_file
from torch import Tensor

from lingseg.artefact import written_atomically
from lingseg.nn.pretrained import MismatchedWeights

_WRAPPERS = ("state_dict", "model", "model_state_dict")
"""Under which names training code keeps the weights beside other things."""
# What torch's reader of pickles was seen to raise at files that are cut or altered.
_DAMAGE = (
    UnpicklingError, AssertionError, AttributeError, EOFError, LookupError, OSError,
    OverflowError, RuntimeError, struct.error, TypeError, ValueError,
)  # fmt: skip


def convert_pickle(source: Path, target: Path) -> int:
    """Write the tensors of a `.bin`, `.pt` or `.pth` as safetensors; return how many there are.

    Raises:
        FileNotFoundError: There is no such file.
        FileExistsError: The target is there already.
        MismatchedWeights: The file is damaged, or holds anything but tensors.
    """
    if not source.is_file():
        raise FileNotFoundError(f"{source} is no file; name a .bin, .pt or .pth.")
    if target.exists():
        raise FileExistsError(f"{target} is there already; choose another name with --out.")
    weights = _unwrapped(_read(source), source)
    # Cloned, since tied weights share their memory, which safetensors does not store.
    apart = {name: value.detach().clone().contiguous() for name, value in weights.items()}
    with written_atomically(target) as temporary:
        save_file(apart, temporary)
    return len(apart)


def _read(path: Path) -> object:
    """Return what a pickled file holds, without running what else it may hold."""
    with path.open("rb") as file:
        try:
            return torch.load(file, map_location="cpu", weights_only=True)  # noqa: TID251 - the converter
        except _DAMAGE as error:
            raise _not_tensors(path, error) from error


def _unwrapped(found: object, path: Path) -> dict[str, Tensor]:
    """Return the named tensors, taken out of what training code put around them."""
    if isinstance(found, dict):
        inner = [found[name] for name in _WRAPPERS if isinstance(found.get(name), dict)]
        found = inner[0] if len(inner) == 1 else found
    if (
        not isinstance(found, dict)
        or not found
        or not all(isinstance(name, str) for name in found)
        or not all(isinstance(value, Tensor) for value in found.values())
    ):
        raise _not_tensors(path, TypeError())
    return found


def _not_tensors(path: Path, error: Exception) -> MismatchedWeights:
    """Return what to say; not in the error's own words: torch's advise to run what the file holds.

    Source of the size: a git-lfs pointer in place of a file is known by its 130 bytes.
    """
    return MismatchedWeights(
        f"{path} ({path.stat().st_size:,} bytes) cannot be read as named tensors "
        f"({type(error).__name__}): it is damaged, a git-lfs pointer, or holds code, which is "
        f"never run. Fetch it anew, or fetch the safetensors file."
    )
