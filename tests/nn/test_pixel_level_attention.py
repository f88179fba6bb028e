import torch

from lingseg.nn.pixel_level_attention import PixelLevelAttention


def test_has_the_official_weights_without_the_convolution_that_is_never_called():
    weights = sum(weight.numel() for weight in PixelLevelAttention(512).parameters())
    assert weights == 786_975 - 262_656


def test_scales_a_pixel_by_what_mean_largest_and_their_sum_say():
    attention = PixelLevelAttention(2)
    attention.load_state_dict(
        {
            "to_mean.weight": torch.eye(2)[..., None, None],
            "to_largest.weight": torch.eye(2)[..., None, None],
            "score.0.weight": torch.eye(3).repeat(2, 1),
            "score.0.bias": torch.tensor([0.0, 0.0, 0.0, -9.0, -9.0, -9.0]),
            "score.2.weight": torch.tensor([[1.0, 10.0, 100.0, 5.0, 5.0, 5.0]]),
            "score.2.bias": torch.tensor([0.5]),
        }
    )
    features = torch.tensor([2.0, 4.0]).reshape(1, 2, 1, 1).repeat(1, 1, 2, 3)
    score = 3 + 10 * 4 + 100 * 7 + 0.5
    torch.testing.assert_close(attention(features), features * score)


def test_pixels_are_strangers():
    torch.manual_seed(0)
    attention = PixelLevelAttention(4)
    features = torch.rand(1, 4, 3, 5)
    changed = features.clone()
    changed[..., 1, 2] += 1
    differs = (attention(features) != attention(changed)).any(dim=1)[0]
    assert differs.nonzero().tolist() == [[1, 2]]
