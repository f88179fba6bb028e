"""The run folder: what one training run leaves behind, and all that it needs to go on.

weights.safetensors   the weights that were best on validation
run.json              what was found out: threshold, scores, data fingerprint, versions
recipe.json           every choice
losses.csv            the loss terms of every step
metrics.csv           the validation scores of every epoch
state/                optimizer, averaged weights and position; enough to resume exactly
text/                 of a text encoder read from a folder: the shape and the tokenizer
card.md               the same for people
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from lingseg.artefact import write_text, written_atomically
from lingseg.models import ModelConfig, Segmenter, build_model
from lingseg.models.cost import with_random_start
from lingseg.nn.pretrained import RANDOM, UNFILLED, MismatchedWeights, MissingWeights
from lingseg.training.recipe import Recipe, recipe_from_json, recipe_to_json

RECIPE = "recipe.json"
WEIGHTS = "weights.safetensors"
SUMMARY = "run.json"
STATE = "state/latest.safetensors"
TEXT = "text"
_TEXT_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
"""What a text encoder's shape and tokenizer are read from; its weights are among the run's."""


def is_run(folder: Path) -> bool:
    """Tell whether a folder is a training run."""
    return (folder / RECIPE).is_file()


@dataclass(kw_only=True)
class Position:
    """How far a run has come."""

    step: int = 0
    """Steps done."""
    best_score: float = -1.0
    best_epoch: int = -1
    compute_seconds: float = 0.0
    """Of all steps, once their batches were there."""
    data_seconds: float = 0.0
    """Spent waiting for batches."""
    validation_seconds: float = 0.0

    def is_best(self, epoch: int, scores: Mapping[str, float]) -> bool:
        """Tell whether the mean of the scores is the best so far, and remember it if it is."""
        score = sum(scores.values()) / len(scores) if scores else float(epoch)
        if score <= self.best_score:
            return False
        self.best_score, self.best_epoch = score, epoch
        return True


def save_state(
    run: Path,
    position: Position,
    modules: Mapping[str, nn.Module],
    optimizer: Optimizer,
) -> None:
    """Write, in one file and atomically, all that is needed to go on."""
    tensors = {
        f"{name}/{key}": value.detach().clone().contiguous()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {
            f"optimizer/{number}/{key}": torch.as_tensor(value).detach().clone().contiguous()
            for key, value in state.items()
        }
    with written_atomically(run / STATE) as temporary:
        save_file(tensors, temporary, metadata={"position": json.dumps(vars(position))})


def load_state(run: Path, modules: Mapping[str, nn.Module], optimizer: Optimizer) -> Position:
    """Take up what `save_state` wrote; a run that has no state yet starts at its beginning."""
    path = run / STATE
    if not path.is_file():
        return Position()
    with safe_open(path, framework="pt") as file:
        position = Position(**json.loads(file.metadata()["position"]))
    tensors = load_file(path)
    for name, module in modules.items():
        load_strictly(module, _below(tensors, name), path)
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in _below(tensors, "optimizer").items():
        number, _, entry = key.partition("/")
        # The layout of the kernels that these moments belong to: another one would slow every step.
        is_kernel = value.ndim == 4
        state.setdefault(int(number), {})[entry] = (
            value.contiguous(memory_format=torch.channels_last) if is_kernel else value
        )
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return position


def save_weights(run: Path, model: nn.Module, *, half: bool) -> None:
    """Write the weights that were best so far; `half` rounds them to what fp16 can hold."""
    weights = model.state_dict()
    parameters = {name for name, _ in model.named_parameters()} if half else set()
    tensors = {
        name: (value.half() if name in parameters else value).detach().clone().contiguous()
        for name, value in weights.items()
    }
    with written_atomically(run / WEIGHTS) as temporary:
        save_file(tensors, temporary)


def load_run(run: Path) -> tuple[Segmenter, Recipe]:
    """Build the model of a run with its best weights, in evaluation mode.

    Raises:
        MissingWeights: The folder is not a run, or the run has not finished its first epoch.
        MismatchedWeights: The weights do not fit the model.
    """
    recipe = read_recipe(run)
    path = run / WEIGHTS
    if not path.is_file():
        raise MissingWeights(
            f"{run} has no {WEIGHTS} yet; a run has weights once its first epoch is validated."
        )
    model = _build_unfilled(recipe.model, run)
    weights = {
        name: value.float() if value.dtype == torch.float16 else value
        for name, value in load_file(path).items()
    }
    load_strictly(model, weights, path)
    return model.eval(), recipe


def _build_unfilled(config: ModelConfig, run: Path) -> Segmenter:
    """Build a model that is about to get all its weights, its encoders' included, from a run.

    Raises:
        MissingWeights: The run is of a version that kept no text files, and their folder is gone.
    """
    config = with_random_start(config, ("image encoder",))
    if (run / TEXT).is_dir():
        changes: dict[str, Any] = {"text_weights": f"{UNFILLED}{run / TEXT}"}
        return build_model(replace(config, **changes))
    try:
        return build_model(config)
    except MissingWeights as error:
        if not getattr(config, "text_weights", ""):
            raise
        raise MissingWeights(
            f"{run} holds no copy of its tokenizer: {error} If the folder lies elsewhere now, name "
            f"it as text_weights in {run / RECIPE}."
        ) from error


def load_strictly(module: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Fill a module, refusing weights that do not fit it in every name and shape.

    Raises:
        MismatchedWeights: They do not.
    """
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise MismatchedWeights(
            f"{path} does not fit the model of its recipe: {reason[:300]}"
        ) from error


def read_recipe(run: Path) -> Recipe:
    """Read the recipe of a run.

    Raises:
        MissingWeights: The folder is not a run.
    """
    path = run / RECIPE
    if not path.is_file():
        raise MissingWeights(f"{run} is not a training run: it has no {RECIPE}.")
    return recipe_from_json(path.read_text(encoding="utf-8"))


def write_recipe(run: Path, recipe: Recipe) -> None:
    """Write the recipe of a run."""
    write_text(run / RECIPE, recipe_to_json(recipe) + "\n")


def keep_text_files(run: Path, recipe: Recipe) -> None:
    """Keep what is needed, besides weights, of a text encoder that was read from a folder."""
    named = getattr(recipe.model, "text_weights", "")
    if named in ("", RANDOM):
        return
    (run / TEXT).mkdir(exist_ok=True)
    for source in (Path(named) / name for name in _TEXT_FILES):
        if source.is_file():
            with written_atomically(run / TEXT / source.name) as temporary:
                shutil.copyfile(source, temporary)


def read_summary(run: Path) -> dict[str, Any]:
    """Read what a run found out.

    Raises:
        MissingWeights: The run is not finished.
    """
    path = run / SUMMARY
    if not path.is_file():
        raise MissingWeights(f"{run} has no {SUMMARY}; the run is not finished. Resume it first.")
    return json.loads(path.read_text(encoding="utf-8"))


def write_summary(run: Path, summary: Mapping[str, object]) -> None:
    """Write what a run found out."""
    write_text(run / SUMMARY, json.dumps(summary, indent=1) + "\n")


def _below(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Return the tensors filed under `name`, by the rest of their names."""
    prefix = f"{name}/"
    return {
        key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
    }
