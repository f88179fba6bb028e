"""Every model of the table in its smallest form, and batches to ask it with."""

import torch

from lingseg.models import LingNetConfig, RecLMISConfig, TinyConfig, UNetConfig

SMALL = {
    LingNetConfig: LingNetConfig(
        dim=32,
        num_heads=2,
        num_blocks=1,
        decoder_dims=(32, 16, 8),
        text_encoder="words",
        pretrained=False,
    ),
    RecLMISConfig: RecLMISConfig(
        base_dim=8, num_reconstructor_layers=1, grid=(4, 3), dropout=0.0, text_encoder="words"
    ),
    TinyConfig: TinyConfig(),
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
