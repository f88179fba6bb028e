"""TMCA beyond what every model is asked: its equations, its choices, its sizes."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from models.small import drawn_batch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import normalize
from torch.utils.flop_counter import FlopCounterMode
from weight_count import count

from lingseg.models import tmca
from lingseg.models.segmenter import EncodesImageFirst, Segmentation
from lingseg.models.tmca import TMCA, Alignment, TMCAConfig, TMCASegmentation
from lingseg.nn.pretrained import MissingWeights

SMALL = TMCAConfig(
    depths=(1, 1, 1, 1),
    dims=(8, 12, 16, 24),
    align_dim=6,
    gain=0.1,
    image_weights="random",
    text_encoder="words",
    max_words=9,
    num_summaries=(9, 4, 3),
)
SIZE = (48, 70)


class BertWide(nn.Module):
    dim = 768


def build(**changes):
    torch.manual_seed(0)
    return TMCA(replace(SMALL, **changes))


batch = partial(drawn_batch, height=SIZE[0], width=SIZE[1])


def some_reference(size=2):
    reference = torch.zeros(size, 1, *SIZE, dtype=torch.bool)
    for row in range(size):
        reference[row, :, 5 : 30 - row, 10 * row : 20 + 10 * row] = True
    return reference


EVERYBODY = torch.ones(2, dtype=torch.bool)


# Sizes


@pytest.mark.parametrize(("lte", "of_levels"), [("gate", 1.42e6), ("film", 1.42e6 + 2.21e6)])
def test_full_size_has_the_weights_of_the_design(monkeypatch, lte, of_levels):
    monkeypatch.setattr(tmca, "build_text_encoder", lambda *_, **__: BertWide())
    with torch.device("meta"):
        full = TMCA(TMCAConfig(image_weights="random", lte=lte))
    assert count(full.image_encoder) == pytest.approx(27.82e6, rel=0.02)
    assert count(full.decoder) == pytest.approx(14.36e6, rel=0.02)
    assert count(full.levels) == pytest.approx(of_levels, rel=0.02)


@pytest.mark.slow
def test_full_size_has_the_shapes_and_multiply_adds_of_the_design(monkeypatch):
    monkeypatch.setattr(tmca, "build_text_encoder", lambda *_, **__: BertWide())
    seen, gmacs = {}, {}
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        model = TMCA(TMCAConfig(image_weights="random")).eval()
        for number, up in enumerate(model.decoder.ups):
            up.register_forward_hook(lambda *found, at=3 - number: seen.update({at: found[-1]}))
        model.decoder.upsample.register_forward_hook(lambda *found: seen.update(top=found[-1]))
        words, word_mask = torch.rand(1, 24, 768), torch.ones(1, 24, dtype=torch.bool)
        with FlopCounterMode(display=False) as counter:
            maps = model.encode_image(torch.rand(1, 3, 224, 224))
        gmacs["encoder"] = counter.get_total_flops() / 2e9
        with FlopCounterMode(display=False) as counter:
            model.decoder(maps, words, word_mask)
        gmacs["decoder"] = counter.get_total_flops() / 2e9
        with FlopCounterMode(display=False) as counter:
            found = model.segment_encoded(maps, words, word_mask, (224, 224))
        gmacs["levels"] = counter.get_total_flops() / 2e9 - gmacs["decoder"]
    assert [tuple(one.shape[1:]) for one in maps] == [
        (96, 56, 56), (192, 28, 28), (384, 14, 14), (768, 7, 7)
    ]  # fmt: skip
    assert [tuple(seen[at].shape[1:]) for at in (3, 2, 1)] == [
        (384, 14, 14), (192, 28, 28), (96, 56, 56)
    ]  # fmt: skip
    assert seen["top"].shape == (1, 24, 224, 224)
    assert found.mask_logits.shape == (1, 1, 224, 224)
    assert gmacs["encoder"] == pytest.approx(4.45, rel=0.02)
    assert gmacs["decoder"] == pytest.approx(4.40, rel=0.02)
    assert gmacs["levels"] < 0.3


def test_the_small_size_is_small():
    assert count(TMCA(replace(TMCAConfig.small(), text_encoder="words"))) < 7e6


def test_it_never_starts_at_random_in_silence():
    with pytest.raises(MissingWeights, match=r"image_weights is empty; .*convnext-tiny-224"):
        build(image_weights="")


def test_target_maps_cover_the_image_at_each_level_and_explain_in_shares():
    found = build().eval()(*batch())
    assert [tuple(one.shape) for one in found.target_maps] == [
        (2, 1, 12, 18),
        (2, 1, 6, 9),
        (2, 1, 3, 5),
        (2, 1, 2, 3),
    ]
    assert all(one.min() >= 0 and one.max() <= 1 for one in found.target_maps)
    assert found.alignment is None


def test_what_was_filled_on_the_right_and_at_the_bottom_is_cropped():
    model = build().eval()
    image, words, word_mask = batch()
    whole = model.segment_encoded(model.encode_image(image), words, word_mask, (64, 96))
    found = model(image, words, word_mask)
    assert torch.equal(found.mask_logits, whole.mask_logits[..., :48, :70])
    assert torch.equal(found.target_maps[0], whole.target_maps[0][..., :12, :18])


def test_chosen_levels_alone_are_aligned_and_enhanced():
    model = build(levels=(3, 1))
    found = model(*batch())
    assert [one.shape[-2:] for one in found.target_maps] == [(3, 5), (12, 18)]
    assert [one.shape[-1] for one in found.alignment.pixels] == [6, 24]
    assert model.losses(found, some_reference())["alignment"] > 0


# Language-guided target enhancement


@pytest.mark.parametrize("lte", ["gate", "film", "cross_attn", "none"])
def test_without_gain_and_scale_the_network_does_not_hang_on_the_text(lte):
    model = build(gain=0.0, text_scale=0.0, lte=lte).eval()
    image, words, word_mask = batch()
    found = model(image, words, word_mask).mask_logits
    assert torch.equal(found, model(image, words.flip(0), word_mask).mask_logits)


@pytest.mark.parametrize("lte", ["gate", "film", "cross_attn"])
def test_enhancement_alone_makes_it_hang_on_the_text(lte):
    model = build(gain=0.5, text_scale=0.0, lte=lte).eval()
    if lte == "film":
        for level in model.levels:
            nn.init.normal_(level.enhance.modulate.weight, std=0.1)
    image, words, word_mask = batch()
    found = model(image, words, word_mask).mask_logits
    moved = found - model(image, words.flip(0), word_mask).mask_logits
    assert moved.abs().max() > 1e-5


@pytest.mark.parametrize("keeps_sign", [True, False])
def test_the_config_decides_whether_the_gain_keeps_the_sign(keeps_sign):
    model = build(gain_keeps_sign=keeps_sign, gain=-30.0)
    features = torch.ones(1, 8, 2, 3)
    pixels, sentences = model.levels[0].align(features, torch.zeros(1, 64))
    assert (model.levels[0].enhance(features, pixels, sentences)[0] > 0).all() == keeps_sign


@pytest.mark.parametrize("lte", ["gate", "film", "cross_attn", "none"])
def test_every_weight_gets_a_gradient_whatever_the_enhancement(lte):
    model = build(lte=lte)
    image, words, word_mask = batch()
    losses = model.losses(model(image, words, word_mask), some_reference())
    sum(losses.values()).backward()
    text_encoder = set(model.text_encoder.parameters())
    unused = [
        name
        for name, weight in model.named_parameters()
        if weight not in text_encoder and (weight.grad is None or not weight.grad.any())
    ]
    assert not unused


def test_only_the_gate_makes_target_maps_and_needs_the_common_space_in_eval():
    model = build(lte="none").eval()
    for level in model.levels:
        del level.align.of_pixel
    assert model(*batch()).target_maps is None


def test_what_nothing_needs_is_not_built():
    model = build(lte="none", alignment_weight=0.0)
    assert count(model.levels) == 0
    assert list(model.losses(model(*batch()), some_reference())) == ["dice", "cross_entropy"]


def test_the_null_sentence_gives_a_finite_mask_whatever_the_padding_holds():
    for lte in ("gate", "film", "cross_attn"):
        model = build(lte=lte).eval()
        image, words, word_mask = batch()
        silence = torch.zeros_like(word_mask)
        found = model(image, words, silence).mask_logits
        assert found.isfinite().all()
        assert torch.equal(found, model(image, torch.zeros_like(words), silence).mask_logits)


def test_the_image_can_be_encoded_first():
    assert isinstance(build(), EncodesImageFirst)


# Target-sensitive semantic distance


def test_alike_cases_suit_each_other_alike():
    model, reference = build(), some_reference(1).expand(3, -1, -1, -1)
    suits = model._which_suit(torch.ones(3, 4), reference, torch.ones(3, dtype=torch.bool))
    torch.testing.assert_close(suits, torch.full((3, 3), 1 / 3))


def test_how_well_cases_suit_is_what_a_reader_computes_by_hand():
    # Sentences at a cosine of 0.6; the second target is half of the first: Dice 2 * 1 / (2 + 1).
    reference = torch.zeros(2, 1, 28, 56, dtype=torch.bool)
    reference[0, :, :, :28] = True
    reference[1, :, :, :14] = True
    for kind, distance in (
        ("text", 0.4),
        ("target", 1 / 3),
        ("mixed", 0.25 * 0.4 + 0.75 / 3),
    ):
        model = build(tsd_targets=kind, tsd_text_share=0.25, tsd_softness=0.2)
        sentences = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
        suits = model._which_suit(sentences, reference, EVERYBODY)
        other = 1 / (1 + math.exp(distance / 0.2))
        expected = torch.tensor([[1 - other, other], [other, 1 - other]])
        torch.testing.assert_close(suits, expected, msg=kind)


def test_one_hot_targets_are_its_own_alone():
    suits = build(tsd_targets="onehot")._which_suit(torch.ones(2, 4), some_reference(), EVERYBODY)
    assert torch.equal(suits, torch.eye(2))


def aligned(size=2, is_said=None):
    """Return a segmentation with two levels of random directions."""
    generator = torch.Generator().manual_seed(3)
    pixels = [
        normalize(torch.randn(size, 6, rows, columns, generator=generator), dim=1)
        for rows, columns in ((16, 24), (4, 6))
    ]
    sentences = [normalize(torch.randn(size, 6, generator=generator), dim=1) for _ in range(2)]
    return TMCASegmentation(
        mask_logits=torch.zeros(size, 1, *SIZE),
        alignment=Alignment(
            pixels=tuple(pixels),
            sentences=tuple(sentences),
            mean_words=torch.randn(size, 4, generator=generator),
            is_said=torch.ones(size, dtype=torch.bool) if is_said is None else is_said,
        ),
    )


CLIPS = {"tsd_pool": "global", "tsd_targets": "onehot", "background_negative": False}


def test_one_hot_over_the_whole_image_the_alignment_is_clips_mean_over_levels():
    found = aligned(size=3)
    own, losses = torch.arange(3), []
    area = torch.zeros(1, 1, 64, 96)
    area[..., : SIZE[0], : SIZE[1]] = 1
    made = found.alignment
    for pixels, sentences in zip(made.pixels, made.sentences, strict=True):
        share = nn.functional.adaptive_avg_pool2d(area, pixels.shape[-2:])
        images = normalize((pixels * share).sum(dim=(2, 3)), dim=1)
        logits = images @ sentences.T / 0.07
        cross_entropy = nn.functional.cross_entropy
        losses.append((cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2)
    model = build(levels=(1, 3), temperature=0.07, alignment_weight=0.3, **CLIPS)
    alignment = model.losses(found, some_reference(3))["alignment"]
    torch.testing.assert_close(alignment, 0.3 * torch.stack(losses).mean())


def without(segmentation, row):
    """Return the segmentation without one case."""
    kept = [number for number in range(len(segmentation.mask_logits)) if number != row]
    made = segmentation.alignment
    return TMCASegmentation(
        mask_logits=segmentation.mask_logits[kept],
        alignment=Alignment(
            pixels=tuple(one[kept] for one in made.pixels),
            sentences=tuple(one[kept] for one in made.sentences),
            mean_words=made.mean_words[kept],
            is_said=made.is_said[kept],
        ),
    ), kept


@pytest.mark.parametrize("targets", ["onehot", "mixed"])
def test_an_empty_mask_is_left_out_of_the_alignment(targets):
    model, reference, found = build(levels=(1, 3), tsd_targets=targets), some_reference(3), None
    reference[1] = False
    found = aligned(size=3)
    others, kept = without(found, 1)
    torch.testing.assert_close(
        model.losses(found, reference)["alignment"],
        model.losses(others, reference[kept])["alignment"],
    )


def test_a_null_sentence_is_left_out_of_the_alignment():
    model = build(levels=(1, 3))
    found = aligned(size=3, is_said=torch.tensor([True, True, False]))
    others, kept = without(found, 2)
    torch.testing.assert_close(
        model.losses(found, some_reference(3))["alignment"],
        model.losses(others, some_reference(3)[kept])["alignment"],
    )


def test_one_case_alone_has_a_defined_alignment():
    found, reference = aligned(size=1), some_reference(1)
    assert build(levels=(1, 3), background_negative=False).losses(found, reference)[
        "alignment"
    ].item() == pytest.approx(0, abs=1e-6)
    assert build(levels=(1, 3)).losses(found, reference)["alignment"].item() > 0


def test_without_any_target_the_alignment_is_zero_and_the_rest_trains():
    model = build()
    losses = model.losses(model(*batch()), torch.zeros(2, 1, *SIZE, dtype=torch.bool))
    assert losses["alignment"].item() == 0
    sum(losses.values()).backward()
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_targets_teach_the_encoder_but_not_through_how_well_cases_suit():
    model = build()
    image, words, word_mask = batch()
    words.requires_grad_()
    found = model(image, words, word_mask)
    suits = model._which_suit(found.alignment.mean_words, some_reference(), EVERYBODY)
    assert found.alignment.mean_words.requires_grad
    assert not suits.requires_grad
    model.losses(found, some_reference())["alignment"].backward()
    assert model.image_encoder.downsamplings[0].convolution.weight.grad.any()
    assert all(weight.grad is None for weight in model.decoder.parameters())


# Losses


def test_losses_are_named_and_weighted():
    half = torch.zeros(2, 1, *SIZE, dtype=torch.bool)
    half[..., : SIZE[1] // 2] = True
    losses = build(levels=(1, 3)).losses(aligned(), half)
    assert list(losses) == ["dice", "cross_entropy", "alignment"]
    assert losses["dice"].item() == pytest.approx(0.5, abs=1e-6)
    assert losses["cross_entropy"].item() == pytest.approx(math.log(2), abs=1e-6)
    doubled = build(levels=(1, 3), alignment_weight=0.4).losses(aligned(), half)
    torch.testing.assert_close(doubled["alignment"], 2 * losses["alignment"])
    assert list(build(levels=(1, 3), objective="dice").losses(aligned(), half)) == [
        "dice",
        "alignment",
    ]


def test_the_auxiliary_dice_asks_of_target_maps_and_is_off_by_default():
    reference = torch.zeros(1, 1, 32, 64, dtype=torch.bool)
    reference[..., :32] = True
    found = replace(
        aligned(size=1),
        mask_logits=torch.zeros(1, 1, 32, 64),
        target_maps=(torch.tensor([[[[1.0, 0.5]]]]),),
    )
    model = build(levels=(4,), target_map_weight=0.5, alignment_weight=0.0)
    # Overlap 2 * 1 + 1, areas 1 + 1/4 + 1 + 1.
    expected = 0.5 * (1 - 3 / 3.25)
    assert model.losses(found, reference)["target_map"].item() == pytest.approx(expected)
    assert "target_map" not in build().losses(build()(*batch()), some_reference())


def test_losses_of_an_eval_pass_are_refused():
    model = build().eval()
    with pytest.raises(ValueError, match=r"Call model\.train\(\)"):
        model.losses(model(*batch()), some_reference())


def test_the_auxiliary_dice_of_a_bare_segmentation_is_refused():
    bare = Segmentation(mask_logits=torch.zeros(2, 1, *SIZE))
    model = build(target_map_weight=0.5, alignment_weight=0.0)
    with pytest.raises(ValueError, match="lacks target maps"):
        model.losses(bare, some_reference())


def test_logits_that_are_not_finite_do_not_become_a_finite_loss():
    found = replace(aligned(), mask_logits=torch.full((2, 1, *SIZE), torch.nan))
    losses = build(levels=(1, 3)).losses(found, some_reference())
    assert not losses["dice"].isfinite()
    assert not losses["cross_entropy"].isfinite()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_losses_are_in_single_precision_after_a_pass_in_half(dtype):
    model = build()
    with torch.autocast("cpu", dtype=dtype):
        losses = model.losses(model(*batch()), some_reference())
    assert all(loss.isfinite() and loss.dtype == torch.float32 for loss in losses.values())


# Config


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"levels": (0, 1)}, r"levels=\(0, 1\)"),
        ({"levels": (2, 2)}, r"levels=\(2, 2\)"),
        ({"levels": ()}, r"levels=\(\)"),
        ({"temperature": 0.0}, r"temperature=0\.0"),
        ({"tsd_softness": -1.0}, r"tsd_softness=-1\.0"),
        ({"tsd_text_share": 1.5}, r"tsd_text_share=1\.5"),
        ({"lte": "film", "target_map_weight": 0.1}, "only lte='gate' makes target maps"),
    ],
)
def test_a_config_that_cannot_be_built_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **wrong)
