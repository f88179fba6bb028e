"""The shipped bundle's speed beside its goals. Run `python benchmarks/predict_speed.py`.

The goals are those of two cores and a picture of 224 x 224. Exit code 1 if one is missed.
"""

import sys
from dataclasses import asdict

from lingseg.prediction.predictor import find_bundle
from lingseg.prediction.speed import measure_speed

GOALS = {
    "first_mask_ms": 1200.0,
    "picture_and_sentence_ms": 30.0,
    "another_sentence_ms": 12.0,
    "peak_memory_mib": 500.0,
}


def main() -> int:
    """Measure, print, compare."""
    speed = asdict(measure_speed(find_bundle("default"), size=(224, 224), runs=100))
    for name, value in speed.items():
        goal = f"   goal {GOALS[name]:g}" if name in GOALS else ""
        print(f"{name:26} {value if isinstance(value, str | int) else round(value, 1)}{goal}")
    return int(any(speed[name] > goal for name, goal in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
