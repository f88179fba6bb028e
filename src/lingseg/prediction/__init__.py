"""Models at work: bundles, what they answer, and batches of questions. No torch."""

from lingseg.prediction.batch import collect, outcomes_on_disk, run_jobs
from lingseg.prediction.bundle import Bundle, read_bundle, write_bundle
from lingseg.prediction.crew import Crew
from lingseg.prediction.job import Job, find_images
from lingseg.prediction.job_store import Jobs
from lingseg.prediction.jobs_file import make_jobs, read_jobs
from lingseg.prediction.manifest import Manifest
from lingseg.prediction.options import BatchOptions
from lingseg.prediction.outcome import Outcome
from lingseg.prediction.predictor import EncodedImage, Model, load
from lingseg.prediction.result import Request, Result
from lingseg.prediction.shard import Shard

__all__ = [
    "BatchOptions",
    "Bundle",
    "Crew",
    "EncodedImage",
    "Job",
    "Jobs",
    "Manifest",
    "Model",
    "Outcome",
    "Request",
    "Result",
    "Shard",
    "collect",
    "find_images",
    "load",
    "make_jobs",
    "outcomes_on_disk",
    "read_bundle",
    "read_jobs",
    "run_jobs",
    "write_bundle",
]
