"""The header of answers that tests make up."""

from lingseg.evaluation.audit.answers_file import Asked

ASKED = Asked(
    predictor="p", predictor_hash="", threshold=0.5, seed=0, dataset="d", beside="", lingseg="0"
)
