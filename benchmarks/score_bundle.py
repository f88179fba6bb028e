"""The table of a bundle's card. Run `python benchmarks/score_bundle.py BUNDLE --out DIR`.

Scores a bundle on the test splits of the sets that it was trained on, and on phantoms of another
seed: with its own sentences, with none and with another subject's, beside the floors; on BUSI also
the pictures with a tumour alone. What is given with `--beside` (an image-only twin, say) is scored
with the right sentence. What is scored already is not scored again: an interrupted run goes on.
Then the scores go onto the card:
`lingseg export BUNDLE -o BUNDLE --scores DIR/one/scores.json --scores ...`
"""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from lingseg.cli.main import run

SETS = ("busi", "isic2017", "kvasir_polyp", "hc18", "hippocampus")
TUMOURS = ("--labels", "benign", "--labels", "malignant")
DRAW_PHANTOMS = ("datasets", "phantom", "--cases", "2000", "--seed", "1")

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
    phantoms = out / "phantoms"
    codes = [0 if phantoms.is_dir() else run([*DRAW_PHANTOMS, "--out", str(phantoms)])]
    for name in (*SETS, "phantom"):
        dataset = str(phantoms) if name == "phantom" else name
        for text in ("right", "none", "shuffled"):
            floors = "--floors" if text == "right" and name != "phantom" else "--no-floors"
            options = ("--split", split, "--text", text, floors)
            codes.append(_evaluate(bundle, dataset, out / f"{name}_{text}", *options))
    tumours = ("--split", split, *TUMOURS, "--no-floors")
    codes.append(_evaluate(bundle, "busi", out / "busi_tumours", *tumours))
    for number, other in enumerate(beside):
        for name in SETS:
            folder = out / f"{name}_beside_{number}"
            codes.append(_evaluate(other, name, folder, "--split", split, "--no-floors"))
        codes.append(_evaluate(other, "busi", out / f"busi_tumours_beside_{number}", *tumours))
    return max(codes)


def _evaluate(model: str, dataset: str, out: Path, *options: str) -> int:
    """Run one evaluation, unless that was done."""
    if (out / "scores.json").is_file():
        return 0
    return run(["evaluate", model, dataset, "--out", str(out), *options])


if __name__ == "__main__":
    sys.exit(app())
