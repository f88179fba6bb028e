"""Which part of a batch this machine does."""

import hashlib
import re
from dataclasses import dataclass

_TYPED = re.compile(r"(\d{1,9})/(\d{1,9})")
_BYTES = 7
"""Of a hash: what fits into a positive 64-bit number, and is far more than there are shards."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One of `num_shards` equal parts: together they are the whole, and no two overlap."""

    number: int
    """From 1 on."""
    num_shards: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read what a person typed, such as `2/8`.

        Raises:
            ValueError: It is no such thing.
        """
        typed = _TYPED.fullmatch(text.strip())
        if typed is None or not 1 <= int(typed[1]) <= int(typed[2]):
            raise ValueError(
                f"The shard is {text!r}; expected i/n, the first 1/n and the last n/n. "
                f"For the second of eight machines write 2/8."
            )
        return cls(number=int(typed[1]), num_shards=int(typed[2]))

    def __str__(self) -> str:
        """Return it as it is typed."""
        return f"{self.number}/{self.num_shards}"

    def has(self, place: int) -> bool:
        """Tell whether a picture of that `place_of` belongs to it."""
        return place % self.num_shards == self.number - 1


def place_of(name: str) -> int:
    """Return a number that depends on nothing but the name of a picture, as it was given."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:_BYTES], "big")
