"""A contradicting sentence differs in one thing, and a denial denies."""

import pytest

from lingseg.language.contradiction import contradict_text, deny_text, is_same
from lingseg.language.grammar import understand


@pytest.mark.parametrize(
    ("text", "attribute", "expected"),
    [
        ("the right kidney in the CT", "side", "the left kidney in the CT"),
        (
            "unilateral pulmonary infection, one infected area, middle lower left lung",
            "zone",
            "unilateral pulmonary infection, one infected area, upper middle left lung",
        ),
        ("a nevus in the centre of the image", "zone", "a nevus at the top of the image"),
        (
            "one polyp, located in center of the image",
            "zone",
            "one polyp, located in top of the image",
        ),
        ("There is one mass", "count", "There are two masses"),
        ("two infected areas, left lung", "count", "one infected area, left lung"),
        ("the larger lesion", "size", "the smaller lesion"),
        ("Large lesions on the left", "size", "Small lesions on the left"),
        ("an oval lesion", "shape", "a round lesion"),
        ("A round polyp", "shape", "An irregular polyp"),
        ("an upper large mass in an MRI", "size", "an upper small mass in an MRI"),
        ("one dark mass", "brightness", "one bright mass"),
    ],
)
def test_one_thing_is_said_otherwise(text, attribute, expected):
    assert contradict_text(text, attribute, "image") == expected
    before, after = (understand(each, side="image").facts for each in (text, expected))
    assert is_same(after, before.contradicted(attribute))


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        ("the left ventricle", "side"),
        ("left lung and right lung", "side"),  # the other way round it is the same
        ("two masses at the top left, bottom right", "count"),  # one mass in two places?
        ("bilateral infection, two areas", "count"),
        ("a lesion", "size"),
        ("ein Tumor links", "side"),
    ],
)
def test_what_cannot_be_contradicted_well_is_left(text, attribute):
    assert contradict_text(text, attribute, "image") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the left kidney in the axial CT", "no left kidney in the axial CT"),
        ("two large round polyps", "no polyp"),
        ("no polyp", None),
    ],
)
def test_a_denial_names_the_kind_and_the_place_only(text, expected):
    assert deny_text(text, "image") == expected
