"""The page of the comparison tells what was measured, and what was not."""

from dataclasses import replace

import pytest
from peers_page import HEADINGS, SHORT, Measured, Setting, page, row

SETTING = Setting(
    date="2026-11-23",
    machine="A machine",
    threads=2,
    versions="Python 3.11, torch 2.13",
    dataset="busi (test)",
    pictures=3,
    load=0.1,
)
OURS = Measured(
    name="lingseg, bundle `default`",
    runtime="ONNX Runtime",
    seconds=((0.010, 0.004), (0.030, 0.004), (0.020, 0.008)),
    peak_mebibytes=216.4,
    parameters=22_040_000,
    needed=22_000_000,
    gmacs=1.11,
    gmacs_text=0.10,
    gmacs_of_two=2.22,
    tokens=19,
)


def official(name, gmacs):
    return Measured(
        name=name,
        runtime="PyTorch, official code",
        source="github.com/someone/something",
        settings="as published",
        seconds=((0.4, 0.1),),
        gmacs=gmacs,
        gmacs_text=1.0,
        gmacs_of_two=2 * gmacs,
    )


def test_a_row_has_medians_the_95th_percentile_and_the_text_taken_off():
    cells = dict(zip(HEADINGS, row(OURS), strict=True))
    assert cells["picture and sentence, ms: median"] == "20.0"
    assert cells["95th percentile"] == "29.0"
    assert cells["picture, the text cached, ms: median"] == "12.0"
    assert cells["peak memory, MiB"] == "216"
    assert (cells["parameters"], cells["of them a mask needs"]) == ("22.0 M", "22.0 M")
    assert (cells["GMAC"], cells["GMAC, text cached"]) == ("1.11", "1.01")


def test_what_is_not_known_is_a_dash():
    assert row(Measured(name="LAVT", runtime="PyTorch"))[2:] == ["-"] * (len(HEADINGS) - 2)


def test_the_terminal_has_every_column_but_who_runs_it():
    assert len(SHORT) == len(HEADINGS) - 1


def test_every_row_of_the_table_has_every_column():
    lines = page([OURS, official("LAVT", 41.0)], SETTING).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 4
    assert {line.count("|") for line in table} == {len(HEADINGS) + 1}


def test_the_page_tells_machine_versions_pictures_and_date():
    told = page([OURS], SETTING)
    for value in ("A machine, 2 threads", "torch 2.13", "3 pictures", "busi (test)", "2026-11-23"):
        assert value in told
    assert "1 thread (" in page([OURS], replace(SETTING, threads=1))


@pytest.mark.parametrize(("load", "is_busy"), [(0.4, False), (6.2, True)])
def test_a_busy_machine_is_told(load, is_busy):
    assert ("busy machine" in page([OURS], replace(SETTING, load=load))) == is_busy


def test_a_code_that_could_not_be_run_is_named_with_the_reason_and_has_no_row():
    missing = Measured(name="LAVT", runtime="PyTorch", failure="No module named 'monai'")
    told = page([OURS, missing], SETTING)
    assert "- LAVT: No module named 'monai'" in told
    assert "| LAVT |" not in told
    assert "Not measured" not in page([OURS], SETTING)


def test_official_codes_are_told_with_their_source():
    told = page([OURS, official("LAVT", 41.0)], SETTING)
    assert "- LAVT: github.com/someone/something. as published." in told
    assert "random weights" in told


def test_the_published_comparison_is_counted_again_at_both_batch_sizes():
    told = page([OURS, official("RecLMIS", 24.5), official("LViT", 28.1)], SETTING)
    assert "| RecLMIS | 24.50 | 1.00 | 49.00 |" in told
    assert "| LViT | 28.10 | 1.00 | 56.20 |" in told


def test_the_published_comparison_needs_both_to_be_counted_again():
    told = page([OURS, official("LViT", 28.1)], SETTING)
    assert "27.08" in told  # what thop counts is told in any case
    assert "Counted again" not in told
