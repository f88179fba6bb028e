"""Write down what other libraries score the pairs of masks with: `metric_numbers.json`.

Run it from `tests/`, in an environment with MONAI, scikit-learn, SimpleITK and surface-distance
(all Apache-2.0 or BSD-3-Clause), none of which the tests need:

    python -m oracle.make_metric_numbers
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - as its own pages call it
import surface_distance
import torch
from monai.metrics import (
    compute_dice,
    compute_hausdorff_distance,
    compute_iou,
    compute_surface_dice,
)
from numpy.typing import NDArray
from oracle.mask_pairs import Pair, mask_pairs
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, f1_score, jaccard_score

NUM_BINS = 15


def by_monai(pair: Pair) -> dict[str, float]:
    both = [torch.from_numpy(mask)[None, None] for mask in (pair.prediction, pair.reference)]
    found = {
        "dice": compute_dice(*both),
        "iou": compute_iou(*both),
        "hd95": compute_hausdorff_distance(*both, percentile=95, spacing=pair.spacing),
        "nsd": compute_surface_dice(
            *both, class_thresholds=[pair.tolerance], include_background=True, spacing=pair.spacing
        ),
    }
    return {name: value.item() for name, value in found.items()}


def by_scikit_learn(pair: Pair) -> dict[str, float]:
    reference, prediction = pair.reference.ravel(), pair.prediction.ravel()
    stated = pair.probabilities.ravel().astype(np.float64)
    observed, mean = calibration_curve(reference, stated, n_bins=NUM_BINS)
    # The curve tells no counts; a bin without pixels is not on it.
    counts = np.histogram(stated, bins=NUM_BINS, range=(0, 1))[0]
    gaps = np.abs(observed - mean) * counts[counts > 0]
    return {
        "dice": f1_score(reference, prediction),
        "iou": jaccard_score(reference, prediction),
        "ece": gaps.sum() / stated.size,
        "brier": brier_score_loss(reference, stated),
    }


def by_simpleitk(pair: Pair) -> dict[str, float]:
    outlines = [_outline(mask, pair.spacing) for mask in (pair.prediction, pair.reference)]
    distances = [
        sitk.GetArrayViewFromImage(_distances_from(other))[sitk.GetArrayViewFromImage(own) > 0]
        for own, other in (outlines, outlines[::-1])
    ]
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*(_image(mask, pair.spacing) for mask in (pair.prediction, pair.reference)))
    tolerance = pair.tolerance + 1e-5  # ITK's distances are some millionths off
    return {
        "dice": overlap.GetDiceCoefficient(),
        "iou": overlap.GetJaccardCoefficient(),
        "hd95": max(float(np.percentile(side, 95)) for side in distances),
        "nsd": float(np.mean(np.concatenate(distances) <= tolerance)),
    }


def _image(mask: NDArray[np.bool_], spacing: tuple[float, float]) -> sitk.Image:
    # What lies beyond the picture is outside: ITK knows no pixel there, so it gets some.
    image = sitk.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
    image.SetSpacing(spacing[::-1])
    return image


def _outline(mask: NDArray[np.bool_], spacing: tuple[float, float]) -> sitk.Image:
    return sitk.BinaryContour(_image(mask, spacing), fullyConnected=False)


def _distances_from(outline: sitk.Image) -> sitk.Image:
    return sitk.Abs(
        sitk.SignedMaurerDistanceMap(outline, squaredDistance=False, useImageSpacing=True)
    )


def by_surface_distance(pair: Pair) -> dict[str, float]:
    distances = surface_distance.compute_surface_distances(
        pair.reference, pair.prediction, pair.spacing
    )
    return {
        "dice": surface_distance.compute_dice_coefficient(pair.reference, pair.prediction),
        "hd95": surface_distance.compute_robust_hausdorff(distances, 95),
        "nsd": surface_distance.compute_surface_dice_at_tolerance(distances, pair.tolerance),
    }


LIBRARIES = {
    "monai": by_monai,
    "scikit-learn": by_scikit_learn,
    "simpleitk": by_simpleitk,
    "surface-distance": by_surface_distance,
}


def main() -> None:
    numbers = {
        "versions": {name: version(name) for name in (*LIBRARIES, "numpy", "scipy", "torch")},
        "pairs": {
            pair.name: {
                name: {metric: float(f"{value:.9g}") for metric, value in score(pair).items()}
                for name, score in LIBRARIES.items()
            }
            for pair in mask_pairs()
        },
    }
    path = Path(__file__).with_name("metric_numbers.json")
    path.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
