"""Feeds hundreds of thousands of malformed files to every reader, and counts what comes of them.

    PYTHONPATH=tests python -m fuzz.campaign --seed 1 --inputs 200000 --out fuzz.jsonl

It may be stopped and started again: what is in the file is not done twice. `--show READER INDEX`
prints what one mutant gives, `--save FILE` with it keeps the mutant. Linux only.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from fuzz.readers import READERS, sound
from fuzz.worker import outcome_of

CHUNK = 10_000
_CHUNK_SECONDS = 3600
"""Of the clock. A mutant that computes is stopped at ten seconds; one that waits, here."""


def main() -> int:
    """Run or go on with a campaign; 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--out", type=Path, default=Path("fuzz.jsonl"))
    parser.add_argument("--readers", nargs="*", default=list(READERS), choices=list(READERS))
    parser.add_argument("--show", nargs=2, metavar=("READER", "INDEX"))
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    if options.show:
        return show(options.show[0], options.seed, int(options.show[1]), options.save)
    done = _read(options.out, options.seed)
    for name, start, stop in chunks(options.inputs, options.readers):
        if (name, start, stop) in done:
            continue
        one = run_chunk(name, options.seed, start, stop)
        done[name, start, stop] = one
        with options.out.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(one) + "\n")
    print_table(list(done.values()))
    return int(any(one["failures"] for one in done.values()))


def chunks(inputs: int, names: list[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the parts of a campaign, readers in turn, so that each is met early."""
    whole = sum(READERS[name].share for name in names)
    wanted = {name: int(inputs * READERS[name].share / whole) + 1 for name in names}
    for start in range(0, max(wanted.values()), CHUNK):
        for name in names:
            if start < wanted[name]:
                yield name, start, min(start + CHUNK, wanted[name])


def run_chunk(name: str, seed: int, start: int, stop: int) -> dict:
    """Run mutants in a process of their own; where one kills it, the others are run without it."""
    began = time.monotonic()
    parts, failures, todo = [], [], [(start, stop)]
    while todo:
        first, last = todo.pop()
        if first == last:
            continue
        part, index, how = _run_part(name, seed, first, last)
        if part is not None:
            parts.append(part)
        else:
            failures.append({"index": index, "what": how})
            todo += [(first, index), (index + 1, last)]
    return {
        "reader": name,
        "seed": seed,
        "start": start,
        "stop": stop,
        "outcomes": sum(
            (Counter(part["outcomes"]) for part in parts), Counter(KILLED=len(failures))
        ),
        "causes": sum((Counter(part["causes"]) for part in parts), Counter()),
        "failures": failures + [one for part in parts for one in part["failures"]],
        "slowest_s": max((part["slowest_s"] for part in parts), default=0),
        "most_mib": max((part["most_mib"] for part in parts), default=0),
        "cpu_s": round(sum(part["cpu_s"] for part in parts), 1),
        "wall_s": round(time.monotonic() - began, 1),
    }


def _run_part(name: str, seed: int, start: int, stop: int) -> tuple[dict | None, int, str]:
    """Return what a process says of its mutants, or which one it died of, and how."""
    with tempfile.NamedTemporaryFile() as position:
        command = [sys.executable, "-m", "fuzz.worker", name, str(seed), str(start), str(stop)]
        try:
            ended = subprocess.run(
                [*command, position.name],
                capture_output=True,
                check=False,
                text=True,
                timeout=_CHUNK_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return None, int(position.read() or start), "KILLED: it waits for ever"
        if ended.returncode == 0:
            return json.loads(ended.stdout.splitlines()[-1]), stop, ""
        at = position.read()
        if not at:
            raise RuntimeError(f"the worker for {name} does not start: {ended.stderr[-2000:]}")
        return None, int(at), f"KILLED: {_how(ended.returncode)}; {ended.stderr[-300:]}"


def _how(code: int) -> str:
    """Return in words how a process ended."""
    if code == -signal.SIGPROF:
        return "it computes for more than ten seconds"
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def show(name: str, seed: int, index: int, save: Path | None) -> int:
    """Print what one mutant gives."""
    rng = Random(f"{seed} {name} {index}")
    data = READERS[name].mutate(rng.choice(sound(name)), sound(name), rng)
    if save is not None:
        save.write_bytes(data)
    print(*outcome_of(READERS[name], data, rng), sep="\n")
    return 0


def _read(path: Path, seed: int) -> dict[tuple[str, int, int], dict]:
    """Return what an earlier run has done."""
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {(o["reader"], o["start"], o["stop"]): o for o in lines if o["seed"] == seed}


def print_table(done: list[dict]) -> None:
    """Print what became of the mutants, reader by reader, and every failure."""
    head = ("reader", "mutants", "read", "refused", "failed", "slowest s", "MiB")
    rows = [head]
    for name in dict.fromkeys(one["reader"] for one in done):
        rows.append((name, *_sums([one for one in done if one["reader"] == name])))
    rows.append(("all", *_sums(done)))
    for row in rows:
        print(f"{row[0]:<12}" + "".join(f"{cell:>11}" for cell in row[1:]))
    computed, took = (sum(one[key] for one in done) for key in ("cpu_s", "wall_s"))
    print(f"{computed:,.0f} s of computing, {took:,.0f} s of the clock")
    for one in done:
        for failure in one["failures"]:
            print(f"\n{one['reader']} {failure['index']}: {failure['what']}")


def _sums(done: list[dict]) -> tuple[str, ...]:
    """Return a row of the table."""
    counts = sum((Counter(one["outcomes"]) for one in done), Counter())
    mutants = sum(one["stop"] - one["start"] for one in done)
    failed = sum(len(one["failures"]) for one in done)
    slowest, most = (max(one[key] for one in done) for key in ("slowest_s", "most_mib"))
    numbers = (mutants, counts["read"], counts["refused"], failed)
    return (*(f"{number:,}" for number in numbers), f"{slowest:.2f}", f"{most:.0f}")


if __name__ == "__main__":
    sys.exit(main())
