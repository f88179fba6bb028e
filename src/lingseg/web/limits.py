"""How much the server takes on: bytes, pictures, sentences, work and time."""

from dataclasses import dataclass

from lingseg.imaging.limits import MAX_PIXELS


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one server takes on. What is beyond is refused with 413, 422, 429 or 503."""

    body_bytes: int = 512 * 2**20
    """Of one request with files."""
    json_bytes: int = 32 * 2**20
    """Of one request without."""
    arriving_bytes: int = 2**30
    """Of all bodies that are on their way in at once."""
    files: int = 2_000
    """In one upload: the slices of a long CT."""
    images: int = 64
    """That are held at once."""
    held_bytes: int = 2 * 2**30
    """Of the pictures and volumes that are held."""
    encoded_bytes: int = 512 * 2**20
    """Of what the model made of them; the longest unused goes first, and is made again if asked."""
    sentences: int = 16
    """In one request."""
    layers: int = 32
    """In one export."""
    expiry: float = 3_600.0
    """Seconds after which an image that nobody asked for is forgotten."""
    grace: float = 15.0
    """Seconds during which an image does not give way to a new one: the page gives it again."""
    waiting: int = 32
    """Requests that wait for a worker."""
    workers: int = 2
    seconds: float = 120.0
    """For the work of one request."""
    idle_seconds: float = 15.0
    """Between two pieces of a body, and for the head of a request."""
    body_seconds: float = 30.0
    """For a whole body, plus what it takes at `slowest`."""
    slowest: int = 100_000
    """Bytes a second below which a sender is cut off."""
    requests: int = 256
    """That are under way at once, and connections that are open."""

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could be done.

        Raises:
            ValueError: One is not above zero.
        """
        for name, value in vars(self).items():
            if value <= 0 and name != "waiting":
                raise ValueError(f"The limit {name} is {value}; expected a number above 0.")

    def as_told(self) -> dict[str, int | float]:
        """Return those that a page wants to know."""
        return {
            "bytes": self.body_bytes,
            "pixels": MAX_PIXELS,
            "images": self.images,
            "files": self.files,
            "sentences": self.sentences,
            "layers": self.layers,
            "seconds": self.seconds,
        }
