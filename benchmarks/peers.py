"""lingseg beside the official codes: time, memory, parameters and compute on one machine.

Run `python benchmarks/peers.py --out docs/peers.md --official PATH...` on a quiet machine, with
checkouts of RecLMIS, LViT, LanGuideMedSeg, MMI-UNet or LAVT: github.com/ShawnHuang497/RecLMIS,
HUANGLIZI/LViT, Junelin2333/LanGuideMedSeg-MICCAI2023, nguyenpbui/MMI-UNet, yz93/LAVT-RIS. The
sentences and pictures are real ones, of a data set below LINGSEG_DATA. Two cores take about ten
minutes. LanGuideMedSeg and MMI-UNet want `pip install monai transformers`; a code that cannot be
run is named with the reason, and the others are measured.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import IO, Annotated, Any

from cyclopts import App, Parameter
from official import VARIANTS, Checkout, recognise_all
from peer_worker import PICTURES, SENTENCES, SIDE
from peers_page import SHORT, Measured, Setting, page, row
from rich.console import Console
from rich.table import Table

from lingseg.artefact import write_text
from lingseg.datasets import find_dataset
from lingseg.imaging import as_rgb, read_image, resize_rgb
from lingseg.prediction.speed import processor_name

BLOCK = 5
"""Pictures that a model takes at a turn."""
PACKAGES = ("lingseg", "torch", "onnxruntime", "numpy", "transformers", "monai")

app = App()


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A model that is to be measured, and how its process is started."""

    told: Measured
    kind: str
    name: str
    checkout: str = ""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A process that holds one model."""

    peer: Peer
    process: subprocess.Popen[str]
    errors: IO[str]
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def ask(self, question: dict[str, Any] | None) -> dict[str, Any]:
        """Return the answer to a question, or the first word without one.

        Raises:
            RuntimeError: The process has ended; the message says what it said last.
        """
        if question is not None:
            with suppress(BrokenPipeError):  # what went wrong is told below
                print(json.dumps(question), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            self.process.wait()  # it is about to end
            raise RuntimeError(last_words(self.errors, self.process.returncode))
        answer: dict[str, Any] = json.loads(line)
        return answer


@app.default
def compare(
    *,
    out: Path,
    official: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = (),
    dataset: str = "busi",
    split: str = "test",
    pictures: int = 40,
    threads: int = 2,
    bundle: str = "default",
    twins: bool = False,
) -> int:
    """Measure all of them, print a table and write a page.

    Parameters
    ----------
    out
        The page, in Markdown.
    official
        Folders with official codes.
    dataset
        Whose pictures and sentences are shown: a name or a folder.
    split
        Of the data set.
    pictures
        How many are shown.
    threads
        Threads of the CPU.
    bundle
        Which bundle stands for lingseg.
    twins
        Measure lingseg's own builds of the same methods, too.
    """
    try:
        peers = list_peers(recognise_all(official), bundle, twins=twins)
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as folder:
            shown = _write_inputs(Path(folder), dataset, split, pictures)
            found = _measure(peers, Path(folder), shown, threads)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    setting = Setting(
        date=str(datetime.now(UTC).date()),
        machine=processor_name(),
        threads=threads,
        versions=_versions(),
        dataset=f"{Path(dataset).name} ({split})",
        pictures=shown,
        load=load,
    )
    _print(found)
    write_text(out, page(found, setting))
    return 0


def list_peers(checkouts: Sequence[Checkout], bundle: str, *, twins: bool) -> list[Peer]:
    """Return what is to be measured: ours, then the official codes, each with its twin."""
    ours = Measured(name=f"lingseg, bundle `{Path(bundle).name}`", runtime="ONNX Runtime")
    peers = [
        Peer(told=ours, kind="bundle", name=bundle),
        Peer(told=Measured(name="LingNet", runtime="PyTorch"), kind="ours", name="lingnet"),
    ]
    for checkout in checkouts:
        method = checkout.method
        variants = [VARIANTS[method.name]] if method.name in VARIANTS else []
        for name, _ in ((method.name, method.open), *variants):
            told = Measured(name=name, runtime="PyTorch, official code", source=checkout.source)
            peers.append(Peer(told=told, kind="official", name=name, checkout=str(checkout.folder)))
        if twins:
            told = Measured(name=f"{method.name}, ours", runtime="PyTorch")
            name = method.name.lower().replace("-", "")
            peers.append(Peer(told=told, kind="ours", name=name))
    return peers


def last_words(errors: IO[str], code: int) -> str:
    """Return in one line why a process ended."""
    errors.seek(0)
    lines = [line.strip() for line in errors if line.strip()]
    return lines[-1] if lines else f"its process ended with exit code {code}"


def _write_inputs(folder: Path, dataset: str, split: str, pictures: int) -> int:
    """Put pictures and sentences where the processes find them; return how many there are.

    Raises:
        ValueError: There is no such split, or the data set cannot be read.
    """
    splits = find_dataset(dataset).splits
    if split not in splits or pictures < 1:
        raise ValueError(
            f"Cannot show {pictures} pictures of {dataset}, split {split!r}; "
            f"it has {', '.join(splits)}, and at least one is needed."
        )
    cases = splits[split][:pictures]
    with (folder / PICTURES).open("wb") as file:
        for case in cases:
            file.write(resize_rgb(as_rgb(read_image(case.image)), (SIDE, SIDE)).tobytes())
    write_text(folder / SENTENCES, json.dumps([case.text for case in cases]))
    return len(cases)


def _measure(peers: Sequence[Peer], folder: Path, pictures: int, threads: int) -> list[Measured]:
    """Let the models take turns, then let each count; tell of those that fail why."""
    began, failures = time.monotonic(), {}
    found: dict[str, dict[str, Any]] = {}

    def tell(what: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s   {what}", file=sys.stderr, flush=True)

    with _started(peers, folder, threads) as workers:
        for worker in workers:
            tell(f"opening {worker.peer.told.name}")
            _ask(worker, None, failures)
        for first in range(0, pictures, BLOCK):
            block = [first, *range(first, min(first + BLOCK, pictures))]
            tell(f"pictures {first + 1} to {block[-1] + 1} of {pictures}")
            for worker in workers:
                answer = _ask(worker, {"pictures": block}, failures)
                worker.seconds.extend(answer.get("seconds", [])[1:])
        for worker in workers:
            tell(f"counting {worker.peer.told.name}")
            found[worker.peer.told.name] = _ask(worker, {"count": True}, failures)
    return [
        replace(
            worker.peer.told,
            seconds=tuple((whole, text) for whole, text in worker.seconds),
            failure=failures.get(worker.peer.told.name, ""),
            **found[worker.peer.told.name],
        )
        for worker in workers
    ]


def _ask(
    worker: Worker, question: dict[str, Any] | None, failures: dict[str, str]
) -> dict[str, Any]:
    """Return an answer, none of a model that has failed; the first question has no content."""
    if worker.peer.told.name in failures:
        return {}
    try:
        answer = worker.ask(question)
    except RuntimeError as error:
        failures[worker.peer.told.name] = str(error)
        return {}
    return answer


@contextmanager
def _started(peers: Sequence[Peer], folder: Path, threads: int) -> Iterator[list[Worker]]:
    """Start all processes, and end them."""
    workers: list[Worker] = []
    try:
        for number, peer in enumerate(peers):
            errors = (folder / f"errors_{number}.txt").open("w+", encoding="utf-8")
            command = [sys.executable, str(Path(__file__).with_name("peer_worker.py"))]
            process = subprocess.Popen(
                [*command, peer.kind, peer.name, peer.checkout, str(folder), str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            workers.append(Worker(peer=peer, process=process, errors=errors))
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.communicate()
            worker.errors.close()


def _versions() -> str:
    """Return the versions of what ran."""
    found = [f"Python {python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def _print(found: Sequence[Measured]) -> None:
    """Print the table, and why models are missing from it."""
    table = Table(box=None)
    for heading in SHORT:
        table.add_column(heading, no_wrap=True)
    for one in found:
        name, _, *cells = row(one)
        table.add_row(name, *cells)
    Console(width=120).print(table)
    for one in found:
        if one.failure:
            print(f"{one.name} was not measured: {one.failure}")


if __name__ == "__main__":
    sys.exit(app())
