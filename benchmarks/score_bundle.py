"""The table of a bundle's card. Run `python benchmarks/score_bundle.py BUNDLE --out DIR`.

Scores a bundle on the test splits of the sets that it was trained on: with its own sentences, with
none and with another subject's, beside the floors; on BUSI also the pictures with a tumour alone.
What is given with `--beside` (an image-only twin, say) is scored with the right sentence. Then the
scores go onto the card: `lingseg export BUNDLE -o BUNDLE --scores DIR/one/scores.json --scores ...`
"""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from lingseg.cli.main import run

SETS = ("busi", "isic2017", "kvasir_polyp", "hc18", "hippocampus")
TUMOURS = ("--labels", "benign", "--labels", "malignant")

app = App()


@app.default
def score(
    bundle: str,
    /,
    *,
    out: Path,
    beside: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    split: str = "test",
) -> int:
    """Score a bundle and what stands beside it.

    Parameters
    ----------
    bundle
        A bundle's name or path.
    out
        The folder for one folder of scores a row.
    beside
        Runs or bundles to score with the right sentence.
    split
        Which split of the sets.
    """
    codes = []
    for name in SETS:
        for text in ("right", "none", "shuffled"):
            floors = "--floors" if text == "right" else "--no-floors"
            codes.append(
                _evaluate(bundle, name, split, out / f"{name}_{text}", "--text", text, floors)
            )
        for number, other in enumerate(beside):
            codes.append(
                _evaluate(other, name, split, out / f"{name}_beside_{number}", "--no-floors")
            )
    codes.append(_evaluate(bundle, "busi", split, out / "busi_tumours", *TUMOURS, "--no-floors"))
    return max(codes)


def _evaluate(model: str, name: str, split: str, out: Path, *options: str) -> int:
    """Run one evaluation."""
    return run(["evaluate", model, name, "--split", split, "--out", str(out), *options])


if __name__ == "__main__":
    sys.exit(app())
