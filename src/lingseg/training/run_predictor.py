"""A training run as a predictor, so that `evaluation` scores it by the same code as a bundle."""

from pathlib import Path

import numpy as np
import torch

from lingseg.datasets.case import Case
from lingseg.imaging.image import Image, Probabilities
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.resampling import resize_probabilities, resize_rgb
from lingseg.language.side import to_side
from lingseg.training.checkpoint import load_run, read_summary
from lingseg.training.objective import TextReader, segment


class RunPredictor:
    """The best weights of a run, on the fastest device of this machine."""

    def __init__(self, run: Path) -> None:
        """Load a finished run.

        Raises:
            MissingWeights: It is not finished, or not a run.
            MismatchedWeights: Its weights do not fit its recipe.
        """
        model, recipe = load_run(run)
        summary = read_summary(run)
        self.name = run.name
        self.threshold = float(summary["threshold"])
        self._presence_threshold = summary["presence_threshold"]
        self._side = summary["side"]
        self._size = (recipe.data.height, recipe.data.width)
        self._device = torch.accelerator.current_accelerator() or torch.device("cpu")
        self._model = model.to(self._device)
        self._reader = TextReader(model.text_encoder, self._device)

    @torch.inference_mode()
    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return a map at the image's own size; zeros where the model says "not found"."""
        pixels = torch.from_numpy(np.array(resize_rgb(as_rgb(image), self._size)))
        batch = pixels.permute(2, 0, 1)[None].float().to(self._device) / 255
        text = to_side(case.text, case.side, self._side)
        only = torch.zeros(1, dtype=torch.int64, device=self._device)
        found = segment(self._model, batch, only, *self._reader.read([text]))
        if found.presence_logits is not None and self._presence_threshold is not None:
            presence = float(found.presence_logits.sigmoid())
            if presence < self._presence_threshold:
                return np.zeros(image.size, dtype=np.float32)
        probabilities = found.mask_logits[0, 0].float().sigmoid().cpu().numpy()
        return resize_probabilities(probabilities, image.size)
