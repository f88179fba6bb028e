"""Every model of the table in its smallest form, and batches to ask it with."""

import torch

from lingseg.models import (
    LanGuideMedSegConfig,
    LAVTConfig,
    LingNetConfig,
    LSMSConfig,
    LViTConfig,
    MMIUNetConfig,
    RecLMISConfig,
    TinyConfig,
    TMCAConfig,
    UNetConfig,
)

SMALL = {
    LanGuideMedSegConfig: LanGuideMedSegConfig(
        depths=(1, 1, 1, 1), dims=(16, 24, 32, 48), image_weights="random", text_encoder="words"
    ),
    LAVTConfig: LAVTConfig(
        dim=16,
        depths=(1, 2, 2, 1),
        num_heads=(1, 2, 4, 4),
        window_size=4,
        drop_path=0.0,
        image_weights="random",
        text_encoder="words",
    ),
    LingNetConfig: LingNetConfig(
        dim=32,
        num_heads=2,
        num_blocks=1,
        decoder_dims=(32, 16, 8),
        text_encoder="words",
        image_encoder="lite0",
        pretrained=False,
    ),
    LViTConfig: LViTConfig(base_dim=8, num_heads=2, grid=(4, 3), text_encoder="words"),
    LSMSConfig: LSMSConfig(
        dims=(16, 24, 32, 48),
        depths=(1, 1, 1, 1),
        mlp_ratios=(2, 2, 2, 2),
        drop_path=0.0,
        cross_scale_dim=32,
        cross_scale_heads=2,
        ham_dim=32,
        ham_rank=8,
        head_dim=32,
        dropout=0.0,
        contrast_dim=16,
        image_weights="random",
        text_encoder="words",
    ),
    MMIUNetConfig: MMIUNetConfig(
        depths=(1, 1, 1, 1),
        dims=(16, 24, 32, 48),
        dropout=0.0,
        image_weights="random",
        text_encoder="words",
    ),
    RecLMISConfig: RecLMISConfig(
        base_dim=8, num_reconstructor_layers=1, grid=(4, 3), dropout=0.0, text_encoder="words"
    ),
    TinyConfig: TinyConfig(),
    TMCAConfig: TMCAConfig(
        depths=(1, 1, 1, 1),
        dims=(16, 24, 32, 48),
        align_dim=16,
        gain=0.1,
        image_weights="random",
        text_encoder="words",
    ),
    UNetConfig: UNetConfig(base_dim=4, num_strides=2),
}

TEXTS = ("one small mass at the upper left", "two large dark lesions in the right lung")


def batch(model, texts=TEXTS, height=64, width=48):
    """Return what a model's forward takes, never square."""
    generator = torch.Generator().manual_seed(1)
    token_ids, word_mask = model.text_encoder.tokenize(texts)
    with torch.no_grad():
        words = model.text_encoder(token_ids, word_mask)
    image = torch.rand(len(texts), 3, height, width, generator=generator)
    return {"image": image, "words": words, "word_mask": word_mask}


def drawn_batch(size=2, height=48, width=70, words=5):
    """Return pictures, and words that no text encoder made, as what a method's own parts take."""
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(size, 3, height, width, generator=generator)
    vectors = torch.randn(size, words, 64, generator=generator)
    return image, vectors, torch.ones(size, words, dtype=torch.bool)


def half_of(logits):
    """Return a reference that marks the left half."""
    reference = torch.zeros_like(logits, dtype=torch.bool)
    reference[..., : logits.shape[-1] // 2] = True
    return reference
