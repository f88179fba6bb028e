"""Nouns go from one to several and back."""

import pytest

from lingseg.language.plural import to_plural, to_singular


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("nodule", "nodules"),
        ("mass", "masses"),
        ("Nucleus", "Nuclei"),
        ("lymph node", "lymph nodes"),
    ],
)
def test_one_becomes_several_and_several_one(one: str, several: str) -> None:
    assert (to_plural(one), to_singular(several)) == (several, one)
    assert (to_plural(several), to_singular(one)) == (several, one)
