import json
from dataclasses import replace
from io import StringIO

import pytest
from block_readers import choosy
from docs.pages import ROOT, first_column
from rich.console import Console

from lingseg.evaluation.audit import (
    CallablePredictor,
    audit,
    audit_as_json,
    audit_table,
    write_audit,
)
from lingseg.evaluation.audit.row import Example, Figure, Line, Plot, Row
from lingseg.evaluation.summary import Estimate
from lingseg.metrics.uncertainty import Interval

PAGE = ROOT / "docs" / "reference" / "audit-file.md"


@pytest.fixture
def found(blocks):
    return audit(CallablePredictor(choosy), blocks, rows=[2])


def shown(found):
    text = StringIO()
    Console(file=text, width=100).print(audit_table(found))
    return " ".join(text.getvalue().split())


def test_the_table_says_the_verdict_the_sentence_and_what_is_missing(found):
    text = shown(found)
    for words in (
        "choosy on blocks, test: reads: sentence yes",
        "10 cases of 10 subjects",
        "it loses 100.0 points",
        "Not all was measured",
        "say something",
        "more in audit.json",
    ):
        assert words in text


def test_brackets_in_a_sentence_are_no_colours(found):
    row = Row(number=1, title="Floors", verdict="no", sentence="It says [red] and [/].")
    assert "It says [red] and [/]." in shown(replace(found, rows=(row,)))


def test_the_record_is_json_that_any_reader_takes(found, tmp_path):
    write_audit(tmp_path, found)
    record = json.loads((tmp_path / "audit.json").read_text(), parse_constant=pytest.fail)
    assert record == json.loads(json.dumps(audit_as_json(found)))
    (row,) = record["rows"]
    assert row["figures"][0]["key"] == "drop_shuffled_where_it_differs"
    assert row["examples"][0]["questions"][0].keys() == {"case_id", "text", "side", "view"}
    assert row["plots"][0]["lines"][0]["xs"][0] == 1  # choosy refuses no words at all


@pytest.mark.parametrize("side", ["image", "patient"])
def test_the_record_says_whose_left_the_data_set_means(side, blocks):
    declared = replace(blocks, info=replace(blocks.info, side=side))
    record = audit_as_json(audit(CallablePredictor(choosy), declared, rows=[8]))
    assert record["side"] == side


def test_an_estimate_is_written_with_its_interval_or_without(found):
    known = Figure(key="a", name="A", estimate=Estimate(0.5, Interval(0.4, 0.6)), num_cases=3)
    bare = Figure(key="b", name="B", estimate=Estimate(None), num_cases=0)
    plot = Plot(key="p", title="P", x_label="x", y_label="y", lines=(Line(name="l", xs=(), ys=()),))
    row = Row(
        number=1,
        title="t",
        verdict="yes",
        sentence="s",
        figures=(known, bare),
        plots=(plot,),
        examples=(Example(headline="h", questions=()),),
    )
    (written,) = audit_as_json(replace(found, rows=(row,)))["rows"]
    assert [(f["value"], f["low"], f["high"]) for f in written["figures"]] == [
        (0.5, 0.4, 0.6),
        (None, None, None),
    ]


def test_the_page_names_every_field_of_the_record(found):
    record = audit_as_json(found)
    assert set(first_column(PAGE, heading="`audit.json`")) == record.keys()
    assert set(first_column(PAGE, heading="A row")) == record["rows"][0].keys()
