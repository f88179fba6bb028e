"""What people type: each sentence is read right, or what is not read comes back."""

import csv
from pathlib import Path

import pytest

from lingseg.language.facts import Finding
from lingseg.language.grammar import Understanding, understand
from lingseg.language.side import to_side
from lingseg.language.turn import can_turn, mirror_text

SILENT = vars(Finding())
TYPED = Path(__file__).with_name("typed_sentences.csv")


def told(understood: Understanding) -> list[str]:
    """Return each finding as its name or organ and what else is said of it."""
    return [
        " ".join(
            f"{name}={'; '.join(map(str, value)) if isinstance(value, tuple) else value}"
            for name, value in vars(finding).items()
            if value != SILENT[name]
        )
        for finding in understood.facts.findings
    ]


def returned(understood: Understanding) -> list[str]:
    return [one.word for one in understood.unknown]


TABLE = [tuple(row) for row in csv.reader(TYPED.read_text(encoding="utf-8").splitlines()[1:])]
"""Language, sentence, its findings and the words that come back, each with " + " between."""

NODULE, MASS, LESION = "finding=nodule", "finding=mass", "finding=lesion"
RIGHT_LUNG = "anatomy=lung places=right"


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (".5 cm nodule", [f"{NODULE} millimetres=5.0"]),
        ("0 nodules", [f"{NODULE} presence=absent"]),
        ("zero nodules", [f"{NODULE} presence=absent"]),
        (
            "consolidation in the right middle and lower lobes",
            ["finding=consolidation part=lobe places=middle right; lower right"],
        ),
        ("upper and lower left lobes", ["part=lobe places=upper left; lower left"]),
        (
            "right upper, middle and lower lobes",
            ["part=lobe places=upper right; middle right; lower right"],
        ),
        (
            "left and right lower lobe mass",
            [f"{MASS} part=lobe places=lower left; lower right"],
        ),
        (
            "left upper lung and right lower lung infection",
            ["finding=infection anatomy=lung places=upper left; lower right"],
        ),
        (
            "no nodule in the left lung, but there is one in the right lung",
            [
                f"{NODULE} anatomy=lung places=left presence=absent",
                f"{NODULE} {RIGHT_LUNG} count=1",
            ],
        ),
        ("nodule?", [f"{NODULE} certainty=possible"]),
        ("? nodule", [f"{NODULE} certainty=possible"]),
        ("nodule? mass", [f"{NODULE} certainty=possible", MASS]),
        ("where is the nodule?", [NODULE]),
        (
            "bilateral pleural effusions, larger on the right",
            [
                "finding=pleural effusion laterality=bilateral",
                "finding=pleural effusion places=right order=largest refers_back=True",
            ],
        ),
        (
            "the lesion on the right, not the one on the left",
            [f"{LESION} places=right", f"{LESION} places=left presence=absent"],
        ),
        ("3,2 cm großer Tumor", ["finding=tumor millimetres=32.0"]),
        ("8mm großer Rundherd", [f"{NODULE} millimetres=8.0"]),
        ("1.5 by 2 cm nodule", [f"{NODULE} millimetres=15.0; 20.0"]),
        ("10mm x 12mm nodule", [f"{NODULE} millimetres=10.0; 12.0"]),
        ("two 3 mm nodules", [f"{NODULE} count=2 millimetres=3.0"]),
        ("non-malignant mass", [f"{MASS} nature=benign"]),
        ("no evidence of malignancy", ["nature=malignant presence=absent"]),
        ("pneumothorax has resolved", ["finding=pneumothorax presence=absent"]),
        ("nodule below", [f"{NODULE} places=lower"]),
        ("nodule to the left of the image", [f"{NODULE} places=left"]),
        ("segment 2 nodules", [f"{NODULE} count=2"]),
        ("pneumonia unlikely", ["finding=pneumonia certainty=unlikely"]),
        (
            "left lower lobe pneumonia with small right pleural effusion",
            [
                "finding=pneumonia part=lobe places=lower left",
                "finding=pleural effusion places=right sizes=small",
            ],
        ),
        ("one of two lesions", [f"{LESION} count=2", f"{LESION} count=1 refers_back=True"]),
        ("2 of the 3 lesions", [f"{LESION} count=3", f"{LESION} count=2 refers_back=True"]),
        (
            "the larger of two lesions",
            [f"{LESION} count=2", f"{LESION} order=largest refers_back=True"],
        ),
        (
            "two nodules, one of 5 mm",
            [f"{NODULE} count=2", f"{NODULE} count=1 refers_back=True millimetres=5.0"],
        ),
        ("the largest of the 3 mm nodules", [f"{NODULE} order=largest millimetres=3.0"]),
        ("mass with 2 nodules", [MASS, f"{NODULE} count=2"]),
        ("no mass or cyst", [f"{MASS} presence=absent", "finding=cyst presence=absent"]),
    ],
)
def test_a_sentence_is_read_whole(text: str, findings: list[str]) -> None:
    understood = understand(text, side="image")
    assert told(understood) == findings
    assert not understood.unknown
    assert not understood.notices


@pytest.mark.parametrize(
    ("text", "findings", "unknown"),
    [
        ("lesion in segment 8 of the liver", [f"{LESION} anatomy=liver"], ["8"]),
        ("liver segment 4 lesion", [f"{LESION} anatomy=liver"], ["4"]),
        ("segment 8 of the liver", ["anatomy=liver"], ["8"]),
        ("2 in mass", [MASS], ["2"]),
        ("mass or cyst", [MASS, "finding=cyst"], ["or"]),
        ("mass/cyst", [MASS, "finding=cyst"], ["/"]),
        ("lesion below the diaphragm", [LESION], ["below", "diaphragm"]),
        ("lesion outside the liver", [LESION], ["outside", "liver"]),
        ("lesion between the two kidneys", [LESION], ["between", "two", "kidneys"]),
        ("mass to the left of the heart", [MASS], ["to the left of", "heart"]),
        ("unlikely to be malignant", [], ["unlikely to be", "malignant"]),
        ("mass, unlikely malignant", [MASS], ["unlikely", "malignant"]),
        ("uncalcified nodule", [NODULE], ["uncalcified"]),
        ("non-calcified nodule", [NODULE], ["non", "calcified"]),
        ("atypical mole", ["finding=nevus"], ["atypical"]),
        ("cells", [], ["cells"]),
        ("glands", [], ["glands"]),
        ("grade 3 tumor", ["finding=tumor"], ["grade", "3"]),
        ("no more than two lesions", [LESION], ["no more than", "two"]),
        ("BI-RADS 4 mass", [MASS], ["BI-RADS", "4"]),
        ("left 5th rib fracture", ["finding=fracture anatomy=rib places=left"], ["5th"]),
        ("the 3rd nodule from the left", [NODULE], ["3rd", "from the left"]),
        ("the third nodule from the left", [NODULE], ["third", "from the left"]),
        (
            "no nodules bigger than 5 mm",
            [f"{NODULE} presence=absent"],
            ["bigger than", "5", "mm"],
        ),
        ("area of 4 cm2", ["finding=area"], ["4", "cm2"]),
        ("1/2 cm nodule", [NODULE], ["1/2", "cm"]),
        ("8-10 mm nodule", [NODULE], ["8-10", "mm"]),
        ("nodule, 8 to 10 mm", [NODULE], ["8", "10", "mm"]),
        ("1 cm and 2 cm nodules", [NODULE], ["1", "cm", "2", "cm"]),
        ("nodule > 5 mm", [NODULE], [">", "5", "mm"]),
        ("at least two nodules", [NODULE], ["at least", "two"]),
        ("2 or 3 nodules", [NODULE], ["2", "or", "3"]),
        ("one out of two lesions", [f"{LESION} count=1"], ["out", "two"]),
        ("nodule out of the lung", [NODULE], ["out of the", "lung"]),
        ("one third of the lung", ["anatomy=lung"], ["one", "third"]),
        ("two thirds of left lung", ["anatomy=lung places=left"], ["two", "thirds"]),
    ],
)
def test_what_no_fact_can_tell_comes_back_and_is_in_no_fact(
    text: str, findings: list[str], unknown: list[str]
) -> None:
    understood = understand(text, side="image")
    assert (told(understood), returned(understood)) == (findings, unknown)
    assert understood.language == "en"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("mass present", "mass"),
        ("mass is present", "mass"),
        ("mass: yes", "mass"),
        ("mass: no", "no mass"),
        ("w/o mass", "no mass"),
        ("no longer visible mass", "no mass"),
        ("mass ruled out", "no mass"),
        ("rule out mass", "possible mass"),
        ("r/o mass", "possible mass"),
        ("cannot exclude a mass", "possible mass"),
        ("could represent pneumonia", "possible pneumonia"),
        ("opacity consistent with pneumonia", "opacity; probable pneumonia"),
        ("opacity concerning for pneumonia", "opacity; probable pneumonia"),
        ("PNA", "pneumonia"),
        ("Lt lung nodule", "left lung nodule"),
        ("rt. kidney", "right kidney"),
        ("a couple of nodules", "several nodules"),
        ("a dozen nodules", "12 nodules"),
        ("enlarged lymph node", "large lymph node"),
        ("HCC", "hepatocellular carcinoma"),
        ("teh nodule", "the nodule"),
        ("V.a. Rundherd rechts", "suspected nodule on the right"),
        ("双肺混浊", "opacity in both lungs"),
    ],
)
def test_everyday_words_say_what_plain_ones_say(text: str, plain: str) -> None:
    understood = understand(text, side="image")
    assert understood.is_whole
    assert not understood.notices
    assert understood.facts == understand(plain, side="image", language="en").facts


@pytest.mark.parametrize(("language", "text", "findings", "unknown"), TABLE)
def test_what_is_told_of_one_thing_is_not_told_of_another(
    language: str, text: str, findings: str, unknown: str
) -> None:
    understood = understand(text, side="image")
    assert " + ".join(told(understood)) == findings
    assert " + ".join(returned(understood)) == unknown
    assert understood.language == language
    assert not understood.notices


def test_what_is_said_of_health_is_contradicted_by_a_finding() -> None:
    clear = understand("the lungs are clear", side="image").facts
    ill = understand("abnormality in the lungs", side="image").facts
    assert clear.contradicted("presence") == ill


def test_a_misspelt_word_still_belongs_to_its_phrase() -> None:
    understood = understand("plueral effusion", side="image")
    assert told(understood) == ["finding=pleural effusion"]
    assert [str(notice) for notice in understood.notices] == ['"plueral" read as "pleural"']


def test_short_sides_are_turned_about_like_whole_words() -> None:
    assert mirror_text("Lt lung", "horizontal", "image") == "Rt lung"
    assert to_side("rt kidney", "patient", "image") == "lt kidney"
    assert not can_turn("rt nodule", 1, "image")
