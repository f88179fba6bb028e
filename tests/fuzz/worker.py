"""One process that feeds mutants to a reader and says what came of each.

Its parent limits it: it is killed at ten seconds of computing for one mutant, and whatever it asks
for beyond some GiB it does not get.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from fuzz.readers import READERS, Reader, sound

MAX_SECONDS = 10
MAX_BYTES = 2**30
_ROOM = 4 * 2**30
"""More than is allowed: what a reader would take has to be seen, not only refused."""
_MAX_LETTERS = 500


def outcome_of(reader: Reader, data: bytes, rng: Random) -> tuple[str, str]:
    """Return what became of a mutant, and what lay behind it.

    "read", "refused" (a line of ours) or "FAILED", which is everything else.
    """
    try:
        with _empty_folder() as folder:
            reader.read(data, folder, rng)
    except (ValueError, OSError) as error:
        cause = _behind(error)
        wrong = _what_is_wrong_with(error, cause)
        return (f"FAILED: {wrong}: {str(error)[:300]!r}", cause) if wrong else ("refused", cause)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - panics of other languages are no Exception
        return f"FAILED: {traceback.format_exc(limit=-4)}", ""
    return "read", ""


@contextmanager
def _empty_folder() -> Iterator[Path]:
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def _what_is_wrong_with(error: ValueError | OSError, cause: str) -> str | None:
    """Return why an error is no line of ours for a person."""
    message = str(error)
    if not message.isprintable():
        return "the error is not one printable line"
    if not 10 < len(message) <= _MAX_LETTERS:
        return "the error is too short or too long"
    is_plain = type(error) in (ValueError, FileNotFoundError, FileExistsError)
    if not is_plain and not type(error).__module__.startswith("lingseg"):
        return f"a {type(error).__name__} came out raw"
    if "lingseg" not in Path(traceback.extract_tb(error.__traceback__)[-1].filename).parts:
        return "the error is another library's"
    if cause.startswith(("TypeError in lingseg", "AttributeError in lingseg")):
        return f"a mistake of ours passes for damage, {cause}"
    return None


def _behind(error: BaseException) -> str:
    """Return the kind of the first error, and the library that raised it."""
    while error.__cause__ is not None:
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    place = Path(frames[-1].filename).parts if frames else ()
    at = place.index("site-packages") + 1 if "site-packages" in place else -1
    library = place[at].removesuffix(".py") if place else "?"
    if "lingseg" in place:
        library = f"lingseg.{Path(frames[-1].filename).stem}"
    return f"{type(error).__name__} in {library}"


def run(name: str, seed: int, start: int, stop: int, position: Path) -> dict[str, object]:
    """Feed mutants `start` to `stop` to a reader; `position` always says which one is next."""
    reader, files = READERS[name], sound(name)
    for data in files:
        outcome_of(reader, data, Random(seed))  # what is imported late is imported now
    resource.setrlimit(resource.RLIMIT_AS, (_size("VmSize") + _ROOM,) * 2)
    outcomes: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    failures = []
    most_bytes, most_seconds = 0, 0.0
    with position.open("wb", buffering=0) as told:
        for index in range(start, stop):
            told.seek(0)
            told.write(b"%12d" % index)
            rng = Random(f"{seed} {name} {index}")
            data = reader.mutate(rng.choice(files), files, rng)
            before, started = _forget_peak(), time.process_time()
            signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)
            outcome, cause = outcome_of(reader, data, rng)
            signal.setitimer(signal.ITIMER_PROF, 0)
            seconds, peak = time.process_time() - started, _size("VmHWM") - before
            if peak > MAX_BYTES:
                outcome = f"FAILED: it took {peak / 2**20:.0f} MiB"
            if outcome.startswith("FAILED"):
                failures.append({"index": index, "what": outcome})
            outcomes[outcome.partition(":")[0]] += 1
            causes[cause] += 1
            most_bytes, most_seconds = max(most_bytes, peak), max(most_seconds, seconds)
    return {
        "outcomes": outcomes,
        "causes": causes,
        "failures": failures,
        "slowest_s": round(most_seconds, 3),
        "most_mib": round(most_bytes / 2**20, 1),
        "cpu_s": round(time.process_time(), 1),
    }


def _forget_peak() -> int:
    """Let the peak of memory start anew; return what is in use."""
    Path("/proc/self/clear_refs").write_bytes(b"5")
    return _size("VmRSS")


def _size(name: str) -> int:
    """Return one of the sizes of this process, in bytes."""
    status = Path("/proc/self/status").read_bytes()
    return int(status.split(name.encode() + b":")[1].split(None, 1)[0]) * 1024


if __name__ == "__main__":
    reader_name, seed_text, start_text, stop_text, position_path = sys.argv[1:]
    numbers = int(seed_text), int(start_text), int(stop_text)
    print(json.dumps(run(reader_name, *numbers, Path(position_path))))
