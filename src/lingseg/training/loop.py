"""The one training loop."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from lingseg.datasets.case import Dataset
from lingseg.models import Segmenter, build_model
from lingseg.training import checkpoint
from lingseg.training.average import WeightAverage
from lingseg.training.batch import Batch, TrainingBatches
from lingseg.training.gathering import with_one_side
from lingseg.training.journal import Journal
from lingseg.training.mirror import MirrorTest
from lingseg.training.objective import Objective, TextReader
from lingseg.training.processes import this_process
from lingseg.training.recipe import Optimizer, Recipe, Schedule
from lingseg.training.summary import summarise
from lingseg.training.validation import Validation, mean_dice


class NonFiniteLoss(ValueError):
    """A loss became infinite or not a number; the last good state is on disk."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """How far training has come, told after every step."""

    step: int
    num_steps: int
    epoch: int
    losses: dict[str, float]
    scores: dict[str, float]
    """Per-image Dice on validation of the last epoch validated, by data set."""
    mirror: dict[str, float | None]
    """The mirror test of the last epoch, by data set: Dice; see `MirrorTest`."""
    is_epoch_end: bool
    notices: tuple[str, ...] = ()
    """What should be known of the whole run; told once, with its first step."""


def train(
    recipe: Recipe,
    datasets: list[Dataset],
    run: Path,
    *,
    resume: bool = False,
    report: Callable[[Report], None] | None = None,
) -> None:
    """Train a model into the folder `run`.

    Started by `torchrun` or `accelerate launch`, several processes share each batch.

    Args:
        recipe: Every choice.
        datasets: The data sets, in the order of `recipe.data.shares`.
        run: The folder that is made, or gone on with.
        resume: Go on from the last state, exactly as if nothing had happened.
        report: Told of every step.

    Raises:
        FileExistsError: `run` holds a run already and `resume` was not asked for.
        NonFiniteLoss: A loss is not a number.
    """
    datasets = with_one_side(datasets)
    # accelerate remembers the precision of an earlier run in this process, and refuses another one.
    AcceleratorState._reset_state()  # noqa: SLF001  # there is no public way
    accelerator = Accelerator(
        mixed_precision=_precision(recipe), cpu=this_process().device.type == "cpu"
    )
    device, schedule = accelerator.device, recipe.schedule
    share = {"rank": accelerator.process_index, "num_processes": accelerator.num_processes}
    torch.manual_seed(recipe.seed)
    model = _channels_last(build_model(recipe.model)).to(device)
    # After the model: a recipe whose model cannot be built leaves no folder behind.
    if accelerator.is_main_process:
        _prepare_folder(run, recipe, resume=resume)
    accelerator.wait_for_everyone()

    average = WeightAverage(model, recipe.optimizer.ema_decay)
    optimizer = _build_optimizer(model, recipe.optimizer)
    parts = {"model": model, "average": average}
    position = checkpoint.load_state(run, parts, optimizer)
    objective, optimizer = accelerator.prepare(Objective(model), optimizer)

    reader = TextReader(model.text_encoder, device)
    batches = TrainingBatches(datasets, recipe, **share)
    validation = Validation(datasets, batches.cache, batch_size=schedule.batch_size, **share)
    mirror_test = MirrorTest(datasets, batches.cache)
    steps_per_epoch = batches.steps_per_epoch
    journal = Journal(run, position, steps_per_epoch, is_open=accelerator.is_main_process)
    max_norm = recipe.optimizer.max_gradient_norm or math.inf
    tell = report if report and accelerator.is_main_process else _tell_nobody
    scores: dict[str, float] = {}
    mirror: dict[str, float | None] = {}
    notices = _notices(model, datasets)

    watch = Stopwatch()
    for step, batch in _remaining(batches, position.step, recipe.data.num_workers):
        position.data_seconds += watch.lap()
        # All chance inside a step comes from its number: a resumed run draws as it would have.
        torch.manual_seed(recipe.seed * 1_000_003 + step * share["num_processes"] + share["rank"])
        _set_learning_rate(optimizer, recipe, step, len(batches))
        objective.train()
        image = batch.image.to(device, memory_format=torch.channels_last)
        asked, reference = batch.asked.to(device), batch.reference.to(device)
        terms = objective(image, asked, *reader.read(batch.texts), reference)
        losses = _means(accelerator, terms)
        _refuse_non_finite(losses, step)
        accelerator.backward(torch.stack(list(terms.values())).sum())
        accelerator.clip_grad_norm_(objective.parameters(), max_norm)
        optimizer.step()
        optimizer.zero_grad()
        average.update(model)
        position.compute_seconds += watch.lap()

        position.step = step + 1
        journal.write_losses(step, losses)
        epoch, steps_into_epoch = divmod(position.step, steps_per_epoch)
        is_epoch_end = steps_into_epoch == 0
        if is_epoch_end:
            with accelerator.autocast():
                scores = mean_dice(validation.score(average.model))
                mirror = mirror_test.score(average.model)
            journal.write_scores(epoch - 1, scores, mirror)
            if position.is_best(epoch - 1, scores):
                journal.write_weights(average.model, half=recipe.half_weights)
            position.validation_seconds += watch.lap()
        if is_epoch_end or position.step % schedule.state_steps == 0:
            journal.write_state(position, parts, optimizer)
        tell(
            Report(
                step=position.step,
                num_steps=len(batches),
                epoch=epoch,
                is_epoch_end=is_epoch_end,
                losses=losses,
                scores=scores,
                mirror=mirror,
                notices=notices,
            )
        )
        notices = ()
        watch.lap()
        if is_epoch_end and 0 < schedule.patience <= epoch - 1 - position.best_epoch:
            break

    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        summarise(run, datasets, position)
    accelerator.end_training()


class Stopwatch:
    """Tells the seconds between one question and the next."""

    def __init__(self) -> None:
        """Start it."""
        self._asked = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since it was asked last."""
        before, self._asked = self._asked, time.perf_counter()
        return self._asked - before


def _notices(model: Segmenter, datasets: Sequence[Dataset]) -> tuple[str, ...]:
    """Return what should be known of a run before it takes hours."""
    texts = {case.text for dataset in datasets for case in dataset.splits.get("train", ())}
    cut = sorted(text for text in texts if model.text_encoder.cuts(text))
    if not cut:
        return ()
    longest = model.text_encoder.max_words
    return (
        f"{len(cut)} of {len(texts)} training sentences are longer than {longest} tokens and are "
        f'cut, such as "{cut[0]}". Raise model.max_words if the method allows it.',
    )


def _tell_nobody(_: Report) -> None:
    """Keep it quiet."""


def _prepare_folder(run: Path, recipe: Recipe, *, resume: bool) -> None:
    """Make the run folder, or check that it can be gone on with."""
    if checkpoint.is_run(run):
        if not resume:
            raise FileExistsError(
                f"{run} already holds a training run; choose another folder, "
                f"or add --resume to go on."
            )
        if checkpoint.read_recipe(run) != recipe:
            raise ValueError(
                f"{run} was trained with other choices ({run / checkpoint.RECIPE}); "
                f"resume with the same ones, or choose another folder."
            )
    else:
        run.mkdir(parents=True, exist_ok=True)
        checkpoint.write_recipe(run, recipe)
        checkpoint.keep_text_files(run, recipe)


def _precision(recipe: Recipe) -> str:
    """Return what accelerate calls the precision of the recipe on this device."""
    if recipe.precision != "auto":
        return {"fp32": "no", "bf16": "bf16"}[recipe.precision]
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "no"
    return "bf16" if torch.cpu.get_capabilities().get("avx512_bf16") else "no"


def _channels_last(model: Segmenter) -> Segmenter:
    """Lay the kernels out as CPUs and tensor cores like them."""
    for weight in model.parameters():
        if weight.ndim == 4:
            # Copied, as `contiguous` leaves a kernel of one channel or one pixel with strides that
            # its gradient will not have, which several processes would warn of.
            laid_out = torch.empty_like(weight.data, memory_format=torch.channels_last)
            weight.data = laid_out.copy_(weight.data)
    return model


def _build_optimizer(model: Segmenter, choices: Optimizer) -> torch.optim.Optimizer:
    """Return the optimizer; norms and biases do not decay, the image encoder has its own rate."""
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            key = (name.startswith("image_encoder."), weight.ndim > 1)
            groups.setdefault(key, []).append(weight)
    parameters = [
        {
            "params": weights,
            "rate": choices.encoder_rate if is_encoder else 1.0,
            "weight_decay": choices.weight_decay if is_decayed else 0.0,
        }
        for (is_encoder, is_decayed), weights in groups.items()
    ]
    kinds = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
    return kinds[choices.name](parameters, lr=choices.learning_rate)


def _set_learning_rate(
    optimizer: torch.optim.Optimizer, recipe: Recipe, step: int, num_steps: int
) -> None:
    """Give every group its learning rate for this step."""
    factor = schedule_factor(recipe.schedule, step, num_steps)
    for group in optimizer.param_groups:
        group["lr"] = recipe.optimizer.learning_rate * group["rate"] * factor


def schedule_factor(schedule: Schedule, step: int, num_steps: int) -> float:
    """Return the share of the full learning rate that `step` is taken with."""
    if step < schedule.warmup_steps:
        return (step + 1) / schedule.warmup_steps
    if schedule.shape == "constant":
        return 1.0
    if schedule.shape == "restarts":
        cycle = max(1, 10 * num_steps // schedule.num_epochs)
        return 1 / 3 + 2 / 3 * _cosine((step % cycle) / cycle)
    if schedule.shape_epochs:
        num_steps = num_steps * schedule.shape_epochs // schedule.num_epochs
    progress = (step - schedule.warmup_steps) / max(1, num_steps - schedule.warmup_steps)
    return (1 - progress) ** 0.9 if schedule.shape == "poly" else _cosine(progress)


def _cosine(progress: float) -> float:
    """Return a half wave from 1 at the start to 0 at the end."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def _remaining(
    batches: TrainingBatches, first: int, num_workers: int
) -> Iterator[tuple[int, Batch]]:
    """Yield the steps still to be done with their batches."""
    steps = range(first, len(batches))
    loader = DataLoader(Subset(batches, steps), batch_size=None, num_workers=num_workers)
    return zip(steps, loader, strict=True)


def _means(accelerator: Accelerator, terms: dict[str, Tensor]) -> dict[str, float]:
    """Return the loss terms, averaged over all processes, and their sum."""
    names = list(terms)
    stacked = torch.stack([terms[name].detach().float() for name in names])
    values = accelerator.reduce(stacked, reduction="mean").tolist()
    return {"loss": sum(values)} | dict(zip(names, values, strict=True))


def _refuse_non_finite(losses: dict[str, float], step: int) -> None:
    """Stop a run whose loss is not a number any more."""
    broken = [name for name, value in losses.items() if not math.isfinite(value)]
    if broken:
        raise NonFiniteLoss(
            f"At step {step} the loss is not finite ({', '.join(broken)}). The last good state is "
            f"kept: lower optimizer.learning_rate, or set precision to fp32, and start again."
        )
