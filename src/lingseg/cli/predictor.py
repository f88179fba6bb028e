"""What `lingseg evaluate` and `lingseg audit` take as a model, found by what the command says."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from rich.console import Console

from lingseg.cli.progress import progress_bar
from lingseg.datasets import Case, Dataset
from lingseg.evaluation import (
    Floors,
    Predictor,
    SavedPredictions,
    build_floors,
    find_predictions,
    has_training_masks,
)
from lingseg.imaging.image import Image, Probabilities
from lingseg.prediction import EncodedImage, Model, load

FLOORS = ("mean-mask", "text-lookup")
"""The floors, where they are asked for by name as if they were models."""

_LOWEST_THRESHOLD = 1e-9
_WEIGHTS = "weights.safetensors"


class ModelPredictor:
    """A bundle's model as a predictor."""

    def __init__(self, model: Model) -> None:
        """Take a model; nothing is predicted yet."""
        self.name = model.name
        self.threshold = model.threshold
        self.hash = model.hash
        self._model = model
        self._encoded: tuple[Image, EncodedImage] | None = None

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return the model's probabilities, or zeros where it says that nothing is there."""
        # Only the model's verdict on presence can empty a mask at so low a threshold.
        result = self._encode(image).segment(
            case.text, threshold=_LOWEST_THRESHOLD, side=case.side, allow_null=True
        )
        return result.probabilities if result.is_found else np.zeros(image.size, dtype=np.float32)

    def _encode(self, image: Image) -> EncodedImage:
        """Return the encoded picture; several sentences on one often follow each other.

        It is known by its pixels and not by its path: an audit shows one file in many views.
        """
        known = self._encoded
        if known is None or not _is_same(known[0], image):
            known = self._encoded = image, self._model.encode_whole(image)
        return known[1]


def _is_same(first: Image, second: Image) -> bool:
    """Return whether two pictures are one."""
    if first is second:
        return True
    has_same_type = first.pixels.dtype == second.pixels.dtype
    return has_same_type and np.array_equal(first.pixels, second.pixels)


def find_predictor(
    model: str, cases: Sequence[Case], find_floors: Callable[[], Floors | None]
) -> Predictor:
    """Return what the first argument of a command names.

    Args:
        model: A bundle's name or path, a run's folder, a folder of saved masks, a floor's name, or
            a function: `package.module:function` or `path/to/file.py:function`.
        cases: Those that will be asked; a folder of masks must have them all.
        find_floors: Builds the floors, or returns None without training masks.

    Raises:
        ValueError: It names nothing that could answer.
        FileNotFoundError: There is nothing of that name.
    """
    if model in FLOORS:
        floors = find_floors()
        if floors is None:
            raise ValueError(
                f"{model} is an average of training masks, and the data set has none. "
                f"Add a train.csv with masks."
            )
        return floors.both[FLOORS.index(model)]
    path = Path(model)
    if path.suffix == ".py":
        raise ValueError(
            f"{model} is a file of Python, which may hold several functions. Name one of them: "
            f"{model}:NAME."
        )
    if ":" in model and not path.exists():
        return _find_function(model)
    if (path / "recipe.json").is_file():
        # Training runs need torch, which everything else here does without.
        from lingseg.training.run_predictor import RunPredictor

        return RunPredictor(path)
    if path.is_dir() and not (path / "bundle.json").is_file():
        return find_predictions(path, cases)
    return ModelPredictor(load(model))


def hash_of(model: str, predictor: Predictor) -> str:
    """Return what tells a predictor from another of its name; empty where nothing does.

    It is the seal of a bundle, the SHA-256 of a run's weights, that of all saved masks, or that of
    the file that a function is written in. Floors are known by their names alone.
    """
    if isinstance(predictor, SavedPredictions):
        return _hash_files(sorted(predictor.paths.values()))
    weights = Path(model) / _WEIGHTS
    if weights.is_file():
        return _hash_files([weights])
    return str(getattr(predictor, "hash", ""))  # a bundle's and a function's


def floors_of(dataset: Dataset, terminal: Console) -> Floors | None:
    """Build the floors behind a bar, or return None for a data set without training masks."""
    if not has_training_masks(dataset):
        terminal.print(f"No floors: {dataset.info.name} has no training masks to average.")
        return None
    with progress_bar(terminal, "floors") as progress:
        return build_floors(dataset, progress=progress)


def _hash_files(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of a file, or that of the hashes of several, one after the other."""
    hashes = []
    for path in paths:
        with path.open("rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256"))
    if len(hashes) == 1:
        return hashes[0].hexdigest()
    return hashlib.sha256(b"".join(found.digest() for found in hashes)).hexdigest()


def _find_function(model: str) -> Predictor:
    """Return a predictor of the function that `where:name` names."""
    from lingseg.evaluation.audit.callable_predictor import CallablePredictor

    where, _, name = model.rpartition(":")
    module = _run_file(Path(where)) if where.endswith(".py") else _import_module(where)
    function = getattr(module, name, None)
    if not callable(function):
        known = [one for one, value in vars(module).items() if callable(value) and one[0] != "_"]
        raise ValueError(  # noqa: TRY004 - the name is wrong, not the caller's type
            f"{where} has no function {name!r}; it has {', '.join(known) or 'none'}. Name one that "
            f"takes (image, text) and returns a probability for every pixel."
        )
    source = getattr(module, "__file__", None)
    return CallablePredictor(function, name=name, source=Path(source) if source else None)


def _run_file(path: Path) -> ModuleType:
    """Return the module that a file of Python is; it is run, as by `python`."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}. Check the spelling.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is not a file of Python. Name one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    _look_in(path.parent)
    spec.loader.exec_module(module)
    return module


def _import_module(name: str) -> ModuleType:
    """Return a module that is installed, or lies in the working folder."""
    _look_in(Path())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise ValueError(
                f"There is no module {name!r}, neither installed nor in this folder. Check the "
                f"spelling, or name a file: path/to/file.py:function."
            ) from error
        raise


def _look_in(folder: Path) -> None:
    """Let imports find what lies beside the user's code, as they do under `python`."""
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.insert(0, place)
