"""One model in a process of its own, asked by benchmarks/peers.py a line at a time.

`{"pictures": [3, 4]}` is answered with the seconds of each picture, those of its text encoder
apart; `{"count": true}` with the memory needed up to now, and then parameters and multiply-adds.
What the official codes print does not get into the answers: it goes where errors go.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

PICTURES, SENTENCES = "pictures.raw", "sentences.json"
SIDE = 224
"""Of the pictures, which all of the official networks want square."""
Counts: TypeAlias = dict[str, Any]

if TYPE_CHECKING:  # the bundle's process does without it
    from torch import Tensor, nn


@dataclass
class TextClock:
    """Takes the time of a text encoder, wherever it is called from."""

    seconds: float = 0.0
    again: Callable[[], object] = field(default=lambda: None)
    """The last call once more."""

    def watch(self, owner: object, method: str) -> None:
        """Time a method of an object from now on."""
        action = getattr(owner, method)

        def timed(*given: object, **named: object) -> object:
            self.again = lambda: action(*given, **named)
            began = time.perf_counter()
            found = action(*given, **named)
            self.seconds += time.perf_counter() - began
            return found

        setattr(owner, method, timed)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A model, and what is asked of it."""

    segment: Callable[[int], object]
    """Make the mask of a picture, by its number."""
    clock: TextClock
    count: Callable[[], Counts]
    settings: str = ""
    """For the page."""


def read_inputs(folder: Path) -> tuple[np.ndarray, list[str]]:
    """Return pictures, 8 bits, and their sentences."""
    sentences = json.loads((folder / SENTENCES).read_text(encoding="utf-8"))
    pictures = np.fromfile(folder / PICTURES, dtype=np.uint8)
    return pictures.reshape(len(sentences), SIDE, SIDE, 3), sentences


def open_bundle(bundle: str, folder: Path, threads: int) -> Opened:
    """Open a bundle's graphs; torch is loaded only to count, once the memory is known."""
    from lingseg.prediction.bundle import read_bundle
    from lingseg.prediction.graphs import Graphs
    from lingseg.prediction.predictor import find_bundle
    from lingseg.prediction.sentence import SentenceReader

    found = read_bundle(find_bundle(bundle))
    manifest = found.manifest
    if (manifest.height, manifest.width) != (SIDE, SIDE):
        raise ValueError(f"The bundle takes pictures of another size than {SIDE} x {SIDE}.")
    graphs = Graphs(found.files, size=(SIDE, SIDE), threads=threads)
    reader = SentenceReader(found.files["tokenizer.json"], max_words=manifest.max_words)
    pictures, sentences = read_inputs(folder)
    images = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)[:, None]) / np.float32(255)
    read = [reader.read(sentence) for sentence in sentences]
    clock = TextClock()
    clock.watch(graphs, "encode_words")

    def segment(number: int) -> object:
        sentence = read[number]
        words = graphs.encode_words(sentence.token_ids, sentence.word_mask)
        return graphs.segment(graphs.encode_image(images[number]), words, sentence.word_mask)

    def count() -> Counts:
        if manifest.method != "LingNet":
            return {}
        return open_ours("lingnet", folder, threads).count()

    return Opened(segment=segment, clock=clock, count=count)


def open_ours(name: str, folder: Path, threads: int) -> Opened:
    """Open a model of lingseg's, with random weights where the pretrained ones are not here."""
    import torch

    from lingseg.models import MODELS
    from lingseg.models.cost import build_countable

    torch.set_num_threads(threads)
    (config,) = (one() for one in MODELS if one.__name__.removesuffix("Config").lower() == name)
    if name == "lavt":
        config = replace(config, window_size=7)  # as the official one is opened
    model, _ = build_countable(config)
    pictures, sentences = read_inputs(folder)
    tokens = [model.text_encoder.tokenize([sentence]) for sentence in sentences]
    clock = TextClock()
    clock.watch(model.text_encoder, "forward")

    def ask(image: "Tensor", ids: "Tensor", mask: "Tensor") -> "Tensor":
        return model(image, model.text_encoder(ids, mask), mask).mask_logits

    return _eager(model, ask, clock, as_images(pictures), tokens)


def open_official(name: str, checkout: Path, folder: Path, threads: int) -> Opened:
    """Open an official network, or a variant of one, from its checkout."""
    import official
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    opening = {method.name: method.open for method in official.METHODS}
    network = (opening | dict(official.VARIANTS.values()))[name](checkout)
    pictures, sentences = read_inputs(folder)
    images = as_images(pictures)
    if network.is_standardised:
        spread, mean = torch.std_mean(images, dim=(2, 3), keepdim=True)
        images = (images - mean) / spread.clamp(min=1e-6)
    length, vocabulary = network.num_words, network.vocabulary
    read = [official.numbered(one, length=length, vocabulary=vocabulary) for one in sentences]
    tokens = [(torch.tensor([ids]), torch.tensor([mask])) for ids, mask in read]
    clock = TextClock()
    clock.watch(network.text_encoder, network.text_method)
    opened = _eager(network.module, network.ask, clock, images, tokens)
    return replace(opened, settings=network.settings)


def as_images(pictures: np.ndarray) -> "Tensor":
    """Return pictures as a batch of torch's, 0 to 1."""
    import torch

    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().contiguous() / 255


def _eager(
    module: "nn.Module",
    ask: "Callable[[Tensor, Tensor, Tensor], Tensor]",
    clock: TextClock,
    images: "Tensor",
    tokens: "Sequence[tuple[Tensor, Tensor]]",
) -> Opened:
    """Return a torch model, opened."""
    import torch

    from lingseg.models.cost import count_gmacs, count_needed, count_numbers

    module.eval()

    def segment(number: int) -> object:
        with torch.inference_mode():
            return ask(images[number : number + 1], *tokens[number])

    def count() -> Counts:
        one = images[:1], *tokens[0]
        two = tuple(torch.cat([given, given]) for given in one)
        return {
            "parameters": count_numbers(module),
            "needed": count_needed(module, lambda: ask(*one)),
            "gmacs": count_gmacs(lambda: ask(*one)),
            "gmacs_text": count_gmacs(clock.again),
            "gmacs_of_two": count_gmacs(lambda: ask(*two)),
            "tokens": tokens[0][0].shape[1],
        }

    return Opened(segment=segment, clock=clock, count=count)


def peak_mebibytes() -> float | None:
    """Return how much memory this process has needed; None where the system does not tell.

    Not getrusage: it counts what the process that started this one had needed until then.
    """
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.is_file() else []
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) / 1024 if found else None


def answer(opened: Opened, asked: dict[str, Any]) -> Counts:
    """Return the answer to a line."""
    if "count" in asked:
        peak = peak_mebibytes()
        return {"peak_mebibytes": peak, "settings": opened.settings, **opened.count()}
    seconds = []
    for number in asked["pictures"]:
        opened.clock.seconds = 0.0
        began = time.perf_counter()
        opened.segment(number)
        seconds.append((time.perf_counter() - began, opened.clock.seconds))
    return {"seconds": seconds}


def main(kind: str, name: str, checkout: str, folder: str, threads: str) -> None:
    """Open a model and answer until the lines end."""
    answers, sys.stdout = sys.stdout, sys.stderr
    given = Path(folder), int(threads)
    if kind == "official":
        opened = open_official(name, Path(checkout), *given)
    elif kind == "bundle":
        opened = open_bundle(name, *given)
    else:
        opened = open_ours(name, *given)
    print(json.dumps({"opened": name}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(opened, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
