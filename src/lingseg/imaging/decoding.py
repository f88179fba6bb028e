"""Decoders of foreign files: one at a time, without their remarks, and not for ever."""

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from lingseg.imaging import limits
from lingseg.imaging.image import UnreadableImage

Rest = ParamSpec("Rest")
Decoded = TypeVar("Decoded")


class _State(threading.local):
    """Whether this thread decodes already, and so may not wait for another one that does."""

    is_decoding = False


_STATE = _State()
# Warning filters belong to the whole process, and one large picture at a time is enough memory.
_turn = threading.RLock()


@contextmanager
def decoding_quietly() -> Iterator[None]:
    """Keep other threads from decoding, and decoders from warning of metadata that is not used."""
    with _turn, warnings.catch_warnings(), _marked():
        warnings.simplefilter("ignore")
        yield


def time_boxed(
    decode: Callable[Concatenate[bytes, str, Rest], Decoded],
) -> Callable[Concatenate[bytes, str, Rest], Decoded]:
    """Return `decode`, whose first arguments are a file's bytes and name, with its time limited."""

    @wraps(decode)
    def decode_in_time(data: bytes, name: str, /, *rest: Rest.args, **more: Rest.kwargs) -> Decoded:
        return in_time(name, lambda: decode(data, name, *rest, **more))

    return decode_in_time


def in_time(name: str, work: Callable[[], Decoded]) -> Decoded:
    """Return what `work` does on the file `name`, if it is done within `limits.DECODE_SECONDS`.

    It runs in a thread of its own, since nothing else can leave a decoder that does not come back.
    Such a thread is left behind and holds up neither other files nor the end of the program.

    Raises:
        UnreadableImage: It takes longer.
    """
    if _STATE.is_decoding:
        return work()
    done: list[Decoded] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with _marked():
                done.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again by who waits
            failed.append(error)

    thread = threading.Thread(target=run, name="decoding", daemon=True)
    thread.start()
    thread.join(limits.DECODE_SECONDS)
    if failed:
        raise failed[0]
    if done:
        return done[0]
    _leave_turn()
    raise UnreadableImage(
        f"{name} was not decoded within {limits.DECODE_SECONDS:g} seconds. It is damaged or made "
        f"to keep a machine busy; save it anew, or a part of it."
    )


@contextmanager
def _marked() -> Iterator[None]:
    """Mark this thread as one that decodes."""
    before, _STATE.is_decoding = _STATE.is_decoding, True
    try:
        yield
    finally:
        _STATE.is_decoding = before


def _leave_turn() -> None:
    """Let others decode, although one that was left behind has not given its turn back."""
    global _turn  # noqa: PLW0603 - a lock cannot be taken from the thread that holds it
    _turn = threading.RLock()
