import threading

import pytest

from lingseg.language import grammar
from lingseg.prediction import doubtful_words
from lingseg.prediction.doubtful_words import AHEAD, read_ahead, warn_of_words


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The sentences that the grammar reads from here on."""
    doubtful_words._warnings.cache_clear()
    texts: list[str] = []
    genuine = grammar.understand

    def spy(text, **choices):
        texts.append(text)
        return genuine(text, **choices)

    monkeypatch.setattr(grammar, "understand", spy)
    return texts


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("the lesion on the left", ()),
        ("", ()),
        (
            "the lesoin on the left",
            ('the sentence has words that look misspelt: "lesoin" read as "lesion"',),
        ),
        (
            "mass or cyst, snark snark",
            ('the sentence has words that are not understood: "or", "snark"',),
        ),
        (
            "xyzzy lesoin",
            (
                'the sentence has words that look misspelt: "lesoin" read as "lesion"',
                'the sentence has words that are not understood: "xyzzy"',
            ),
        ),
    ],
)
def test_words_are_named_in_the_words_of_the_check(text, warnings):
    assert warn_of_words(text) == warnings


def test_a_long_list_of_words_is_cut():
    (line,) = warn_of_words(" ".join(f"xyzzy{'abcdefghijklmnopqrstuvwxyz'[n]}" for n in range(26)))
    assert line.endswith('"xyzzyt", …')
    (endless,) = warn_of_words("x" * 10_000)
    assert endless.endswith("xxx …")
    assert len(endless) < 120


def test_equal_sentences_are_read_once(read):
    assert len({warn_of_words("the left snark") for _ in range(1000)}) == 1
    assert read == ["the left snark"]


def test_what_is_read_ahead_is_not_read_again(read):
    read_ahead(["the upper snark", "the lower snark"])
    for thread in threading.enumerate():
        if thread.name == AHEAD:
            thread.join(10)
    assert [bool(warn_of_words(f"the {zone} snark")) for zone in ("upper", "lower")] == [True, True]
    assert read == ["the upper snark", "the lower snark"]
