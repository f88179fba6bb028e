"""The colours that encoders trained on ImageNet expect."""

from inspect import unwrap

import pytest
import torch

from lingseg.nn.imagenet import imagenet_normalised


def test_imagenets_mean_colour_is_0_and_white_is_what_its_spread_says():
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None].expand(3, 4, 5)
    image = torch.stack([mean, torch.ones(3, 4, 5)])
    found = imagenet_normalised(image)
    torch.testing.assert_close(found[0], torch.zeros(3, 4, 5))
    white = torch.tensor([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225])
    torch.testing.assert_close(found[1, :, 2, 3], white)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_another_number_of_channels_is_refused_by_itself(channels):
    """Without the tests' shape checker: one channel would be spread over three in silence."""
    with pytest.raises(ValueError, match=f"have {channels} channels; expected 3"):
        unwrap(imagenet_normalised)(torch.rand(1, channels, 4, 5))
