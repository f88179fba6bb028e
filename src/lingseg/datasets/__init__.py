"""Data sets: cases of image, text and reference mask, in splits, and what may be amiss."""

from lingseg.datasets.case import Case, Dataset, DatasetInfo, DatasetNotFound, Symmetry
from lingseg.datasets.catalogue import CATALOGUE, PUBLISHED, find_dataset
from lingseg.datasets.checks import check_dataset
from lingseg.datasets.finding import Finding
from lingseg.datasets.folder import read_folder
from lingseg.datasets.lvit import read_lvit
from lingseg.datasets.statistics import SplitStatistics, describe_dataset
from lingseg.datasets.unseen_combination import UnseenCombination, hold_out, write_dataset

__all__ = [
    "CATALOGUE",
    "PUBLISHED",
    "Case",
    "Dataset",
    "DatasetInfo",
    "DatasetNotFound",
    "Finding",
    "SplitStatistics",
    "Symmetry",
    "UnseenCombination",
    "check_dataset",
    "describe_dataset",
    "find_dataset",
    "hold_out",
    "read_folder",
    "read_lvit",
    "write_dataset",
]
