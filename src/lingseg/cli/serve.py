"""`lingseg serve`: the page and its HTTP interface, on this machine."""

import logging
import sys
import webbrowser
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from lingseg.prediction.bundle import read_bundle
from lingseg.prediction.predictor import Model, find_bundle
from lingseg.prediction.result import RESEARCH_USE

_MIB = 2**20


def serve(
    *,
    model: str = "default",
    host: str = "127.0.0.1",
    port: int = 8000,
    open: Annotated[bool, Parameter(name="--open", negative="--no-open")] = True,  # noqa: A002
    key: str | None = None,
    name: tuple[str, ...] = (),
    allow_origin: tuple[str, ...] = (),
    workers: int = 2,
    threads: int | None = None,
    max_upload: int = 512,
    max_memory: int = 2048,
    max_images: int = 64,
    expiry: float = 60.0,
    timeout: float = 120.0,
    quiet: bool = False,
) -> int:
    """Serve the page and its HTTP interface until Ctrl+C.

    Only this machine can reach it, unless another host is given. Nothing is fetched from the
    network. Pictures lie in memory and are forgotten when you remove them, after a while, and at
    the end.

    Args:
        model: A model that ships with the package, by name, or a bundle, by path.
        host: The address to listen on. Any but this machine's own needs a key.
        port: The port; 0 takes a free one.
        open: Open the page in the browser.
        key: What clients have to know: 16 letters or more. Made and printed for other hosts.
        name: A further name that the server is called by, where it is not --host itself.
        allow_origin: A page from elsewhere that may call, such as https://viewer.example.
        workers: Requests that are worked on at once; up to 32 more wait.
        threads: Cores that one of them uses; all by default.
        max_upload: MiB of one upload.
        max_memory: MiB of pictures that are held.
        max_images: Pictures and volumes that are held.
        expiry: Minutes after which a picture that nobody asked for is forgotten.
        timeout: Seconds that one request may take.
        quiet: Print nothing but the address and the key.
    """
    import uvicorn  # noqa: F401 (before anything is loaded: tells what to install)

    from lingseg.web.app import create_app
    from lingseg.web.door import door_for
    from lingseg.web.limits import Limits
    from lingseg.web.server import listen
    from lingseg.web.server import serve as run

    door = door_for(host, key=key, names=name, origins=allow_origin)
    limits = Limits(
        body_bytes=max_upload * _MIB,
        arriving_bytes=2 * max_upload * _MIB,
        held_bytes=max_memory * _MIB,
        images=max_images,
        expiry=expiry * 60,
        workers=workers,
        seconds=timeout,
    )
    _log_to_stderr(quiet=quiet)
    bundle = read_bundle(find_bundle(model))
    card = bytes(bundle.files.get("card.md", b"")).decode("utf-8", "replace")
    with listen(host, port) as listening:
        address = _address(host, listening.getsockname()[1])
        app = create_app(Model(bundle, threads=threads), card=card, limits=limits, door=door)
        run(app, listening, limits, started=lambda: _tell(address, door.key, is_opened=open))
    return 0


def _tell(address: str, key: str | None, *, is_opened: bool) -> None:
    """Say where it is, and open it."""
    terminal = Console(highlight=False, soft_wrap=True)
    terminal.print(f"lingseg answers at {address} (Ctrl+C ends it). {RESEARCH_USE}", markup=False)
    if key is not None:
        terminal.print(f"Key: {key}", markup=False)
    if is_opened:
        webbrowser.open(address)


def _address(host: str, port: int) -> str:
    """Return what to type into a browser."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 (a name to show)
    return f"http://{f'[{shown}]' if ':' in shown and shown[0] != '[' else shown}:{port}/"


def _log_to_stderr(*, quiet: bool) -> None:
    """Print a line for each request, or mistakes only; none holds what was asked."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    for logger in (logging.getLogger("lingseg.web"), logging.getLogger("uvicorn.error")):
        logger.addHandler(handler)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
    logging.getLogger("lingseg.web").setLevel(logging.WARNING if quiet else logging.INFO)
