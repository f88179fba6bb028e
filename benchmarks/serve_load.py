"""How `lingseg serve` bears a crowd: 64 clients who open a picture and ask it sentences.

    python benchmarks/serve_load.py [--seconds 60] [--clients 64] [--url http://127.0.0.1:8000/]

Without `--url` a server of its own is started on a free port, and its memory is read. Each client
goes on as people do: it uploads a picture, asks several sentences of it, and removes it. Answers of
429 and 503 are waited out as their Retry-After says. The exit code is 1 if any other status came
than 200, 201, 204, 429 or 503, if one of the latter two lacked its Retry-After, or if a connection
was lost. Needs the extra `serve`; clients are threads of this process and share its cores.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import lingseg

PICTURES = sorted((Path(lingseg.__file__).parent / "bundles" / "demo").glob("*.jpg"))
SENTENCES = ("one small tumor on the left", "the right one", "a large nevus", "two polyps", "tumor")
GOOD = {200, 201, 204}
BUSY = {429, 503}
BOUNDARY = "lingseg-load"
LONGEST_WAIT = 5.0


@dataclass
class Tally:
    """What all clients saw."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, status: int, seconds: float, retry_after: str | None) -> None:
        """Count an answer."""
        with self.lock:
            self.statuses[f"{what} {status}"] += 1
            if status in GOOD:
                self.seconds.setdefault(what, []).append(seconds)
            elif status not in BUSY:
                self.faults.append(f"{what}: {status}")
            elif retry_after is None:
                self.faults.append(f"{what}: {status} without Retry-After")


class Client(threading.Thread):
    """One of the crowd."""

    def __init__(self, number: int, address: tuple[str, int], until: float, tally: Tally) -> None:
        """Keep whom to ask, and until when."""
        super().__init__(daemon=True)
        self.number, self.address, self.until, self.tally = number, address, until, tally
        self.connection = HTTPConnection(*address, timeout=60)

    def run(self) -> None:
        """Ask until the time is over."""
        turn = self.number
        while time.monotonic() < self.until:
            turn += 1
            self.visit(turn)
        self.connection.close()

    def visit(self, turn: int) -> None:
        """Open a picture, ask five sentences of it, and remove it."""
        picture = PICTURES[turn % len(PICTURES)]
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        status, body = self.ask("upload", "POST", "/v1/images", form_of(picture), kind)
        if status != 201:
            return
        image = json.loads(body)["images"][0]["id"]
        for text in SENTENCES:
            asked = json.dumps({"image": image, "sentences": [{"text": text}]}).encode()
            kind = {"Content-Type": "application/json"}
            self.ask("segment", "POST", "/v1/segment", asked, kind)
            if time.monotonic() > self.until:
                break
        self.ask("remove", "DELETE", f"/v1/images/{image}", None, {})

    def ask(
        self, what: str, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Ask once; wait where the server says so."""
        started = time.monotonic()
        try:
            self.connection.request(method, path, body=body, headers=headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            with self.tally.lock:
                self.tally.faults.append(f"{what}: {type(error).__name__}")
            self.connection.close()
            return 0, b""
        wait = answer.headers.get("Retry-After")
        self.tally.note(what, answer.status, time.monotonic() - started, wait)
        if answer.status in BUSY:
            left = max(0.0, self.until - time.monotonic())
            time.sleep(min(float(wait or 1), LONGEST_WAIT, left))
        return answer.status, content


def form_of(picture: Path) -> bytes:
    """Return the body of an upload."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    return head.encode() + picture.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


def memory_of(pid: int | None) -> float | None:
    """Return the MiB that a process holds; None where that cannot be read."""
    status = Path(f"/proc/{pid}/status")
    if pid is None or not status.exists():
        return None
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text())
    return int(found[1]) / 1024 if found else None


def percentile(values: list[float], share: float) -> float:
    """Return the value that so many are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def start_server() -> tuple[subprocess.Popen[str], str]:
    """Start a server and return it with its address."""
    command = [sys.executable, "-m", "lingseg", "serve", "--port", "0", "--no-open", "--quiet"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    line = process.stdout.readline() if process.stdout else ""
    found = re.search(r"http://\S+", line)
    if found is None:
        raise SystemExit("The server did not start.")
    return process, found[0]


def report(tally: Tally, memory: list[float | None]) -> None:
    """Print what was seen."""
    for name, count in sorted(tally.statuses.items()):
        print(f"{name:>12}: {count}")
    for what, seconds in sorted(tally.seconds.items()):
        middle, slow = (1000 * percentile(seconds, share) for share in (0.5, 0.95))
        print(f"{what:>12}: p50 {middle:.0f} ms, p95 {slow:.0f} ms of {len(seconds)}")
    if None not in memory:
        print("memory (MiB):", " ".join(f"{one:.0f}" for one in memory if one is not None))
    for fault, count in Counter(tally.faults).items():
        print(f"FAULT {fault} ({count} times)")


def main() -> int:
    """Load a server and tell how it bore it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--url")
    asked = parser.parse_args()
    process, url = (None, asked.url) if asked.url else start_server()
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    pid = None if process is None else process.pid
    tally, memory = Tally(), [memory_of(pid)]
    try:
        started = time.monotonic()
        clients = [
            Client(number, address, started + asked.seconds, tally)
            for number in range(asked.clients)
        ]
        for client in clients:
            client.start()
        for step in range(4):  # a leak shows between the first of these and the last
            time.sleep(max(0.0, started + asked.seconds * (step + 1) / 4 - time.monotonic()))
            memory.append(memory_of(pid))
        for client in clients:
            client.join(60)
        memory.append(memory_of(pid))
    finally:
        if process is not None:
            process.terminate()
            process.wait(20)
    report(tally, memory)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
