"""Scoring a predictor on a data set: what a mask is worth, how sure that is, and the floors."""

from lingseg.evaluation.ablation import ShuffledText, WithoutText, draw_other_texts
from lingseg.evaluation.compare import Comparison, Difference, compare
from lingseg.evaluation.comparison_report import (
    comparison_as_json,
    comparison_table,
    describe_difference,
    write_comparison,
)
from lingseg.evaluation.evaluate import Evaluation, evaluate
from lingseg.evaluation.floors import Floors, MeanMask, TextLookup, build_floors, has_training_masks
from lingseg.evaluation.protocol import Predictor
from lingseg.evaluation.report import as_json, label_table, score_table, write_report
from lingseg.evaluation.saved_predictions import SavedPredictions, find_predictions
from lingseg.evaluation.score import CaseScore
from lingseg.evaluation.scored_cases import ScoredCase, ScoredCases, read_scored_cases
from lingseg.evaluation.summary import Estimate, Summary

__all__ = [
    "CaseScore",
    "Comparison",
    "Difference",
    "Estimate",
    "Evaluation",
    "Floors",
    "MeanMask",
    "Predictor",
    "SavedPredictions",
    "ScoredCase",
    "ScoredCases",
    "ShuffledText",
    "Summary",
    "TextLookup",
    "WithoutText",
    "as_json",
    "build_floors",
    "compare",
    "comparison_as_json",
    "comparison_table",
    "describe_difference",
    "draw_other_texts",
    "evaluate",
    "find_predictions",
    "has_training_masks",
    "label_table",
    "read_scored_cases",
    "score_table",
    "write_comparison",
    "write_report",
]
