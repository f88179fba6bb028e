"""Texts are split into known words; misspelt ones are read with a notice, others come back."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.language import lexicon as lexicon_module
from lingseg.language.lexicon import LANGUAGES, Language, lexicon


def kinds(text: str) -> list[tuple[str, str]]:
    lexemes, _ = lexicon("en").split(text)
    return [(one.kind, one.value) for one in lexemes]


def read_as(text: str) -> list[str]:
    _, notices = lexicon("en").split(text)
    return [str(one) for one in notices]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("lfet", "left"),  # two letters exchanged
        ("lefft", "left"),
        ("kidny", "kidney"),
        ("polip", "polyp"),
        ("consoladation", "consolidation"),
        ("seborheic keratosis", None),  # no phrase is put together from misspelt words
        ("konsoladation", "consolidation"),  # two errors in a long word
    ],
)
def test_a_misspelt_word_is_read_as_the_nearest(written: str, meant: str | None) -> None:
    assert read_as(written)[:1] == ([f'"{written}" read as "{meant}"'] if meant else [])


@pytest.mark.parametrize(
    "written",
    [
        "lug",  # too short to tell
        "polpi",  # two errors in a short word
        "sall",  # "small" or "wall"
        "never",  # known, though nothing is said with it
    ],
)
def test_a_word_that_may_be_anything_is_left_alone(written: str) -> None:
    assert read_as(written) == []
    assert [kind for kind, _ in kinds(written)] == ["unknown"]


def test_a_notice_says_where_the_word_stands() -> None:
    _, (notice,) = lexicon("en").split("the lfet lung")
    assert (notice.written, notice.read_as, notice.start) == ("lfet", "left", 4)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", "3"),
        ("1,5", "1.5"),
        ("3 x 2", "3x2"),
        ("3\u00d72.5", "3x2.5"),
        ("12 x 9 x 4", "12x9x4"),
    ],
)
def test_numbers_are_told_in_one_way(text: str, number: str) -> None:
    assert kinds(text) == [("number", number)]


def test_the_longest_phrase_wins() -> None:
    assert kinds("pleural effusion") == [("finding", "pleural effusion")]
    assert kinds("no evidence of mass")[0] == ("negation", "absent")
    assert kinds("RUL") == [("side", "right"), ("zone", "upper"), ("part", "lobe")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mark_of_unsaid_forms_is_no_part_of_a_word(language: Language) -> None:
    words = lexicon(language)
    assert not any(form.startswith("*") for said in words.says.values() for form in said)
    assert "*" not in "".join(words.single_words)


def test_a_form_that_is_read_only_is_never_said() -> None:
    words = lexicon("en")
    assert "ptx" in words.single_words
    assert "ptx" not in words.says["finding", "pneumothorax"]


def test_a_word_with_two_meanings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "words").mkdir()
    table = 'endings = []\nknown = []\n[size]\nsmall = ["wee"]\n[colour]\nred = ["wee"]\n'
    (tmp_path / "words" / "en.toml").write_text(table, encoding="utf-8")
    monkeypatch.setattr("lingseg.language.lexicon.__file__", str(tmp_path / "lexicon.py"))
    with pytest.raises(ValueError, match="'wee' two meanings"):
        lexicon.__wrapped__("en")


@pytest.mark.parametrize("text", ["² tumors", "² mm", "mm²", "two² nodules", "9" * 5000])
def test_a_raised_digit_or_thousands_of_them_are_no_number(text: str) -> None:
    assert "number" not in [kind for kind, _ in kinds(text)]


@settings(max_examples=20)  # counting by hand takes its time
@given(st.text("abcdeilmnorstu", min_size=4, max_size=11))
def test_the_nearest_word_is_what_counting_every_edit_finds(written: str) -> None:
    words = lexicon("en")
    allowed = 2 if len(written) >= 8 else 1
    near = [known for known in words.single_words if len(known) >= 4]
    distances = {known: lexicon_module._edits(written, known) for known in near}
    least = min(distances.values())
    nearest = [known for known in near if distances[known] == least]
    meanings = {words.phrases[known,] for known in nearest}
    is_told = least <= allowed and len(meanings) == 1 and written not in words.not_misspelt
    is_told = is_told and not any(
        lexicon_module._is_opposite(written, known, least) for known in nearest
    )
    assert lexicon_module._meant(words, written) == (min(nearest) if is_told else None)


def test_a_text_of_strange_words_is_not_compared_without_end(monkeypatch):
    compared = []
    meant = lexicon_module._meant
    monkeypatch.setattr(
        lexicon_module, "_meant", lambda words, word: compared.append(word) or meant(words, word)
    )
    strange = [f"zz{chr(97 + n // 26)}{chr(97 + n % 26)}q" for n in range(300)]
    lexemes, notices = lexicon("en").split(" ".join([*strange, "lefft", "left"]))
    assert len(compared) == 100
    assert not notices
    assert [one.kind for one in lexemes[-2:]] == ["unknown", "side"]


def test_what_was_split_can_be_changed_without_harm():
    lexicon("en").split("the left lung")[0].clear()
    assert kinds("the left lung")
