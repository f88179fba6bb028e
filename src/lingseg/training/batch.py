"""From cases on disk to the batch of one step.

A batch is a pure function of the seed, the step and the process: whoever asks again gets the same
one, so a run that was killed goes on with the very batches that it would have had.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from lingseg.datasets.case import Case, Dataset
from lingseg.imaging.image import MaskPixels, Rgb
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.reading import read_image, read_mask
from lingseg.imaging.resampling import resize_mask, resize_rgb
from lingseg.nn.shapes import MaskBatch
from lingseg.training.augmentation import Triple, draw_changes, draw_wording
from lingseg.training.other_texts import NORMAL, Example, OtherTexts, siblings_of
from lingseg.training.recipe import Data, Recipe


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one step is made from."""

    image: Float[Tensor, "pictures 3 height width"]
    """Each picture once, also where several sentences in a row ask about it."""
    asked: Int[Tensor, " batch"]
    """Which picture a sentence is about."""
    texts: tuple[str, ...]
    reference: MaskBatch


class PixelCache:
    """Pictures and references at the size that the model is shown, kept in memory up to a limit."""

    def __init__(self, data: Data) -> None:
        """Start empty."""
        self._size = (data.height, data.width)
        self._room = int(data.cache_gigabytes * 1e9)
        self._images: dict[str, Rgb] = {}
        self._references: dict[str, MaskPixels] = {}

    def triple(self, case: Case) -> Triple:
        """Return the triple of a case.

        Raises:
            UnreadableImage: A picture cannot be read.
        """
        if case.mask is None:
            raise ValueError(
                f"{case.case_id} has no reference mask; training needs one for every case."
            )
        image = self._images.get(str(case.image))
        if image is None:
            image = resize_rgb(as_rgb(read_image(case.image)), self._size)
            if self._has_room(image):
                self._images[str(case.image)] = image
        reference = self._references.get(str(case.mask))
        if reference is None:
            reference = resize_mask(read_mask(case.mask).pixels, self._size)
            if self._has_room(reference):
                self._references[str(case.mask)] = reference
        return Triple(image=image, reference=reference, text=case.text, side=case.side)

    def _has_room(self, pixels: Rgb | MaskPixels) -> bool:
        """Tell whether an array may be kept, and count it if so."""
        has_room = pixels.nbytes <= self._room
        self._room -= pixels.nbytes if has_room else 0
        return has_room


class TrainingBatches(TorchDataset[Batch]):
    """The batches of a run, by step."""

    def __init__(
        self, datasets: Sequence[Dataset], recipe: Recipe, *, rank: int, num_processes: int
    ) -> None:
        """Gather the training cases.

        Raises:
            ValueError: The batch cannot be split evenly over the processes.
        """
        if recipe.schedule.batch_size % num_processes:
            raise ValueError(
                f"schedule.batch_size={recipe.schedule.batch_size} cannot be split over "
                f"{num_processes} processes; choose a multiple of {num_processes}."
            )
        self.examples = [_examples(dataset) for dataset in datasets]
        self._recipe = recipe
        self._rank, self._num_processes = rank, num_processes
        self.cache = PixelCache(recipe.data)
        self._small_cache = PixelCache(_smaller(recipe.data, recipe.schedule.small_scale))
        self._texts = OtherTexts(self.examples)
        self._plan = _plan(
            [len(examples) for examples in self.examples],
            recipe.data.shares,
            num_draws=len(self) * recipe.schedule.batch_size,
            seed=recipe.seed,
            run_length=1 + recipe.data.companions,
        )
        self._looks = np.arange(len(self._plan))
        self._bring_companions(1 + recipe.data.companions)

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch."""
        schedule = self._recipe.schedule
        num_cases = sum(len(examples) for examples in self.examples)
        return schedule.steps_per_epoch or -(-num_cases // schedule.batch_size)

    def __len__(self) -> int:
        """Return the number of steps of the whole run."""
        return self.steps_per_epoch * self._recipe.schedule.num_epochs

    def __getitem__(self, step: int) -> Batch:
        """Return this process's share of the batch of `step`."""
        batch_size = self._recipe.schedule.batch_size
        first = step * batch_size
        positions = range(first + self._rank, first + batch_size, self._num_processes)
        is_small = step < self._recipe.schedule.small_epochs * self.steps_per_epoch
        cache = self._small_cache if is_small else self.cache
        return collate([self._draw(position, cache) for position in positions])

    def _draw(self, position: int, cache: PixelCache) -> Triple:
        """Return the augmented triple at one position of the run."""
        rng = np.random.default_rng([self._recipe.seed, 1, position])
        dataset, number = self._plan[position].tolist()
        example = self.examples[dataset][number]
        triple = cache.triple(example.case)
        settings = self._recipe.augmentation
        wording = draw_wording(rng, settings, is_normal=example.case.label == NORMAL)
        said = self._texts.say(wording, rng, dataset, number)
        look = np.random.default_rng([self._recipe.seed, 3, int(self._looks[position])])
        for change in (*said, *draw_changes(look, settings, example.info.symmetry)):
            triple = change.apply(triple)
        return triple

    def _bring_companions(self, run_length: int) -> None:
        """Let the first case of a run be followed by others of the same picture, if there are any.

        The picture is shown the same way each time, so only the sentence can tell the masks apart.
        Its data set keeps its share: what follows a case is of its set, companion or not.
        """
        siblings = [siblings_of(group) for group in self.examples]
        rng = np.random.default_rng([self._recipe.seed, 4])
        for position in range(len(self._plan)):
            first = position - position % run_length
            dataset, number = self._plan[first]
            choices = siblings[dataset][number]
            if choices and position > first:
                self._plan[position] = dataset, choices[int(rng.integers(len(choices)))]
                self._looks[position] = first


def collate(triples: Sequence[Triple]) -> Batch:
    """Stack triples into a batch; pictures in 0 to 1."""
    pictures, asked = list[Rgb](), list[int]()
    for triple in triples:
        if not pictures or not np.array_equal(pictures[-1], triple.image):
            pictures.append(triple.image)
        asked.append(len(pictures) - 1)
    references = np.stack([triple.reference for triple in triples])
    return Batch(
        image=torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div_(255),
        asked=torch.tensor(asked),
        texts=tuple(triple.text for triple in triples),
        reference=torch.from_numpy(references)[:, None],
    )


def _smaller(data: Data, scale: float) -> Data:
    """Return the data as they are shown in the first epochs."""
    height, width = (max(1, int(side * scale) // 32) * 32 for side in (data.height, data.width))
    return replace(data, height=height, width=width)


def _plan(
    counts: Sequence[int],
    shares: Sequence[float],
    *,
    num_draws: int,
    seed: int,
    run_length: int,
) -> NDArray[np.int32]:
    """Return which case of which data set is drawn at each position of a run.

    Each data set gets its share of the draws, `run_length` positions at a time; within it, no case
    is drawn again before all were.
    """
    wanted = np.array(shares or counts, dtype=np.float64)
    rng = np.random.default_rng([seed, 0])
    plan = np.empty((num_draws, 2), dtype=np.int32)
    num_runs = -(-num_draws // run_length)
    drawn = rng.choice(len(counts), size=num_runs, p=wanted / wanted.sum())
    plan[:, 0] = drawn.repeat(run_length)[:num_draws]
    for dataset, count in enumerate(counts):
        rows = np.flatnonzero(plan[:, 0] == dataset)
        passes = -(-len(rows) // count)
        order = np.random.default_rng([seed, 2, dataset])
        numbers = [order.permutation(count) for _ in range(passes)]
        plan[rows, 1] = np.concatenate([*numbers, []])[: len(rows)]
    return plan


def _examples(dataset: Dataset) -> list[Example]:
    """Return the training cases of a data set that have a reference."""
    return [
        Example(case=case, info=dataset.info)
        for case in dataset.split("train")
        if case.mask is not None
    ]
