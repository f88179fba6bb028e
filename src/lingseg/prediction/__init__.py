"""Models at work: bundles, what they answer, and batches of questions. No torch."""

from lingseg.prediction.batch import BatchOptions, Outcome, collect, run_jobs
from lingseg.prediction.bundle import Bundle, read_bundle, write_bundle
from lingseg.prediction.job import Job, find_images, make_jobs, read_jobs
from lingseg.prediction.manifest import Manifest
from lingseg.prediction.predictor import EncodedImage, Model, load
from lingseg.prediction.result import Request, Result

__all__ = [
    "BatchOptions",
    "Bundle",
    "EncodedImage",
    "Job",
    "Manifest",
    "Model",
    "Outcome",
    "Request",
    "Result",
    "collect",
    "find_images",
    "load",
    "make_jobs",
    "read_bundle",
    "read_jobs",
    "run_jobs",
    "write_bundle",
]
