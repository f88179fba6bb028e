"""The colours that encoders trained on ImageNet expect."""

import torch

from lingseg.nn.shapes import ImageBatch

_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of its red, green and blue


def imagenet_normalised(image: ImageBatch) -> ImageBatch:
    """Bring an image in 0 to 1 to ImageNet's mean and spread."""
    mean, spread = (torch.tensor(colour, device=image.device) for colour in (_MEAN, _SPREAD))
    return (image - mean[:, None, None]) / spread[:, None, None]
