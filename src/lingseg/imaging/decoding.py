"""One picture at a time, and no decoder's remarks: what every reader of foreign files needs."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Warning filters belong to the whole process, and one large picture at a time is enough memory.
_DECODING = threading.RLock()


@contextmanager
def decoding_quietly() -> Iterator[None]:
    """Keep other threads from decoding, and decoders from warning of metadata that is not used."""
    with _DECODING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
