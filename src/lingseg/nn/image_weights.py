"""Pretrained weights of image encoders: asked for by name, read from disk, never silently random.

A method's config says where they lie: a folder in Hugging Face's form (config.json and
model.safetensors), one .safetensors file, or the word "random", which chooses a random start.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor, nn

from lingseg.nn.pretrained import RANDOM, MissingWeights, fill_exactly, load_weights


def fill_image_encoder(
    encoder: nn.Module,
    image_weights: str,
    *,
    our_names: Callable[[Mapping[str, Tensor]], dict[str, Tensor]],
    source: str,
) -> None:
    """Give an image encoder its start.

    Args:
        encoder: Already initialised at random.
        image_weights: A folder, a .safetensors file or "random".
        our_names: Returns a file's weights by the encoder's own names, without those that it has
            no use for.
        source: Where such weights are found, for the error.

    Raises:
        MissingWeights: Nothing was named, or nothing is there.
        MismatchedWeights: The file does not hold what this encoder needs.
    """
    if image_weights == RANDOM:
        return
    path = locate_image_weights(image_weights, source=source)
    fill_exactly(encoder, our_names(load_weights(path)), path)


def locate_image_weights(image_weights: str, *, source: str) -> Path:
    """Return the file that `image_weights` names.

    Raises:
        MissingWeights: Nothing was named, or nothing is there.
    """
    if not image_weights:
        raise MissingWeights(
            f"image_weights is empty; name the folder of {source} (config.json and "
            f'model.safetensors) or one .safetensors file, or say "random" for a random start.'
        )
    path = Path(image_weights)
    path = path / "model.safetensors" if path.is_dir() else path
    if not path.is_file():
        raise MissingWeights(
            f"No weights at {path}; expected there: those of {source}. Put model.safetensors "
            f'there, or say image_weights="random" for a random start.'
        )
    return path
