"""LSMS beyond what every model is asked: its equations by numbers, its size, its no-text path."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from models.small import drawn_batch
from parity.shared_weights import settle_batch_norm
from parity.test_segnext_parity import official_name
from safetensors.torch import save_file
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import pad
from torch.utils.flop_counter import FlopCounterMode

from lingseg.models import lsms
from lingseg.models.lsms import (
    LSMS,
    LSMSConfig,
    ScaleAwareAttention,
    at_stride_4,
)
from lingseg.models.segmenter import EncodesImageFirst, Segmentation
from lingseg.nn.gated_cross_attention import GatedCrossAttention
from lingseg.nn.mscan import MSCAN, MSCANShape
from lingseg.nn.pretrained import MismatchedWeights, MissingWeights

SMALL = LSMSConfig(
    dims=(8, 12, 16, 20),
    depths=(1, 2, 1, 1),
    mlp_ratios=(2, 2, 1, 1),
    drop_path=0.0,
    cross_scale_dim=16,
    cross_scale_heads=2,
    ham_dim=32,
    ham_rank=4,
    head_dim=32,
    dropout=0.0,
    contrast_dim=8,
    image_weights="random",
    text_encoder="words",
)


class BertWide(nn.Module):
    dim = 768


def build(**changes):
    torch.manual_seed(0)
    return LSMS(replace(SMALL, **changes))


@pytest.fixture
def model():
    """In eval mode; scales of 1 let more of the text through than those of a fresh model."""
    model = build()
    for name, weight in model.named_parameters():
        if name.endswith("_scale"):
            nn.init.ones_(weight)
    settle_batch_norm(model, *batch())
    return model


batch = partial(drawn_batch, height=64, width=96)


def some_reference(segmentation):
    reference = torch.zeros_like(segmentation.mask_logits, dtype=torch.bool)
    reference[:, :, 8:24, 4:30] = True
    return reference


def count(module):
    return sum(weight.numel() for weight in module.parameters()) / 1e6


# Size


@pytest.fixture
def bert_wide(monkeypatch):
    monkeypatch.setattr(lsms, "build_text_encoder", lambda *_, **__: BertWide())


@pytest.fixture
def fakes():
    """Tensors without numbers: they have shapes and cost nothing."""
    with FakeTensorMode() as mode:
        yield mode


def of_size(size):
    return LSMS(replace(LSMSConfig.of_size(size), image_weights="random", contrast="none")).eval()


@pytest.mark.parametrize(
    ("size", "encoder", "words", "across", "ham", "total"),
    [
        ("t", 7.47, 3.56, 0.72, 0.30, 8.48),
        ("s", 21.49, 8.04, 1.56, 0.46, 23.51),
        ("b", 43.75, 17.47, 1.56, 1.18, 46.50),
    ],
)
@pytest.mark.usefixtures("bert_wide")
def test_parts_have_as_many_weights_as_the_designs_prototype(
    size, encoder, words, across, ham, total
):
    with torch.device("meta"):
        model = of_size(size)
    listening = [part for part in model.modules() if isinstance(part, GatedCrossAttention)]
    assert len(listening) == sum(model.config.depths)
    assert sum(map(count, listening)) == pytest.approx(words, rel=0.005)
    assert count(model.image_encoder) == pytest.approx(encoder, rel=0.005)
    assert count(model.decoder.cross_scale) == pytest.approx(across, abs=0.006)
    assert count(model.decoder.head) == pytest.approx(ham, abs=0.006)
    assert count(model) == pytest.approx(total, rel=0.002)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "gmacs"),
    [
        ("t", {224: 3.7, 352: 9.1, 480: 16.8, 512: 19.1}),
        ("s", {224: 6.5, 352: 16.0, 480: 29.8, 512: 33.8}),
        ("b", {224: 13.7, 352: 33.6, 480: 62.2, 512: 70.8}),
    ],
)
@pytest.mark.usefixtures("bert_wide", "fakes")
def test_multiply_adds_are_those_of_the_designs_prototype(size, gmacs):
    model = of_size(size)
    words, word_mask = torch.rand(1, 20, 768), torch.ones(1, 20, dtype=torch.bool)
    for side, expected in gmacs.items():
        # Fused attention on a CPU escapes torch's counter.
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
            model(torch.rand(1, 3, side, side), words, word_mask)
        assert counter.get_total_flops() / 2e9 == pytest.approx(expected, rel=0.02), side


@pytest.mark.slow
@pytest.mark.parametrize("side", [224, 352, 480, 512])
@pytest.mark.usefixtures("bert_wide", "fakes")
def test_base_has_the_shapes_of_the_design(side):
    model = of_size("b")
    seen = {}
    model.image_encoder.register_forward_hook(lambda _, __, maps: seen.update(maps=maps))
    model.mask_head.register_forward_hook(lambda _, __, logits: seen.update(logits=logits))
    meet = model.decoder.cross_scale.query
    meet.register_forward_hook(lambda _, tokens, __: seen.update(tokens=tokens[0]))
    words, word_mask = torch.rand(1, 20, 768), torch.ones(1, 20, dtype=torch.bool)
    model(torch.rand(1, 3, side, side), words, word_mask)
    assert [tuple(found.shape[1:]) for found in seen["maps"]] == [
        (dim, side // stride, side // stride)
        for dim, stride in zip((64, 128, 320, 512), (4, 8, 16, 32), strict=True)
    ]
    assert seen["tokens"].shape == ((side // 32) ** 2, 85, 256)
    assert seen["logits"].shape == (1, 1, side // 4, side // 4)


@pytest.mark.usefixtures("bert_wide")
def test_the_small_size_is_a_few_million_weights():
    with torch.device("meta"):
        assert 1 < count(LSMS(LSMSConfig.small())) < 4


def test_the_default_is_base():
    assert LSMSConfig.of_size("b") == LSMSConfig()
    assert LSMSConfig.of_size("l").depths == (3, 5, 27, 3)


# Attention


def tiny_attention():
    """One channel, kernels of one pixel, every weight 1: it can be followed by hand."""
    attention = ScaleAwareAttention(
        1, MSCANShape(local_kernel_size=1, kernel_sizes=(1, 1)), GatedCrossAttention(1, 1)
    )
    for name, weight in attention.named_parameters():
        nn.init.zeros_(weight) if name.endswith("bias") else nn.init.ones_(weight)
    return attention


def test_what_is_heard_is_one_more_scale_by_hand():
    # A0 = V = (1, 3); two strip pairs repeat it: 3 V. Heard: (0, tanh(1)), as in the test of the
    # gated attention, up to the norm's epsilon. So A = 3 V + A_vl, and V is multiplied by it.
    words = torch.tensor([[[0.0], [50.0]]])
    features = torch.tensor([[[[1.0, 3.0]]]])
    found = tiny_attention()(features, words, torch.ones(1, 2, dtype=torch.bool))
    heard = torch.tensor([0.0, torch.tanh(torch.tensor(1.0))])
    expected = (3 * features + heard) * features
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_heard_words_go_back_to_their_pixels():
    attention = tiny_attention()
    attention.listen = Passed()
    features = torch.randn(2, 1, 3, 4)
    expected = (3 * features + 10 * features) * features
    found = attention(features, torch.zeros(2, 1, 1), torch.ones(2, 1, dtype=torch.bool))
    torch.testing.assert_close(found, expected)


class Passed(nn.Module):
    def forward(self, pixels, *_):
        return 10 * pixels


def test_without_words_the_encoder_is_segnexts_exactly(tmp_path):
    torch.manual_seed(1)
    segnext = MSCAN(SMALL.encoder_shape)
    for name, weight in segnext.named_parameters():
        if name.endswith("_scale"):
            nn.init.ones_(weight)
    image, words, word_mask = batch()
    settle_batch_norm(segnext, image)
    theirs = {official_name(name): value for name, value in segnext.state_dict().items()}
    save_file(theirs, tmp_path / "model.safetensors")
    ours = build(image_weights=str(tmp_path)).eval().image_encoder
    silent = ours(image, torch.zeros_like(words), torch.zeros_like(word_mask))
    assert all(torch.equal(*pair) for pair in zip(silent, segnext(image), strict=True))
    assert not torch.equal(ours(image, words, word_mask)[0], silent[0])


def test_segnexts_weights_load_and_the_language_parts_keep_their_random_start(tmp_path):
    torch.manual_seed(1)
    segnext = MSCAN(SMALL.encoder_shape)
    theirs = {official_name(name): value for name, value in segnext.state_dict().items()}
    save_file(theirs, tmp_path / "mscan.safetensors")
    found = build(image_weights=str(tmp_path / "mscan.safetensors")).image_encoder
    random = build().image_encoder
    for name, weight in found.named_parameters():
        source = random if ".listen." in name else segnext
        assert torch.equal(weight, source.get_parameter(name)), name


def test_weights_of_another_size_are_refused(tmp_path):
    other = MSCAN(replace(SMALL.encoder_shape, dims=(8, 12, 16, 24)))
    theirs = {official_name(name): value for name, value in other.state_dict().items()}
    save_file(theirs, tmp_path / "model.safetensors")
    with pytest.raises(MismatchedWeights, match=r"downsamplings\.3\.0\.weight is \(24, 16"):
        build(image_weights=str(tmp_path))


def test_missing_weights_are_never_a_silent_random_start():
    with pytest.raises(MissingWeights, match="image_weights is empty"):
        build(image_weights="")


# The whole


@pytest.mark.parametrize("decoder", ["xscale+ham", "ham", "xscale"])
@pytest.mark.parametrize("contrast", ["pixel-text", "region-infonce", "none"])
@pytest.mark.parametrize("segmentation_loss", ["ce", "ce+dice"])
def test_every_reading_trains_every_weight(decoder, contrast, segmentation_loss):
    model = build(decoder=decoder, contrast=contrast, segmentation_loss=segmentation_loss)
    token_ids, word_mask = model.text_encoder.tokenize(["upper left lung", "lower right"])
    found = model(batch()[0], model.text_encoder(token_ids, word_mask), word_mask)
    losses = model.losses(found, some_reference(found))
    names = {"cross_entropy", "dice", "contrast"}
    names -= {"dice"} if segmentation_loss == "ce" else set()
    assert set(losses) == names - ({"contrast"} if contrast == "none" else set())
    sum(losses.values()).backward()
    assert not [name for name, weight in model.named_parameters() if weight.grad is None]
    assert ("decoder.head.middle.bases" in model.state_dict()) == ("ham" in decoder)


@pytest.mark.parametrize("changes", [{"num_heads": 2}, {"gate": "none"}, {"kernel_sizes": (3,)}])
def test_other_readings_of_the_attention_read_too(changes):
    model = build(**changes)
    image, words, word_mask = batch()
    settle_batch_norm(model, image, words, word_mask)
    moved = model(image, words, word_mask).mask_logits - model(image, -words, word_mask).mask_logits
    assert moved.abs().max() > 1e-6


def test_it_cannot_encode_the_image_first(model):
    assert not isinstance(model, EncodesImageFirst)


def test_padding_words_change_less_than_1e_5(model):
    image, words, word_mask = batch()
    padding = pad(words, (0, 0, 0, 4), value=torch.nan)
    padded = model(image, padding, pad(word_mask, (0, 4))).mask_logits
    assert (padded - model(image, words, word_mask).mask_logits).abs().max() < 1e-5


def test_two_eval_passes_are_identical_and_two_training_passes_with_one_seed(model):
    first = model(*batch()).mask_logits
    assert torch.equal(first, model(*batch()).mask_logits)
    answers = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        answers.append(model.train()(*batch()).mask_logits)
    assert torch.equal(answers[0], answers[1])
    assert not torch.equal(answers[0], answers[2])


def test_a_null_sentence_is_the_same_whatever_lies_in_its_padding(model):
    image, words, word_mask = batch()
    nothing = torch.zeros_like(word_mask)
    null = model(image, words, nothing).mask_logits
    assert null.isfinite().all()
    assert torch.equal(null, model(image, -words, nothing).mask_logits)
    assert torch.equal(
        null, model(image, torch.zeros_like(words[:, :1]), nothing[:, :1]).mask_logits
    )


@pytest.mark.parametrize(("height", "width"), [(33, 95), (50, 67), (64, 96), (32, 33)])
def test_an_image_is_padded_to_multiples_of_32_and_the_mask_cropped(model, height, width):
    seen = []
    model.image_encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    found = model(*batch(height=height, width=width)).mask_logits
    assert found.shape == (2, 1, height, width)
    padded = seen[0]
    assert (padded.shape[2] % 32, padded.shape[3] % 32) == (0, 0)
    assert (padded.shape[2] - height, padded.shape[3] - width) < (32, 32)
    assert not padded[:, :, height:].any()
    assert not padded[..., width:].any()


def test_the_smallest_image_has_a_map_of_one_pixel_and_a_finite_mask(model):
    assert model(*batch(height=32, width=32)).mask_logits.isfinite().all()


def test_pixels_that_are_not_numbers_do_not_give_a_mask(model):
    image, words, word_mask = batch()
    image[0, 0, 5, 5] = torch.nan
    found = model(image, words, word_mask).mask_logits
    assert found[0].isnan().all()
    assert found[1].isfinite().all()


# Losses


def test_the_mask_at_stride_4_is_what_half_of_a_patch_says():
    reference = torch.zeros(1, 1, 6, 9, dtype=torch.bool)
    reference[..., :2, :4] = True  # half of the first patch
    reference[..., :1, 4:8] = True  # a quarter of the second
    reference[..., 4:, 8:] = True  # all of the last one, of which the image has two pixels
    assert at_stride_4(reference)[0, 0].tolist() == [[True, False, False], [False, False, True]]


def test_the_contrast_sees_the_pixels_of_the_image_and_not_its_padding():
    found = build()(*batch(height=50, width=67))
    assert found.alignment.pixels.shape == (2, 8, 13, 17)
    torch.testing.assert_close(found.alignment.pixels.norm(dim=1), torch.ones(2, 13, 17))


def test_the_contrast_is_of_pixels_and_their_own_sentence():
    model = build(contrast_weight=0.5, contrast_temperature=0.25)
    found = model(*batch())
    reference = some_reference(found)
    made = found.alignment
    scores = (made.pixels * made.sentences[..., None, None]).sum(dim=1) / 0.25
    meant = torch.zeros(16, 24, dtype=torch.bool)
    meant[2:6, 1:7] = True  # columns 28 and 29 are half of the last patch
    meant[2:6, 7] = True
    expected = 0
    for score in scores:
        expected += (
            -score[meant].sigmoid().log().mean() - (1 - score[~meant].sigmoid()).log().mean()
        )
    torch.testing.assert_close(model.losses(found, reference)["contrast"], 0.5 * expected / 2)


@pytest.mark.parametrize("contrast", ["pixel-text", "region-infonce"])
def test_null_sentences_have_no_contrast_and_can_be_trained_on(contrast):
    model = build(contrast=contrast)
    image, words, word_mask = batch()
    found = model(image, words, torch.zeros_like(word_mask))
    losses = model.losses(found, some_reference(found))
    assert losses["contrast"] == 0
    sum(losses.values()).backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())


@pytest.mark.parametrize("contrast", ["pixel-text", "region-infonce"])
@pytest.mark.parametrize("fill", [False, True])
def test_empty_and_full_references_have_finite_losses_and_gradients(contrast, fill):
    model = build(contrast=contrast)
    found = model(*batch())
    losses = model.losses(found, torch.full_like(found.mask_logits, fill, dtype=torch.bool))
    assert all(loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("contrast", ["pixel-text", "region-infonce"])
def test_losses_are_in_single_precision_whatever_the_passes_were_in(dtype, contrast):
    model = build(contrast=contrast)
    with torch.autocast("cpu", dtype=dtype):
        found = model(*batch())
        losses = model.losses(found, some_reference(found))
    assert all(loss.isfinite() and loss.dtype == torch.float32 for loss in losses.values())


@pytest.mark.parametrize("name", ["cross_entropy", "dice", "contrast"])
def test_a_mask_that_is_not_a_number_has_no_finite_loss(name):
    model = build()
    image, words, word_mask = batch()
    image[0, 0, 5, 5] = torch.nan
    found = model(image, words, word_mask)
    assert model.losses(found, some_reference(found))[name].isnan()


def test_losses_of_an_eval_pass_are_refused(model):
    found = model(*batch())
    assert found.alignment is None
    with pytest.raises(ValueError, match=r"Call model\.train\(\)"):
        model.losses(found, some_reference(found))
    with pytest.raises(ValueError, match=r"Call model\.train\(\)"):
        model.losses(Segmentation(mask_logits=found.mask_logits), some_reference(found))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"num_heads": 3}, "num_heads=3"),
        ({"cross_scale_heads": 3}, "cross_scale_heads=3"),
        ({"contrast_temperature": 0.0}, r"contrast_temperature=0\.0"),
        ({"contrast_softness": -1.0}, r"contrast_softness=-1\.0"),
    ],
)
def test_a_config_that_cannot_be_built_is_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        replace(SMALL, **changes)
