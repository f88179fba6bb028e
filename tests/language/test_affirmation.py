"""What a sentence says is there can be asked apart from what it denies."""

import pytest

from lingseg.language.affirmation import affirmed_text
from lingseg.language.grammar import understand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One opacity in the right lung. No pneumothorax.", "One opacity in the right lung."),
        ("two opacities in the left lung, no effusion", "two opacities in the left lung"),
        ("a nodule of 3.5 mm, no cyst", "a nodule of 3.5 mm"),
        ("two nodules; no cyst; one mass", "two nodules; one mass"),
        ("ein Tumor, keine Zyste", "ein Tumor"),
    ],
)
def test_clauses_that_deny_are_left_out_and_the_others_keep_their_words(text, expected):
    assert affirmed_text(text, "image") == expected


@pytest.mark.parametrize(
    "text",
    [
        "no effusion and one small nodule",
        "no effusion, nodule or cyst. One mass",
        "No nodule on the left, but one on the right",
    ],
)
def test_where_no_clause_can_be_left_out_the_grammar_says_it(text):
    said = affirmed_text(text, "image")
    facts = understand(said, side="image").facts
    there = [one for one in understand(text, side="image").facts.findings if one.count == 1]
    assert list(facts.findings) == there
    assert "no " not in said.lower()


@pytest.mark.parametrize(
    "text",
    [
        "a tumor",
        "no tumor",
        "",
        "an asdf tumor, no cyst",
        "a tumro, no cyst",
        "all except the left tumor",
    ],
)
def test_a_sentence_that_does_not_do_both_is_left_alone(text):
    assert affirmed_text(text, "image") is None
