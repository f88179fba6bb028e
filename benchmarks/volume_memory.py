"""How much memory and time a long CT takes, from the files to the written masks.

    python benchmarks/volume_memory.py                       # 512 x 512 x 600, DICOM and NIfTI
    python benchmarks/volume_memory.py --slices 60 --threads 1

A synthetic CT is made in a temporary folder, as a series of DICOM files and as a gzipped NIfTI.
Each row of the table is a process of its own, whose peak resident memory the system tells:
interpreter, libraries and model included. The promise is 2 GB for 600 slices.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT_MB = 2_000
SIZE = (512, 512)
SPACING, SLICE_SPACING = (0.7, 0.7), 1.25
TEXT = "the liver"
ROWS = (
    ("series", "nifti"),
    ("series", "dicom-seg"),
    ("series", "dicom-seg-fractional"),
    ("series", "dicom-sr"),
    ("series", "secondary-capture"),
    ("scan.nii.gz", "nifti"),
)


def main() -> None:
    """Make the scans, measure every row, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--model", default="default")
    parser.add_argument("--rows", nargs="*", help="such as series:nifti; all if left out")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(Path(given.measure[0]), given.measure[1], given)))
        return
    rows = [tuple(row.split(":")) for row in given.rows] if given.rows else ROWS
    with tempfile.TemporaryDirectory() as folder:
        make_scans(Path(folder), given.slices, {source for source, _ in rows})
        print(f"{'input':12} {'format':22} {'peak MB':>8} {'seconds':>8} {'ml':>8}")
        for source, name in rows:
            found = in_process_of_its_own(Path(folder) / source, name, given)
            print(
                f"{source:12} {name:22} {found['peak_mb']:8.0f} {found['seconds']:8.0f} "
                f"{found['ml']:8.1f}{'' if found['peak_mb'] <= LIMIT_MB else '  TOO MUCH'}",
                flush=True,
            )


def in_process_of_its_own(path: Path, name: str, given: argparse.Namespace) -> dict[str, float]:
    """Measure one row."""
    command = [sys.executable, __file__, "--model", given.model, "--measure", str(path), name]
    if given.threads:
        command += ["--threads", str(given.threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(path: Path, name: str, given: argparse.Namespace) -> dict[str, float]:
    """Predict and write, and return what it took."""
    from lingseg.imaging import read_volume
    from lingseg.prediction import load
    from lingseg.prediction.formats import FORMATS, Answer
    from lingseg.prediction.volume import segment_volume

    started = time.perf_counter()
    model, volume = load(given.model, threads=given.threads), read_volume(path)
    wanted = FORMATS[name]
    (result,) = segment_volume(
        model, volume, [TEXT], keeps_probabilities=wanted.keeps_probabilities
    )
    wanted.write(path.parent / f"mask-{os.getpid()}.png", Answer(result=result, image=volume))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / (1e6 if sys.platform == "darwin" else 1e3)
    return {
        "peak_mb": peak_mb,
        "seconds": time.perf_counter() - started,
        "ml": result.volume_ml or 0.0,
    }


def make_scans(folder: Path, num_slices: int, wanted: set[str]) -> None:
    """Write the scan in the ways that are wanted."""
    if "series" in wanted:
        (folder / "series").mkdir()
        for number in range(num_slices):
            write_slice(folder / "series" / f"{number:04d}.dcm", number, num_slices)
    if "scan.nii.gz" in wanted:
        import nibabel

        voxels = np.empty((*SIZE[::-1], num_slices), dtype=np.int16)
        for number in range(num_slices):
            voxels[..., number] = hounsfield(number, num_slices).T
        affine = np.diag([-SPACING[1], -SPACING[0], SLICE_SPACING, 1.0])
        nibabel.save(nibabel.Nifti1Image(voxels, affine), folder / "scan.nii.gz")


def hounsfield(number: int, num_slices: int) -> np.ndarray:
    """Return a slice of a body: fat, muscle, and one bright organ at the patient's right."""
    rows, columns = np.mgrid[-1 : 1 : SIZE[0] * 1j, -1 : 1 : SIZE[1] * 1j]
    height = 2 * number / max(1, num_slices - 1) - 1
    values = np.full(SIZE, -1000.0)
    values[(columns / 0.8) ** 2 + (rows / 0.6) ** 2 < 1] = -100
    values[(columns / 0.72) ** 2 + (rows / 0.52) ** 2 < 1] = 40
    values[((columns + 0.35) / 0.3) ** 2 + (rows / 0.3) ** 2 + (height / 0.5) ** 2 < 1] = 120
    return (values + np.random.default_rng(number).normal(0, 15, SIZE)).astype(np.int16)


def write_slice(path: Path, number: int, num_slices: int) -> None:
    """Write a slice as a DICOM file."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    slice_ = Dataset()
    slice_.file_meta = FileMetaDataset()
    slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    slice_.SOPClassUID, slice_.SOPInstanceUID = CTImageStorage, f"1.2.3.4.{number + 1}"
    slice_.StudyInstanceUID, slice_.SeriesInstanceUID = "1.2.3.1", "1.2.3.2"
    slice_.FrameOfReferenceUID, slice_.Modality = "1.2.3.3", "CT"
    slice_.PatientName, slice_.PatientID, slice_.BurnedInAnnotation = "Phantom^", "0", "NO"
    slice_.PixelSpacing, slice_.SliceThickness = list(SPACING), SLICE_SPACING
    slice_.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    slice_.ImagePositionPatient = [0, 0, SLICE_SPACING * number]
    slice_.RescaleSlope, slice_.RescaleIntercept, slice_.InstanceNumber = 1, 0, number + 1
    slice_.WindowCenter, slice_.WindowWidth = 40, 400
    slice_.PhotometricInterpretation, slice_.SamplesPerPixel = "MONOCHROME2", 1
    slice_.Rows, slice_.Columns = SIZE
    slice_.BitsAllocated, slice_.BitsStored, slice_.HighBit = 16, 16, 15
    slice_.PixelRepresentation = 1
    slice_.PixelData = hounsfield(number, num_slices).tobytes()
    slice_.save_as(path, enforce_file_format=True)


if __name__ == "__main__":
    main()
