"""Functions that answer about the pictures of `fakes.draw_blocks`, well or badly."""

import numpy as np

BRIGHT = 250


def reader(image, text):
    """Draw the bright block on the side that is said; both if no side is."""
    bright = image.min(axis=2) >= BRIGHT
    is_left = np.arange(bright.shape[1]) < bright.shape[1] // 2
    wanted = {"left": is_left, "right": ~is_left}
    said = [wanted[word] for word in text.split() if word in wanted]
    return (bright & (said[0] if said else True)).astype(np.float32)


def deaf(image, text):  # noqa: ARG001
    """Draw both blocks, whatever is said."""
    return (image.min(axis=2) >= BRIGHT).astype(np.float32)


def fickle(image, text):
    """Draw the upper part of what is read, the more of it the larger the number that is said."""
    drawn = reader(image, text)
    numbers = [int(word) for word in text.split() if word.isdigit()]
    drawn[len(drawn) * (1 + sum(numbers)) // 10 :] = 0
    return drawn


def silent(image, text):  # noqa: ARG001
    """Draw nothing, whatever is said."""
    return np.zeros(image.shape[:2], dtype=np.float32)


def choosy(image, text):
    """Read, but refuse to answer where nothing is said."""
    if not text:
        raise ValueError("say something")
    return reader(image, text)


def turned(image, text):  # noqa: ARG001
    """Return width and height the wrong way round."""
    return np.zeros(image.shape[1::-1])


def undefined(image, text):
    """Answer nan where nothing is said."""
    return reader(image, text) if text else np.full(image.shape[:2], np.nan)


def ignorant(image, text):
    """Fail on every word but two, as a model with a small vocabulary does."""
    known = {"left": 0, "right": 1}
    return np.zeros(image.shape[:2]) + known[text.split()[0]]
