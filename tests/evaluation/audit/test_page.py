"""The page: all of the audit is on it, nothing of the data becomes markup, nothing is fetched."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answer, AnswersInMemory, QuestionRefused
from lingseg.evaluation.audit.audit import About, Audit
from lingseg.evaluation.audit.page import write_page
from lingseg.evaluation.audit.question import Question, View, own_question
from lingseg.evaluation.audit.row import Example, Figure, Line, Plot, Row, not_measured
from lingseg.evaluation.summary import Estimate
from lingseg.imaging.image import Image
from lingseg.metrics.uncertainty import Interval

SCRIPT = "<script>alert('&')</script>"
VOID = {"meta", "br", "img", "link", "input", "hr"}
MIRRORED = View("mirrored", lambda image: Image(image.pixels[:, ::-1].copy()), keeps_places=False)


@dataclass
class Page(HTMLParser):
    """A page as a browser would take it apart; refuses tags that do not close each other."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag

    def handle_data(self, data):
        if self.opened and self.opened[-1] not in {"style", "title"}:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def attributes(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    values = np.tile(np.arange(40, dtype=np.uint8) * 6, (24, 1))
    PillowImage.fromarray(values).save(tmp_path / "picture.png")
    PillowImage.fromarray(np.uint8(values > 120) * 255).save(tmp_path / "mask.png")
    return Case(
        case_id="case-1",
        image=tmp_path / "picture.png",
        mask=tmp_path / "mask.png",
        text="one nodule at the left of the picture",
        subject="subject-1",
        side="image",
    )


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[..., Page]:
    def write_and_read(
        *rows: Row,
        answers: dict[tuple[str, ...], Answer | QuestionRefused] | None = None,
        **about: object,
    ) -> Page:
        path = tmp_path / "audit.html"
        found = an_audit(rows, answers or {}, **about)
        write_page(found, found.examples, path, written_on=date(2026, 11, 22))
        page = Page()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        assert page.opened == []
        return page

    return write_and_read


def an_audit(rows: Sequence[Row], answers, **about: object) -> Audit:
    told = About(
        predictor="default",
        predictor_hash="",
        dataset="nodules",
        split="test",
        side="patient",
        num_cases=12,
        num_subjects=7,
        threshold=0.5,
        seed=3,
        num_questions=1234,
        num_refused=0,
        lingseg="0.4.0",
    )
    return Audit(about=replace(told, **about), rows=tuple(rows), examples=AnswersInMemory(answers))


def a_row(**changes: object) -> Row:
    row = Row(number=3, title="Contradictions", verdict="no", sentence="It does not read.")
    return replace(row, **changes)


def an_answer(*, empty: bool = False) -> Answer:
    mask = np.zeros((24, 40), dtype=bool)
    mask[6:18, 4:14] = not empty
    return Answer(mask=mask, peak=0.4, confidence=0.6, overlap=None, reliability=None)


def a_figure(value: float | None, interval: Interval | None = None, **changes: object) -> Figure:
    figure = Figure(key="share", name="A share", estimate=Estimate(value, interval), num_cases=12)
    return replace(figure, **changes)


def a_plot(*lines: Line, **changes: object) -> Plot:
    plot = Plot(key="p", title="A plot", x_label="dose", y_label="Dice per image", lines=lines)
    return replace(plot, **changes)


def example_of(*questions: Question) -> Row:
    return a_row(examples=(Example(headline="The mask stays", questions=questions),))


def answered(*questions: Question) -> dict[tuple[str, ...], Answer | QuestionRefused]:
    return {question.key: an_answer() for question in questions}


def test_verdict_stands_at_the_top_of_the_page(page_of):
    page = page_of(a_row(traits=(("side", "yes"), ("count", "no"), ("absence", "no"))))
    top = page.text.partition("In short")[0].replace(" ,", ",")
    assert "reads: side yes, count no, absence no" in top


def test_page_says_what_was_audited(page_of):
    text = page_of(a_row(), predictor_hash="ab12" * 16, num_refused=2).text
    for told in ("default on nodules", "split test", "12 cases of 7 subjects", "2026-11-22"):
        assert told in text
    for told in ("1,234 asked, 2 not answered", "lingseg 0.4.0", "SHA-256 ab12ab12ab12ab12"):
        assert told in text


@pytest.mark.parametrize(
    ("side", "told"),
    [("image", "of the image"), ("patient", "of the patient"), ("none", "in names alone")],
)
def test_page_says_whose_left_the_sentences_mean(page_of, side, told):
    assert f"Left and right {told}" in page_of(a_row(), side=side).text


def test_page_says_below_how_many_subjects_nothing_is_concluded(page_of):
    assert "fewer than 5 subjects" in page_of(a_row()).text


def test_every_row_is_in_the_summary_and_has_a_section_it_links_to(page_of):
    rows = [a_row(number=n, title=f"Check {n}", sentence=f"Found {n}.") for n in range(1, 10)]
    page = page_of(*rows)
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = [link["href"] for link in page.attributes("a")]
    assert links == [f"#row-{number}" for number in range(1, 10)]
    assert {link.removeprefix("#") for link in links} <= ids
    for row in rows:
        assert page.text.count(row.sentence) == 2


@pytest.mark.parametrize("verdict", ["yes", "no", "partly", "unclear", "not measured"])
def test_a_verdict_is_word_colour_and_sign(page_of, verdict):
    page = page_of(a_row(verdict=verdict))
    name = verdict.replace(" ", "-")
    shown = [one for one in page.attributes("span") if f"v-{name}" in one.get("class", "").split()]
    signs = [one["href"] for one in page.attributes("use")]
    assert shown
    assert signs.count(f"#sign-{name}") == len(shown)
    assert f"sign-{name}" in {one["id"] for one in page.attributes("symbol")}
    assert verdict in page.text


def test_ids_are_there_once(page_of, case):
    line = Line(name="noise", xs=(0.0, 1.0), ys=(0.9, 0.2))
    own = own_question(case)
    rows = [replace(example_of(own), number=n, plots=(a_plot(line),)) for n in (1, 2)]
    page = page_of(*rows, answers=answered(own))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_what_comes_from_data_is_text_and_never_markup(page_of, case):
    case = replace(case, case_id=f"{SCRIPT}\" onload='x'", text=SCRIPT, subject=SCRIPT)
    own = own_question(case)
    changed = Question(case=case, text=f"{SCRIPT} one two", view=View(SCRIPT))
    row = replace(
        example_of(own, changed),
        title=SCRIPT,
        sentence=SCRIPT,
        why_not=f"{SCRIPT}!",
        traits=((SCRIPT, "no"),),
        figures=(a_figure(0.5, name=SCRIPT),),
        plots=(
            a_plot(Line(name=SCRIPT, xs=(0.0, 1.0), ys=(0.0, 1.0)), title=SCRIPT, x_label=SCRIPT),
        ),
    )
    page = page_of(
        row, answers=answered(own, changed), predictor=SCRIPT, dataset=SCRIPT, split=SCRIPT
    )
    assert not page.attributes("script")
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    assert page.text.count("<script>") > 12


def test_nothing_is_fetched_from_anywhere(page_of, case):
    own = own_question(replace(case, text="see https://example.org/a.png"))
    page = page_of(example_of(own), answers=answered(own))
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:image/"))
    assert not {"link", "script", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    policy = page.attributes("meta")[2]["content"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_style_sheet_fetches_nothing(page_of, tmp_path):
    page_of(a_row())
    style = (tmp_path / "audit.html").read_text().partition("<style>")[2].partition("</style>")[0]
    assert "prefers-color-scheme: dark" in style
    assert not re.search(r"url\(|@import|@font-face|https?:", style)


@pytest.mark.parametrize(
    ("value", "interval", "unit", "shown"),
    [
        (0.853, Interval(0.82, 0.8804), "percent", "85.3 % 82.0 to 88.0"),
        (-0.03, Interval(-0.05, 0.011), "points", "\u22123.0 points \u22125.0 to 1.1"),
        (-0.0001, None, "points", "0.0 points \u2013"),
        (0.0412, Interval(0.03, 0.05), "plain", "0.041 0.030 to 0.050"),
        (1250.0, None, "plain", "1,250 \u2013"),
        (None, None, "percent", "\u2013 \u2013"),
    ],
)
def test_figures_are_shown_by_their_unit(page_of, value, interval, unit, shown):
    text = page_of(a_row(figures=(a_figure(value, interval, unit=unit),))).text
    assert f"A share {shown} 12" in text.replace("\N{NO-BREAK SPACE}", " ")


def test_of_many_figures_the_later_ones_open_on_a_click(page_of):
    figures = tuple(a_figure(n / 100, name=f"Figure {n}.") for n in range(1, 12))
    few, many = page_of(a_row(figures=figures[:8])), page_of(a_row(figures=figures))
    assert not few.attributes("details")
    assert len(many.attributes("details")) == 1
    assert many.text.index("Figure 6.") < many.text.index("5 more figures")
    assert all(many.text.count(figure.name) == 1 for figure in figures)
    assert many.text.index("5 more figures") < many.text.index("Figure 7.")


def test_numbers_in_sentences_have_a_true_minus_and_keep_their_sign(page_of):
    page = page_of(a_row(sentence="It costs -4.2 points in 3 % of 2-3 well-known cases."))
    assert "It costs \u22124.2 points in 3\u00a0% of 2-3 well-known cases." in page.texts


def test_strip_of_a_share_outside_of_the_range_stays_on_its_rail(page_of):
    page = page_of(a_row(figures=(a_figure(1.2, Interval(-0.3, 1.4)),)))
    dots = [one for one in page.attributes("circle") if one["cy"] == "7"]
    assert [dot["cx"] for dot in dots] == ["126.0"]
    assert {"class": "span", "d": "M6.0 7H126.0"} in page.attributes("path")


def test_why_something_was_not_measured_is_said(page_of):
    missing = not_measured(8, "Leaks", "There is no training split.")
    partial = a_row(why_not="No sentence names a size.")
    last = page_of(missing, partial, num_refused=4).text.rpartition("What was not measured")[2]
    assert "8 Leaks There is no training split." in last
    assert "3 Contradictions, in part No sentence names a size." in last
    assert "4 of 1,234 questions" in last


def test_a_whole_audit_says_that_nothing_is_missing(page_of):
    assert "every check above was measured in full" in page_of(a_row()).text


def test_changed_words_are_marked(page_of, case):
    own = own_question(case)
    changed = Question(case=case, text=case.text.replace("left", "right"))
    page = page_of(example_of(own, changed), answers=answered(own, changed))
    assert "one nodule at the left right of the picture" in page.text
    assert len(page.attributes("ins")) == len(page.attributes("del")) == 1
    assert page.texts[page.texts.index("right") - 2] == "left"


def test_a_changed_picture_is_named_and_shown_changed(page_of, case):
    own, changed = own_question(case), Question(case=case, text=case.text, view=MIRRORED)
    page = page_of(example_of(own, changed), answers=answered(own, changed))
    first, second = (one["src"] for one in page.attributes("img"))
    assert first != second
    assert "picture changed: mirrored" in page.text
    assert "sentence changed" not in page.text


def test_silence_and_an_empty_mask_are_said_in_words(page_of, case):
    own, silent = own_question(case), Question(case=case, text=" ")
    answers = {own.key: an_answer(empty=True), silent.key: QuestionRefused("empty")}
    text = page_of(example_of(own, silent), answers=answers).text
    assert "Nothing is drawn; the highest probability is 40 %." in text.replace("\xa0", " ")
    assert "no sentence (nothing is said) It was not answered." in text


def test_pictures_have_descriptions_and_tables_have_headings(page_of, case):
    own = own_question(case)
    row = replace(
        example_of(own),
        figures=(a_figure(0.5),),
        plots=(a_plot(Line(name="noise", xs=(0.0, 1.0), ys=(0.9, 0.2))),),
    )
    page = page_of(row, answers=answered(own))
    assert [one["alt"] for one in page.attributes("img")] == [
        "Case case-1, as it is: the mask covers 12 % of the picture"
    ]
    assert all(one.get("scope") in {"col", "row"} for one in page.attributes("th"))
    assert page.attributes("html") == [{"lang": "en"}]
    labels = [one["aria-label"] for one in page.attributes("svg") if one.get("role") == "img"]
    assert labels == ["A plot: Dice per image by dose. noise: from 0.9 to 0.2."]
    assert all(
        one.get("role") == "img" or one.get("aria-hidden") == "true"
        for one in page.attributes("svg")
    )


def test_a_page_is_wholly_there_or_not_at_all(tmp_path, case):
    path = tmp_path / "audit.html"
    path.write_text("the page of yesterday")
    gone = own_question(replace(case, image=tmp_path / "gone.png"))
    found = an_audit([example_of(gone)], answered(gone))
    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        write_page(found, found.examples, path)
    assert path.read_text() == "the page of yesterday"
    assert not list(tmp_path.glob("*.part*"))


def test_a_name_that_is_no_unicode_does_not_spoil_the_page(page_of):
    assert "on nodules?" in page_of(a_row(), dataset="nodules\udcff").text
