"""lingseg segments what a sentence describes in a medical image. Research use only."""

from importlib import import_module

__version__ = "0.1.0"

# Where the public face lives. Named, not imported: `import lingseg` must stay cheap, and every room
# may ask for the version without reaching the rooms above it. Types are in `__init__.pyi`.
_FACE = {"load": "lingseg.prediction.predictor"}

__all__ = ["__version__", "load"]


def __getattr__(name: str) -> object:
    """Import what is heavy when it is first asked for."""
    if name not in _FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    """Name the public face, loaded or not."""
    return sorted(__all__)
