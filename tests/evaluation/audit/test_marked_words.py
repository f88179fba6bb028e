"""Which words of a sentence are new, and which are gone."""

from lingseg.evaluation.audit.marked_words import MarkedWords, mark_changes


def test_an_exchanged_word_is_shown_with_the_one_it_replaces():
    assert mark_changes("a mass at the left side", "a mass at the right side") == (
        MarkedWords("a mass at the", "kept"),
        MarkedWords("left", "gone"),
        MarkedWords("right", "new"),
        MarkedWords("side", "kept"),
    )


def test_the_same_sentence_has_no_marks():
    assert mark_changes("a mass", "a  mass") == (MarkedWords("a mass", "kept"),)


def test_another_sentence_is_new_as_a_whole():
    assert mark_changes("one polyp at the top", "no tumour in the breast") == (
        MarkedWords("no tumour in the breast", "new"),
    )


def test_words_that_were_left_out_are_shown_as_gone():
    assert mark_changes("two small round cysts", "two cysts") == (
        MarkedWords("two", "kept"),
        MarkedWords("small round", "gone"),
        MarkedWords("cysts", "kept"),
    )


def test_silence_has_no_words():
    assert mark_changes("a mass", "") == ()
