"""What holds for every model of the table, whatever its method."""

import jaxtyping
import pytest
import torch
from models.small import SMALL, TEXTS, batch
from parity.shared_weights import settle_batch_norm
from safetensors.torch import load_file, save_file
from torch.nn.functional import pad

from lingseg.models import MODELS, EncodesImageFirst, UNetConfig, build_model

BLIND = {UNetConfig: "it looks at the image alone, by design"}
"""Models that lack a property by design, and why."""


def build(config_class):
    torch.manual_seed(0)
    model = build_model(SMALL[config_class])
    inputs = batch(model)
    settle_batch_norm(model, inputs["image"], inputs["words"], inputs["word_mask"])
    return model


@pytest.fixture(params=MODELS, ids=lambda config: config.__name__)
def model(request):
    return build(request.param)


@pytest.fixture(
    params=[
        pytest.param(
            config,
            marks=pytest.mark.xfail(reason=BLIND[config]) if config in BLIND else (),
            id=config.__name__,
        )
        for config in MODELS
    ]
)
def reading_model(request):
    return build(request.param)


NOTICEABLE = 1e-6
"""A hundred times what single precision leaves uncertain: two passes of eval mode are identical."""


def logits(model, inputs):
    with torch.no_grad():
        return model(**inputs).mask_logits


def test_the_table_has_a_small_form_of_every_model():
    assert set(SMALL) == set(MODELS)


@pytest.mark.parametrize(("height", "width"), [(64, 48), (50, 67), (32, 33), (47, 81)])
def test_mask_has_the_size_of_the_image(model, height, width):
    assert logits(model, batch(model, height=height, width=width)).shape == (2, 1, height, width)


@pytest.mark.parametrize(("height", "width"), [(20, 24), (3, 5)])
def test_a_picture_smaller_than_the_stride_has_a_finite_mask(model, height, width):
    found = logits(model, batch(model, height=height, width=width))
    assert found.shape == (2, 1, height, width)
    assert found.isfinite().all()


def test_text_matters(reading_model):
    inputs = batch(reading_model)
    other = batch(reading_model, texts=TEXTS[::-1])
    difference = logits(reading_model, inputs) - logits(reading_model, other)
    assert difference.abs().max() > NOTICEABLE


def test_the_order_of_words_matters(reading_model):
    said = logits(reading_model, batch(reading_model, texts=("left not right",) * 2))
    other = logits(reading_model, batch(reading_model, texts=("right not left",) * 2))
    assert (said - other).abs().max() > NOTICEABLE


def test_padding_words_change_nothing(model):
    inputs = batch(model)
    padded = inputs | {
        "words": pad(inputs["words"], (0, 0, 0, 3), value=7.0),
        "word_mask": pad(inputs["word_mask"], (0, 3), value=False),
    }
    torch.testing.assert_close(logits(model, inputs), logits(model, padded), atol=1e-5, rtol=1e-5)


def test_cases_of_a_batch_are_strangers(model):
    inputs = batch(model)
    alone = {name: value[:1] for name, value in inputs.items()}
    torch.testing.assert_close(
        logits(model, inputs)[:1], logits(model, alone), atol=1e-4, rtol=1e-3
    )


def test_the_null_sentence_gives_a_finite_mask(model):
    found = model(**batch(model, texts=("", TEXTS[0])))
    assert found.mask_logits.isfinite().all()


def test_a_batch_that_says_nothing_can_be_trained_on(model):
    model.train()
    found = model(**batch(model, texts=("", "")))
    reference = torch.zeros_like(found.mask_logits, dtype=torch.bool)
    reference[0, :, 5:20, 5:20] = True
    terms = model.losses(found, reference)
    sum(terms.values()).backward()
    assert all(term.isfinite() for term in terms.values())
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_a_sentence_longer_than_the_encoder_allows_is_known_to_be_cut(model):
    encoder = model.text_encoder
    longest = " ".join(["left lung"] * 40)
    assert encoder.cuts(longest)
    assert not encoder.cuts("left lung")
    said = batch(model, texts=(longest, longest))
    assert said["word_mask"].sum(dim=1).tolist() == [encoder.max_words] * 2
    other = batch(model, texts=(f"{longest} no upper right mass",) * 2)
    assert logits(model, said).isfinite().all()
    assert torch.equal(logits(model, said), logits(model, other))


def test_every_weight_gets_a_gradient(model):
    model.train()
    token_ids, word_mask = model.text_encoder.tokenize(TEXTS)
    words = model.text_encoder(token_ids, word_mask)
    found = model(batch(model)["image"], words, word_mask)
    reference = torch.zeros_like(found.mask_logits, dtype=torch.bool)
    reference[0, :, 5:20, 5:20] = True
    sum(model.losses(found, reference).values()).backward()
    unused = [
        name
        for name, weight in model.named_parameters()
        if weight.requires_grad and (weight.grad is None or not weight.grad.any())
    ]
    assert not unused


def test_losses_are_finite_named_scalars(model):
    model.train()
    found = model(**batch(model))
    for reference in (torch.zeros_like, torch.ones_like):
        terms = model.losses(found, reference(found.mask_logits, dtype=torch.bool))
        assert terms
        assert all(term.shape == () and term.isfinite() for term in terms.values())


@pytest.mark.parametrize("reference", [torch.zeros_like, torch.ones_like])
def test_half_precision_gives_finite_losses_and_gradients(model, reference):
    model.train()
    with torch.autocast("cpu", torch.bfloat16):
        found = model(**batch(model))
        wanted = reference(found.mask_logits, dtype=torch.bool)
        terms = model.losses(found, wanted)
    torch.stack([term.float() for term in terms.values()]).sum().backward()
    assert all(term.isfinite() for term in terms.values())
    assert all(
        weight.grad.isfinite().all() for weight in model.parameters() if weight.grad is not None
    )


@pytest.mark.parametrize(("height", "width"), [(64, 48), (96, 128)])
def test_half_precision_errs_no_more_than_rounded_weights(model, height, width):
    inputs = batch(model, height=height, width=width)
    full = logits(model, inputs)
    with torch.autocast("cpu", torch.bfloat16):
        half = logits(model, inputs)
    for weight in model.parameters():
        weight.data = weight.bfloat16().float()
    rounded = logits(model, inputs)
    # However much a random network makes of rounding: 1.2 to 2.2 times, of every method.
    assert (half - full).norm() < 4 * (rounded - full).norm()


def test_pixels_that_are_not_numbers_are_not_hidden(model):
    model.train()
    inputs = batch(model)
    inputs["image"][0, 1, 20, 20] = torch.nan
    found = model(**inputs)
    reference = torch.zeros_like(found.mask_logits, dtype=torch.bool)
    assert not sum(model.losses(found, reference).values()).isfinite()


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_pictures_of_another_number_of_channels_are_refused(model, channels):
    inputs = batch(model)
    inputs["image"] = torch.rand(2, channels, 64, 48)
    with pytest.raises((TypeError, RuntimeError, jaxtyping.TypeCheckError)):
        model(**inputs)


@pytest.mark.compile  # which is run without the tests' shape checker, as users do
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_without_the_shape_checker_they_are_refused_too(model, channels):
    inputs = batch(model)
    inputs["image"] = torch.rand(2, channels, 64, 48)
    with pytest.raises(
        (ValueError, RuntimeError), match=r"have \d channels; expected 3|3 channels"
    ):
        model(**inputs)


def test_two_eval_passes_are_identical(model):
    inputs = batch(model)
    assert torch.equal(logits(model, inputs), logits(model, inputs))


def test_an_image_encoded_first_gives_the_same_mask(model):
    if not isinstance(model, EncodesImageFirst):
        assert not hasattr(model, "encode_image")
        return
    inputs = batch(model)
    image = inputs.pop("image")
    with torch.no_grad():
        found = model.segment_encoded(
            model.encode_image(image), inputs["words"], inputs["word_mask"], image.shape[-2:]
        )
    assert torch.equal(found.mask_logits, logits(model, {"image": image, **inputs}))


def test_weights_survive_the_disk(model, tmp_path):
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    twin = build_model(model.config).eval()
    twin.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    inputs = batch(model)
    assert torch.equal(logits(model, inputs), logits(twin, inputs))


@pytest.mark.compile
def test_compiles_whole(model):
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    inputs = batch(model)
    torch.testing.assert_close(
        logits(model, inputs), logits(compiled, inputs), atol=1e-5, rtol=1e-4
    )
