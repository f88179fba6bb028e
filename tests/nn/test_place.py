"""Where a pixel lies, as features."""

import torch

from lingseg.nn.place import PlaceEmbedding


def test_the_same_relative_place_has_the_same_features_at_every_size():
    place = PlaceEmbedding(8)
    small = place(3, 5).reshape(3, 5, 8)
    large = place(9, 15).reshape(9, 15, 8)
    torch.testing.assert_close(small, large[1::3, 1::3])


def test_no_two_pixels_have_the_same_features():
    features = PlaceEmbedding(8)(4, 6)[0]
    distances = torch.cdist(features, features) + torch.eye(24)
    assert distances.min() > 1e-3


def test_rows_come_before_columns():
    place = PlaceEmbedding(2)
    with torch.no_grad():
        place.mix.weight.zero_()
        place.mix.bias.zero_()
        place.mix.weight[0, 0] = place.mix.weight[1, 1] = 1.0
    features = place(2, 4)[0]
    torch.testing.assert_close(features[:, 0], torch.tensor([0.25] * 4 + [0.75] * 4))
    torch.testing.assert_close(features[:4, 1], torch.tensor([0.125, 0.375, 0.625, 0.875]))
