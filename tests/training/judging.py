"""A model whose word on presence a reader can foretell."""

from lingseg.models import Segmentation, Segmenter


class Judging(Segmenter):
    """Holds the more probable, the longer the sentence; or judges nothing."""

    def __init__(self, inner, *, judges):
        super().__init__()
        self.inner, self.judges = inner, judges
        self.text_encoder = inner.text_encoder

    def forward(self, image, words, word_mask):
        found = self.inner(image, words, word_mask)
        presence = word_mask.sum(dim=1).float() - 6 if self.judges else None
        return Segmentation(mask_logits=found.mask_logits, presence_logits=presence)

    def losses(self, segmentation, reference):
        raise NotImplementedError
