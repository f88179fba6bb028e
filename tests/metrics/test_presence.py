import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.metrics.overlap import Overlap
from lingseg.metrics.presence import null_accuracy, presence_auroc


def case(prediction, reference):
    return Overlap(intersection=0, prediction=prediction, reference=reference)


def test_null_accuracy_counts_only_images_without_the_target():
    assert null_accuracy([case(0, 0), case(4, 0), case(0, 9), case(7, 9)]) == 0.5


def test_null_accuracy_is_unknown_where_every_image_has_its_target():
    assert null_accuracy([case(3, 9)]) is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12))
def test_auroc_agrees_with_all_pairs(cases):
    scores, is_present = [float(score) for score, _ in cases], [there for _, there in cases]
    wins = [
        (one > other) + 0.5 * (one == other)
        for one, is_there in zip(scores, is_present, strict=True)
        for other, is_other_there in zip(scores, is_present, strict=True)
        if is_there and not is_other_there
    ]
    expected = pytest.approx(sum(wins) / len(wins)) if wins else None
    assert presence_auroc(scores, is_present) == expected


def test_scores_and_images_must_go_together():
    with pytest.raises(ValueError, match="2 scores for 1 images"):
        presence_auroc([0.1, 0.2], [True])
