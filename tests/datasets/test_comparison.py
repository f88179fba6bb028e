import numpy as np
import pytest

from lingseg.datasets.comparison import compare_facts, compare_text
from lingseg.datasets.mask_facts import measure_mask
from lingseg.language.grammar import understand

SIZE = (100, 160)
UPPER_LEFT, LOWER_RIGHT = (10, 20, 20, 40), (75, 90, 120, 140)


def shown(*boxes):
    """Return the facts of a mask of boxes: first and last row, first and last column."""
    mask = np.zeros(SIZE, dtype=bool)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = True
    return measure_mask(mask)


def wrong(text, mask, side="image"):
    return {one.attribute for one in compare_text(text, side, mask) if not one.agrees}


def right(text, mask, side="image"):
    return {one.attribute for one in compare_text(text, side, mask) if one.agrees}


def test_a_disagreement_is_one_plain_line():
    compared = compare_text("two lesions in the left lung", "patient", shown(UPPER_LEFT))
    lines = [str(one) for one in compared if not one.agrees]
    assert lines == [
        "the sentence says two, the mask has one part",
        "the sentence says the patient's left, the mask lies on the patient's right",
    ]


def test_a_true_sentence_agrees_in_all_it_says():
    text = "one small polyp at the top left"
    assert right(text, shown(UPPER_LEFT)) == {"presence", "count", "side", "zone", "size"}
    assert wrong(text, shown(UPPER_LEFT)) == set()


@pytest.mark.parametrize(
    ("text", "boxes", "attributes"),
    [
        ("two lesions", [UPPER_LEFT], {"count"}),
        ("one lesion", [UPPER_LEFT, LOWER_RIGHT], {"count"}),
        ("the lesion at the left", [LOWER_RIGHT], {"side"}),
        ("the lesion at the left", [UPPER_LEFT, LOWER_RIGHT], {"side"}),
        ("opacities in both lungs", [LOWER_RIGHT], {"side"}),
        ("consolidation in the left lung and in the right lung", [LOWER_RIGHT], {"side"}),
        ("the lesion at the top", [LOWER_RIGHT], {"zone"}),
        ("the lesion in the center", [LOWER_RIGHT], {"zone"}),
        ("the lesion in the center", [(40, 60, 10, 30)], {"zone"}),
        ("the upper lesion", [LOWER_RIGHT], {"zone"}),
        ("opacity in the upper right lung", [LOWER_RIGHT], {"zone"}),
        ("a small lesion", [(0, 100, 0, 60)], {"size"}),
        ("a large lesion", [(10, 12, 10, 12)], {"size"}),
        ("no tumor", [UPPER_LEFT], {"presence"}),
        ("a tumor", [], {"presence"}),
        ("two tumors at the left", [], {"presence"}),
    ],
)
def test_a_false_sentence_is_found_out(text, boxes, attributes):
    assert wrong(text, shown(*boxes)) == attributes


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("the lesion at the left", [(10, 20, 82, 92)]),  # hardly right of the middle
        ("the lesion at the left", [UPPER_LEFT, (10, 20, 83, 91)]),
        ("the lesion at the top", [(47, 60, 20, 40)]),
        ("the lesion in the center", [(60, 80, 70, 90)]),
        ("opacity in the lower left lung", [(25, 35, 20, 40)]),  # a film that shows the belly, too
        ("two lesions", [UPPER_LEFT, (40, 42, 60, 64)]),  # the second one nearly a speck
        ("one lesion", [UPPER_LEFT, (40, 42, 60, 64)]),
        ("a medium-sized lesion", [(0, 100, 0, 150)]),
        ("a large lesion", [(10, 20, 10, 20)]),  # large for its kind
        ("opacities in both lungs", [(10, 20, 60, 75)]),
        ("polyps at the top left and in the center", [LOWER_RIGHT]),
    ],
)
def test_what_is_near_a_border_is_not_called(text, boxes):
    assert wrong(text, shown(*boxes)) == set()


@pytest.mark.parametrize(
    "text",
    [
        "two snarks in the left lung",  # a word that is not known
        "two lesons in the left lung",  # a word that was guessed
        "",
        "two lesions, the larger one at the left",
        "everything except the left one",
        "the largest of two nodules",
        "no mass in the left lung",
        "no large mass",
        "not in the left lung",
        "the lesion in the left breast",
        "the left kidney in the ultrasound",
        "the left lobe of the liver",
        "a cyst in the upper left kidney",
        "the left ventricle",
        "the nuclei density in the upper left is high",
        "several lesions",
    ],
)
def test_what_is_not_certain_is_not_held_against_a_sentence(text):
    mask = shown(LOWER_RIGHT)
    assert not wrong(text, mask) - ({"side"} if text.startswith("a cyst") else set())


def test_presence_is_not_asked_of_what_is_only_possible():
    assert right("a possible mass", shown()) | wrong("a possible mass", shown()) == set()


def test_a_patients_left_is_the_pictures_right():
    assert right("the lesion at the left", shown(LOWER_RIGHT), "patient") >= {"side"}
    assert wrong("the lesion at the left", shown(UPPER_LEFT), "patient") == {"side"}


def test_zones_go_with_the_side_they_are_said_of():
    text = "upper left lung and lower right lung"
    both = shown((10, 20, 20, 40), (70, 80, 120, 140))
    assert "zone" in right(text, both, "image")
    assert "zone" in wrong(text, both, "patient")


def test_names_are_no_places():
    assert right("the lesion at the top left", shown(LOWER_RIGHT), "none") == {"presence"}
    assert wrong("the lesion at the top left", shown(LOWER_RIGHT), "none") == set()


def test_only_one_sided_comparisons_tell_whose_left_is_meant():
    def sided(text, *boxes):
        facts = understand(text, side="image").facts
        return [one.is_one_sided for one in compare_facts(facts, shown(*boxes))]

    assert sided("the left lesion", LOWER_RIGHT) == [False, True]
    assert sided("lesions on both sides", LOWER_RIGHT) == [False, False]
    assert sided("the left lesion", UPPER_LEFT, LOWER_RIGHT) == [False, False]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("one opacity in the right lung. No pneumothorax.", "one opacity in the right lung is"),
        ("two opacities in the left lung, no effusion", "two opacities in the left lung are"),
        ("no cyst; a nodule and a mass", "nodule; mass are"),
    ],
)
def test_an_empty_mask_is_held_against_what_is_there_beside_what_is_denied(text, says):
    (compared,) = compare_text(text, "image", shown())
    assert not compared.agrees
    assert str(compared) == f"the sentence says {says} there, the mask is empty"


@pytest.mark.parametrize(
    "text", ["everything except the left tumor", "a possible mass, no cyst", "no mass, no cyst"]
)
def test_an_empty_mask_may_be_right_for_what_is_left_out_or_only_possible(text):
    assert wrong(text, shown()) == set()
