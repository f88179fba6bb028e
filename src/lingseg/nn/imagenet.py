"""The colours that encoders trained on ImageNet expect."""

import torch

from lingseg.nn.shapes import ImageBatch

_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of its red, green and blue


def imagenet_normalised(image: ImageBatch) -> ImageBatch:
    """Bring an image in 0 to 1 to ImageNet's mean and spread.

    Raises:
        ValueError: It has another number of channels; one of a single channel would be spread over
            three in silence.
    """
    if image.shape[1] != len(_MEAN):
        raise ValueError(
            f"The pictures have {image.shape[1]} channels; expected 3, red, green and blue. Give a "
            f"grey picture three times the same channel."
        )
    mean, spread = (torch.tensor(colour, device=image.device) for colour in (_MEAN, _SPREAD))
    return (image - mean[:, None, None]) / spread[:, None, None]
