"""A paraphrase says the same in other words."""

from lingseg.language.contradiction import is_same
from lingseg.language.grammar import understand
from lingseg.language.paraphrase import paraphrase_text

TEXT = "two small round tumors in the upper left part of the ultrasound image"


def test_four_other_sentences_say_just_the_same():
    said = paraphrase_text(TEXT, "image")
    assert len({TEXT, *said}) == 5
    facts = understand(TEXT, side="image").facts
    assert all(is_same(understand(each, side="image").facts, facts) for each in said)


def test_several_things_stay_several():
    said = paraphrase_text("opacities in the upper lung zones", "image")
    assert said
    assert all("opacities" in each for each in said)


def test_a_sentence_that_is_not_understood_whole_has_none():
    assert paraphrase_text("a lesion xyzzy", "image") == ()
