"""RecLMIS beyond what every model is asked: its parts, what it hides, its losses."""

import copy
import math
from collections import Counter
from functools import partial

import pytest
import torch
from models.small import drawn_batch
from parity.shared_weights import settle_batch_norm, shared_weights
from torch import nn
from torch.nn.functional import pad
from weight_count import count

from lingseg.models import reclmis
from lingseg.models.reclmis import (
    ConditionedAttention,
    Interaction,
    Modality,
    RecLMIS,
    RecLMISConfig,
    RecLMISSegmentation,
    Reconstruction,
    Reconstructor,
    contrast_loss,
    draw_hidden,
)
from lingseg.models.segmenter import EncodesImageFirst

SMALL = RecLMISConfig(
    base_dim=2, num_reconstructor_layers=2, grid=(3, 4), text_encoder="words", max_words=9
)
CONV_SIG = sum(dim * dim + dim for dim in (64, 128, 256, 512))
DEAD_CROSS_ATTENTION = 1_050_624 + 1_024


@pytest.fixture
def model():
    """In eval mode, with weights by formula: random ones let hardly any of the text through."""
    model = RecLMIS(SMALL)
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    model.load_state_dict(shared_weights(shapes), strict=False)
    settle_batch_norm(model, *batch())
    return model


@pytest.fixture(params=[4, 3], ids=["qata", "mosmed"])
def full_size(request, monkeypatch):
    monkeypatch.setattr(reclmis, "build_text_encoder", lambda *_, **__: ClipWide())
    with torch.device("meta"):
        return RecLMIS(RecLMISConfig(num_reconstructor_layers=request.param))


class ClipWide(nn.Module):
    dim = 512


batch = partial(drawn_batch, height=48, width=64)


def some_reference(segmentation):
    return torch.rand(segmentation.mask_logits.shape) > 0.5


def modality(interest, is_there=None, tokens=None):
    interest = torch.as_tensor(interest)
    is_there = torch.ones_like(interest, dtype=torch.bool) if is_there is None else is_there
    tokens = torch.zeros(*interest.shape, 2) if tokens is None else torch.as_tensor(tokens)
    return Modality(tokens, torch.as_tensor(is_there), interest)


# Parts


def test_parts_have_the_official_number_of_weights(full_size):
    layers = full_size.config.num_reconstructor_layers
    assert count(full_size.stem) == 1_920
    assert [count(down) for down in full_size.downs] == [221_952, 886_272, 3_542_016, 4_721_664]
    assert count(full_size.word_convolution) == 786_944
    assert count(full_size.interaction, full_size.word_refinement) == 3_252_224
    assert full_size.interaction.positions.numel() == 100_352
    ups = zip(full_size.ups, full_size.skip_attentions, (64, 128, 256, 512), strict=True)
    official = [count(up, attention) + dim * dim + dim for up, attention, dim in ups]
    assert official == [123_359, 234_015, 934_943, 3_737_631]
    assert count(full_size.mask_head) == 65
    assert count(full_size.patch_interest) == count(full_size.word_interest) == 263_169
    reconstructor = layers * (2 * 3_154_432 - DEAD_CROSS_ATTENTION)
    assert count(full_size.patch_reconstructor) == reconstructor
    assert count(full_size.word_reconstructor) == reconstructor
    trainable = {4: 69_440_255, 3: 56_822_527}[layers]
    assert count(full_size) == trainable - CONV_SIG - 2 * layers * DEAD_CROSS_ATTENTION


def test_what_the_mask_needs_has_the_official_number_of_weights(full_size):
    for_training_only = (
        full_size.word_refinement,
        full_size.patch_interest,
        full_size.word_interest,
        full_size.patch_reconstructor,
        full_size.word_reconstructor,
    )
    assert count(full_size) - count(*for_training_only) == 17_305_917


def test_positions_are_the_tables_own_on_its_grid_and_interpolated_on_others():
    interaction = Interaction(SMALL).eval()
    interaction.positions.data.copy_(torch.arange(12.0)[None, :, None].expand(1, 12, 16))
    nn.init.zeros_(interaction.patch_projection.weight)
    nn.init.zeros_(interaction.patch_projection.bias)
    seen = []
    interaction.dropout.register_forward_hook(lambda _, __, output: seen.append(output[0, :, 0]))
    words, word_mask = torch.rand(1, 2, 16), torch.ones(1, 2, dtype=torch.bool)
    interaction(torch.rand(1, 16, 3, 4), words, word_mask)
    interaction(torch.rand(1, 16, 3, 2), words, word_mask)
    torch.testing.assert_close(seen[0], torch.arange(12.0))
    torch.testing.assert_close(seen[1], torch.tensor([0.5, 2.5, 4.5, 6.5, 8.5, 10.5]))


def test_a_token_looks_only_at_the_keys_of_interest():
    torch.manual_seed(0)
    attention = ConditionedAttention(SMALL).eval()
    rows, keys = torch.rand(2, 3, 16), torch.rand(2, 5, 16)
    everything = torch.ones(2, 1, 5, dtype=torch.bool)
    one_hot = torch.zeros(2, 5)
    one_hot[:, 3] = 1
    heard = attention(rows, keys, everything, one_hot)
    torch.testing.assert_close(heard, attention(rows, keys[:, 3:4], everything[..., :1]))


def test_equal_interest_is_no_interest():
    torch.manual_seed(0)
    attention = ConditionedAttention(SMALL).eval()
    rows, keys = torch.rand(2, 3, 16), torch.rand(2, 5, 16)
    everything = torch.ones(2, 1, 5, dtype=torch.bool)
    heard = attention(rows, keys, everything, torch.full((2, 5), 0.2))
    torch.testing.assert_close(heard, attention(rows, keys, everything))


def test_a_rebuilt_token_does_not_see_later_tokens_but_the_whole_context():
    torch.manual_seed(0)
    rebuild = Reconstructor(SMALL).eval()
    tokens, context = torch.rand(1, 4, 16), torch.rand(1, 5, 16)
    is_there, shares = torch.ones(1, 4, dtype=torch.bool), torch.full((1, 5), 0.2)
    plain = rebuild(tokens, is_there, modality(shares, tokens=context))
    tokens[:, 2] += 1
    later = rebuild(tokens, is_there, modality(shares, tokens=context))
    context[:, 4] += 1
    other = rebuild(tokens, is_there, modality(shares, tokens=context))
    moved = (later - plain).abs().amax(dim=2)[0]
    assert (moved > 1e-3).tolist() == [False, False, True, True]
    assert ((other - later).abs().amax(dim=2) > 1e-4).all()


# The whole


@pytest.mark.parametrize(("height", "width"), [(32, 33), (47, 64), (48, 80), (65, 37)])
def test_mask_has_the_size_of_any_image(model, height, width):
    assert model(*batch(height=height, width=width)).mask_logits.shape == (2, 1, height, width)


def test_a_new_sentence_needs_the_image_only_once(model):
    image, words, word_mask = batch(height=47, width=66)
    assert isinstance(model, EncodesImageFirst)
    encoded = model.encode_image(image)
    for said in (words, words.flip(1)):
        later = model.segment_encoded(encoded, said, word_mask, (47, 66))
        at_once = model(image, said, word_mask)
        torch.testing.assert_close(later.mask_logits, at_once.mask_logits)


def test_text_matters(model):
    image, words, word_mask = batch()
    other = model(image, words.flip(0), word_mask).mask_logits
    assert (model(image, words, word_mask).mask_logits - other).abs().max() > 1e-3


def test_padding_words_change_nothing(model):
    image, words, word_mask = batch()
    padded = pad(words, (0, 0, 0, 3), value=7.0), pad(word_mask, (0, 3))
    torch.testing.assert_close(
        model(image, words, word_mask).mask_logits, model(image, *padded).mask_logits
    )


def test_padding_words_change_no_loss(monkeypatch):
    def hide_first(modality, *_):
        return torch.arange(modality.is_there.shape[1]).expand_as(modality.is_there) == 0

    monkeypatch.setattr(reclmis, "draw_hidden", hide_first)
    torch.manual_seed(0)
    model = RecLMIS(RecLMISConfig(**(vars(SMALL) | {"dropout": 0.0})))
    image, words, word_mask = batch()
    plain = model(image, words, word_mask)
    reference = some_reference(plain)
    padded = model(image, pad(words, (0, 0, 0, 3), value=7.0), pad(word_mask, (0, 3)))
    for name, loss in model.losses(padded, reference).items():
        torch.testing.assert_close(loss, model.losses(plain, reference)[name], msg=name)


def test_a_null_sentence_is_one_word_of_nothing(model):
    image, words, word_mask = batch()
    null = model(image, words, torch.zeros_like(word_mask)).mask_logits
    assert null.isfinite().all()
    torch.testing.assert_close(
        null, model(image, torch.zeros_like(words[:, :1]), word_mask[:, :1]).mask_logits
    )


def test_a_null_sentence_can_be_trained_on_even_alone():
    torch.manual_seed(0)
    model = RecLMIS(SMALL)
    image, words, word_mask = batch(size=1, words=1)
    segmentation = model(image, words, torch.zeros_like(word_mask))
    losses = model.losses(segmentation, some_reference(segmentation))
    sum(losses.values()).backward()
    assert all(loss.isfinite() for loss in losses.values())
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())


def test_nothing_is_hidden_and_rebuilt_in_eval(model, monkeypatch):
    for part in ("patch_reconstructor", "word_reconstructor", "word_refinement", "word_interest"):
        monkeypatch.delattr(model, part)
    assert model(*batch()).reconstruction is None


def test_losses_of_an_eval_pass_are_refused(model):
    segmentation = model(*batch())
    with pytest.raises(ValueError, match=r"Call model\.train\(\)"):
        model.losses(segmentation, some_reference(segmentation))


def test_every_weight_gets_a_gradient():
    torch.manual_seed(0)
    model = RecLMIS(SMALL)
    token_ids, word_mask = model.text_encoder.tokenize(["upper left lung", "lower right"])
    image, _, _ = batch()
    segmentation = model(image, model.text_encoder(token_ids, word_mask), word_mask)
    sum(model.losses(segmentation, some_reference(segmentation)).values()).backward()
    assert not [name for name, weight in model.named_parameters() if weight.grad is None]


@pytest.mark.parametrize(
    ("loss", "moved", "still"),
    [
        ("language_reconstruction", "word_reconstructor", "patch_reconstructor"),
        ("vision_reconstruction", "patch_reconstructor", "word_reconstructor"),
        ("contrast", "patch_interest", "patch_reconstructor"),
        ("contrast", "word_interest", "word_reconstructor"),
        ("language_reconstruction", "patch_interest", "word_interest"),
        ("vision_reconstruction", "word_interest", "patch_interest"),
        ("vision_reconstruction", "downs", "mask_head"),
    ],
)
def test_an_auxiliary_loss_teaches_what_it_should(loss, moved, still):
    torch.manual_seed(0)
    model = RecLMIS(SMALL)
    segmentation = model(*batch())
    model.losses(segmentation, some_reference(segmentation))[loss].backward()
    assert all(weight.grad is not None for weight in getattr(model, moved).parameters())
    assert any(weight.grad.abs().sum() > 0 for weight in getattr(model, moved).parameters())
    assert all(weight.grad is None for weight in getattr(model, still).parameters())


def test_same_generator_hides_the_same_and_another_does_not():
    def rebuilt(seed, *, torchs_seed):
        torch.manual_seed(0)
        config = RecLMISConfig(**(vars(SMALL) | {"dropout": 0.0}))
        model = RecLMIS(config, generator=torch.Generator().manual_seed(seed))
        torch.manual_seed(torchs_seed)
        return model(*batch()).reconstruction.rebuilt_patches

    assert torch.equal(rebuilt(3, torchs_seed=1), rebuilt(3, torchs_seed=2))
    assert not torch.equal(rebuilt(3, torchs_seed=1), rebuilt(4, torchs_seed=1))


def test_without_a_generator_torchs_seed_decides():
    def rebuilt(seed):
        torch.manual_seed(0)
        model = RecLMIS(SMALL)
        torch.manual_seed(seed)
        return model(*batch()).reconstruction.rebuilt_patches

    assert torch.equal(rebuilt(3), rebuilt(3))
    assert not torch.equal(rebuilt(3), rebuilt(4))


def test_a_copy_answers_the_same(model):
    inputs = batch()
    twin = copy.deepcopy(model)
    assert torch.equal(twin(*inputs).mask_logits, model(*inputs).mask_logits)


def test_trains_in_half_precision():
    torch.manual_seed(0)
    model = RecLMIS(SMALL)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        segmentation = model(*batch())
    losses = model.losses(segmentation, some_reference(segmentation))
    assert all(loss.isfinite() and loss.dtype == torch.float32 for loss in losses.values())


# What is hidden


@pytest.mark.parametrize(
    ("number", "rate", "hidden"),
    [
        (18, 0.3, 5),
        (5, 0.3, 1),
        (2, 0.3, 1),
        (1, 0.3, 1),
        (196, 0.5, 98),
        (196, 0.3, 58),
        (4, 1.0, 4),
    ],
)
def test_as_many_are_hidden_as_officially(number, rate, hidden):
    is_there = torch.zeros(3, 200, dtype=torch.bool)
    is_there[:, :number] = True
    drawn = draw_hidden(modality(is_there / number, is_there), rate, None)
    assert drawn.sum(dim=1).tolist() == [hidden] * 3
    assert not (drawn & ~is_there).any()


def test_nothing_is_hidden_where_nothing_is():
    nothing = torch.zeros(2, 4, dtype=torch.bool)
    assert not draw_hidden(modality(torch.zeros(2, 4), nothing), 0.5, None).any()


def test_tokens_are_drawn_as_by_successive_choices_without_replacement():
    shares = torch.tensor([0.6, 0.3, 0.1])
    generator = torch.Generator().manual_seed(0)
    drawn = draw_hidden(modality(shares.expand(20_000, -1)), 2 / 3, generator)
    pairs = Counter(tuple(row) for row in drawn.int().tolist())
    expected = 0.6 * 0.3 / 0.4 + 0.3 * 0.6 / 0.7
    assert pairs[1, 1, 0] / 20_000 == pytest.approx(expected, abs=0.01)
    expected = 0.6 * 0.1 / 0.4 + 0.1 * 0.6 / 0.9
    assert pairs[1, 0, 1] / 20_000 == pytest.approx(expected, abs=0.01)


def test_tokens_without_interest_are_drawn_last_and_evenly():
    shares = torch.tensor([0.0, 1.0, 0.0, 0.0])
    generator = torch.Generator().manual_seed(0)
    drawn = draw_hidden(modality(shares.expand(6_000, -1)), 0.5, generator).float().mean(dim=0)
    assert drawn[1] == 1
    assert drawn[[0, 2, 3]].tolist() == pytest.approx([1 / 3] * 3, abs=0.03)


# Losses


def test_contrast_of_two_pairs_is_what_a_reader_computes_by_hand():
    # One word and one patch each: own similarity 1, other 0.
    tokens = torch.tensor([[[3.0, 0.0]], [[0.0, 0.5]]])
    side = modality(torch.ones(2, 1), tokens=tokens)
    expected = math.log(1 + math.exp(-2))
    assert contrast_loss(side, side, scale=2.0).item() == pytest.approx(expected, abs=1e-6)
    swapped = modality(torch.ones(2, 1), tokens=tokens.flip(0))
    assert contrast_loss(side, swapped, scale=2.0).item() == pytest.approx(expected + 2, abs=1e-6)


def test_contrast_weighs_words_by_a_second_softmax_and_takes_the_best_match():
    # The first text says both patches' directions, sure of the first: shares e : 1.
    words = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
    text = modality(torch.tensor([[1.0, 0.0], [0.5, 0.5]]), tokens=words)
    image = modality(torch.ones(2, 1), tokens=torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))
    sure = math.e / (1 + math.e)
    # Rows are texts: by the text's words, and by the image's patch, which the first text names.
    near = torch.tensor([[sure + 1, (1 - sure) + 1], [0.0, 2.0]]) / 2
    own = torch.arange(2)
    cross_entropy = nn.functional.cross_entropy
    expected = (cross_entropy(3 * near, own) + cross_entropy(3 * near.T, own)) / 2
    torch.testing.assert_close(contrast_loss(image, text, scale=3.0), expected)


def test_contrast_of_one_pair_is_zero():
    side = modality(torch.full((1, 4), 0.25), tokens=torch.rand(1, 4, 2))
    assert contrast_loss(side, side, scale=100.0).item() == 0


def made_by_hand(words_off=0.0, patches_off=0.0):
    is_word = torch.tensor([[True, True, False], [True, False, False]])
    text = modality(is_word / is_word.sum(1, keepdim=True), is_word, torch.rand(2, 3, 16))
    wanted_words, wanted_patches = torch.rand(2, 3, 16), torch.rand(2, 12, 16)
    wanted_patches.requires_grad_()
    rebuilt_words = wanted_words + words_off
    rebuilt_words[~is_word] = 1e3
    return RecLMISSegmentation(
        mask_logits=torch.zeros(2, 1, 48, 64),
        reconstruction=Reconstruction(
            image=modality(torch.full((2, 12), 1 / 12), tokens=torch.rand(2, 12, 16)),
            text=text,
            rebuilt_patches=wanted_patches.detach() + patches_off,
            wanted_patches=wanted_patches,
            rebuilt_words=rebuilt_words,
            wanted_words=wanted_words,
        ),
    )


def test_losses_are_named_and_weighted_as_published(model):
    half = torch.zeros(2, 1, 48, 64, dtype=torch.bool)
    half[..., :32] = True
    losses = model.losses(made_by_hand(words_off=2.0, patches_off=3.0), half)
    assert losses["language_reconstruction"].item() == pytest.approx(4, rel=1e-5)
    assert losses["vision_reconstruction"].item() == pytest.approx(9, rel=1e-5)
    assert losses["cross_entropy"].item() == pytest.approx(2.5 * math.log(2), rel=1e-5)
    # All probabilities are 1/2, half of the pixels are held true: 1 - 2 * 1/4 / (1/4 + 1/2).
    assert losses["dice"].item() == pytest.approx(2.5 / 3, rel=1e-5)
    assert list(losses) == [
        "dice",
        "cross_entropy",
        "contrast",
        "language_reconstruction",
        "vision_reconstruction",
    ]


def test_weights_of_the_config_weigh_the_losses():
    torch.manual_seed(0)
    reference = torch.rand(2, 1, 48, 64) > 0.5
    made = made_by_hand(words_off=2.0, patches_off=3.0)
    names = ("segmentation", "contrast", "language", "vision")
    weights = {f"{name}_weight": 2 * getattr(SMALL, f"{name}_weight") for name in names}
    doubled = RecLMIS(RecLMISConfig(**(vars(SMALL) | weights))).losses(made, reference)
    for name, loss in RecLMIS(SMALL).losses(made, reference).items():
        torch.testing.assert_close(doubled[name], 2 * loss)


def test_what_patches_are_rebuilt_to_learns_too(model):
    made = made_by_hand(patches_off=3.0)
    reference = torch.zeros(2, 1, 48, 64, dtype=torch.bool)
    model.losses(made, reference)["vision_reconstruction"].backward()
    assert made.reconstruction.wanted_patches.grad.abs().min() > 0


def test_what_words_are_rebuilt_to_does_not_learn():
    torch.manual_seed(0)
    image, words, word_mask = batch()
    words.requires_grad_()
    made = RecLMIS(SMALL)(image, words, word_mask).reconstruction
    assert not made.wanted_words.requires_grad
    assert made.text.tokens.requires_grad


# Config


def test_heads_that_do_not_divide_the_features_are_refused():
    with pytest.raises(ValueError, match="base_dim=2 makes 16 features, which num_heads=3"):
        RecLMISConfig(base_dim=2, num_heads=3)


@pytest.mark.parametrize("name", ["text_mask_rate", "image_mask_rate"])
@pytest.mark.parametrize("rate", [-0.1, 1.5, math.nan])
def test_a_share_that_is_none_is_refused(name, rate):
    with pytest.raises(ValueError, match=f"{name}={rate}"):
        RecLMISConfig(**{name: rate})
