"""`lingseg train RECIPE`: a sub-command a recipe, its options made from the recipe's own fields."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from cyclopts import App, Parameter
from rich.console import Console

from lingseg import recipes
from lingseg.cli.progress import progress_bar
from lingseg.training.checkpoint import read_summary
from lingseg.training.freed_memory import keep_freed_memory
from lingseg.training.gathering import gather_datasets
from lingseg.training.loop import Report, train
from lingseg.training.mirror import mirror_warnings
from lingseg.training.processes import this_process
from lingseg.training.recipe import Recipe, with_choices

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

app = App(name="train", help="Train a model by a recipe.")


def _leaves(section: "DataclassInstance", prefix: str = "") -> Iterator[tuple[str, object, object]]:
    """Yield name, type and value of every field of a recipe, in dotted names."""
    hints = get_type_hints(type(section))
    for item in fields(section):
        value = getattr(section, item.name)
        if is_dataclass(value) and not isinstance(value, type):
            yield from _leaves(value, prefix=f"{item.name}.")
        else:
            yield f"{prefix}{item.name}", hints[item.name], value


def _command(name: str, recipe: Recipe) -> Callable[..., int]:
    """Return the command that trains by one recipe, its signature made of the recipe's fields."""
    leaves = {leaf.replace(".", "__"): (leaf, kind, value) for leaf, kind, value in _leaves(recipe)}

    def command(
        *,
        out: Path | None = None,
        resume: bool = False,
        quiet: bool = False,
        **choices: object,
    ) -> int:
        changed = with_choices(recipe, {leaves[key][0]: value for key, value in choices.items()})
        return _train(changed, out or Path("runs") / name, resume=resume, quiet=quiet)

    signature = inspect.signature(command)
    own = [item for item in signature.parameters.values() if item.name != "choices"]
    options = [_option(key, *leaf) for key, leaf in leaves.items()]
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    command.__annotations__ |= {option.name: option.annotation for option in options}
    return command


def _option(key: str, leaf: str, kind: object, value: object) -> inspect.Parameter:
    """Return one choice of a recipe as a parameter of its command."""
    section, _, _ = leaf.rpartition(".")
    shown = Parameter(name=f"--{leaf.replace('_', '-')}", group=section or "recipe")
    return inspect.Parameter(
        key, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=Annotated[kind, shown]
    )


def _train(recipe: Recipe, out: Path, *, resume: bool, quiet: bool) -> int:
    """Find the data, train, and show how far it has come."""
    keep_freed_memory()
    console = Console(stderr=True, quiet=quiet or not this_process().is_main_process)
    with console.status("Gathering the data"):
        datasets = gather_datasets(recipe, out)
    with progress_bar(console, "training") as tell:

        def report(state: Report) -> None:
            losses = "  ".join(f"{name} {value:.3f}" for name, value in state.losses.items())
            for notice in state.notices:
                console.print(notice)
            tell(state.step, state.num_steps, note=losses)
            if state.is_epoch_end:
                scores = "  ".join(f"{name} {value:.3f}" for name, value in state.scores.items())
                mirror = _mirror_part(state.mirror)
                console.print(f"epoch {state.epoch:3d}  {losses}  |  validation {scores}{mirror}")

        try:
            train(recipe, datasets, out, resume=resume, report=report)
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(f"--resume goes on from the last state in {out}.") from stop
    if this_process().is_main_process:
        summary = read_summary(out)
        console.print(_time_line(summary))
        for line in mirror_warnings(summary.get("mirror_dice_per_image", {})):
            console.print(line)
    console.print(f"The run is in {out}. Next: lingseg export {out} -o {out.name}.lingseg")
    return 0


def _mirror_part(scores: Mapping[str, float | None]) -> str:
    """Return what the line of an epoch says of the mirror test."""
    told = "  ".join(f"{name} {dice:.3f}" for name, dice in scores.items() if dice is not None)
    return f"  |  mirror {told}" if told else ""


def _time_line(summary: Mapping[str, Any]) -> str:
    """Return where the time of a run went, and whether its steps had to wait for their data."""
    spent = summary["seconds"]
    steps = spent["compute"] + spent["data"]
    share = spent["compute"] / steps if steps else 1.0
    return (
        f"{summary['steps']} steps in {steps / 60:.1f} min, {share:.1%} of it computing and the "
        f"rest waiting for data; validation {spent['validation'] / 60:.1f} min."
    )


def _summary(recipe: Recipe) -> str:
    """Return what a recipe trains on, and for how long."""
    data, schedule = recipe.data, recipe.schedule
    sets = ", ".join((*data.sets, *(("phantoms",) if data.num_phantoms else ())))
    return f"{sets}; {data.height} x {data.width}, at most {schedule.num_epochs} epochs."


for _module in sorted(module.name for module in iter_modules(recipes.__path__)):
    _page = import_module(f"lingseg.recipes.{_module}")
    for _name, _recipe in getattr(_page, "RECIPES", {}).items():
        _group = (_page.__doc__ or "").partition("\n")[0].rstrip(".")
        app.command(_command(_name, _recipe), name=_name, help=_summary(_recipe), group=_group)
