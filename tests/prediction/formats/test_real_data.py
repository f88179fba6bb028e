"""Real pictures through clinical formats, where the data lie beside the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SETS = ("busi", "hc18", "chaos_mr", "hippocampus")


@pytest.fixture
def data_root():
    """Where the data sets lie."""
    named = os.environ.get("LINGSEG_DATA")
    root = Path(named) if named else ROOT.parent / "shared" / "data"
    if not all((root / name / "test.csv").is_file() for name in SETS):
        pytest.skip(f"needs {', '.join(SETS)} in the folder that LINGSEG_DATA names")
    return root


@pytest.mark.slow
def test_masks_of_real_pictures_survive_clinical_formats(data_root):
    ran = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "clinical_round_trip.py", "2"],
        capture_output=True,
        check=False,
        env=os.environ | {"LINGSEG_DATA": str(data_root)},
        text=True,
        timeout=900,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr[-2000:]
    rows = [line.split() for line in ran.stdout.splitlines()[1:-1]]
    assert {(row[0], row[1]) for row in rows} == {
        ("busi", "dicom-seg"), ("busi", "nifti"), ("hc18", "dicom-seg"), ("hc18", "nifti"),
        ("chaos_mr", "dicom-seg"), ("chaos_mr", "nifti"), ("hippocampus", "nifti"),
    }  # fmt: skip
    assert all(row[5] == "0" for row in rows)  # voxels that changed
    assert sum(int(row[4].replace(",", "")) for row in rows) > 10_000
