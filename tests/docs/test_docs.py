"""Every code block that people may copy runs, or says above it why not."""

from pathlib import Path

import pytest
from cyclopts import CycloptsError
from docs.pages import DATA, PAGES, RUNNABLE, blocks_of, commands_of, find_blocks, name_of
from numpy.random import default_rng

from lingseg.cli.main import app, run
from lingseg.datasets.phantom import draw_phantom
from lingseg.imaging import as_rgb, write_rgb
from lingseg.imaging.image import Image

SLOW = (
    "docs/getting-started.md",
    "docs/how-to/audit.md",
    "docs/how-to/compare.md",
    "docs/how-to/evaluate.md",
    "docs/how-to/large-batches.md",
    "docs/how-to/predict.md",
    "docs/how-to/speed.md",
    "docs/how-to/train.md",
    "docs/how-to/volumes.md",
)
"""They train, export, start processes, or load a model again and again."""

BLOCKS = [block for path in PAGES for block in blocks_of(path)]
RUN_PAGES = [
    pytest.param(path, id=name_of(path), marks=pytest.mark.slow if name_of(path) in SLOW else ())
    for path in PAGES
    if any(block.is_run for block in blocks_of(path))
]
COMMANDS = [
    pytest.param(words[words.index("lingseg") + 1 :], id=f"{block.where} {' '.join(words)[:60]}")
    for block in BLOCKS
    if block.language == "bash"
    for words in commands_of(block)
    if "lingseg" in words
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, as a reader would, with one picture to ask about."""
    pixels = draw_phantom(default_rng(0), (96, 128)).pixels
    write_rgb(tmp_path / "film.png", as_rgb(Image(pixels=pixels)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("LINGSEG_DATA", raising=False)
    return tmp_path


@pytest.mark.parametrize("path", RUN_PAGES)
def test_a_page_runs_from_top_to_bottom(path, folder):
    names = {}
    for block in blocks_of(path):
        if block.file_name is not None:
            target = folder / block.file_name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        if not block.is_run:
            continue
        if block.language == "python":
            exec(compile(block.text, block.where, "exec"), names)  # noqa: S102
            continue
        for words in commands_of(block):
            assert words[0] == "lingseg", f"{block.where}: only lingseg is run here, not {words}"
            assert run(words[1:]) == 0, f"{block.where}: {' '.join(words)}"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_a_block_is_run_or_says_why_not(block):
    assert block.language in (*RUNNABLE, *DATA), f"{block.where}: name a language"
    if block.language in RUNNABLE:
        assert block.is_run or block.reason_not_to_run, f"{block.where}: why is it not run?"
    if block.file_name is not None:
        assert not Path(block.file_name).is_absolute()
        assert block.language in DATA


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_on_a_page_is_one_that_there_is(words):
    try:
        app.parse_args(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        pytest.fail(f"lingseg {' '.join(words)}: {error}")


def test_most_blocks_are_run():
    runnable = [block for block in BLOCKS if block.language in RUNNABLE]
    num_run = sum(block.is_run for block in runnable)
    assert num_run > 30
    assert num_run > 0.6 * len(runnable)


def test_blocks_are_found_with_the_comment_right_above_them():
    text = "<!-- not run: a -->\n```bash\nx\n```\n<!-- not run: b -->\n\n```python\ny = 1\n```\n"
    first, second = find_blocks(text, "page")
    assert (first.reason_not_to_run, first.text, first.where) == ("a", "x\n", "page:2")
    assert second.is_run
    with pytest.raises(ValueError, match="page:1 opens a block"):
        find_blocks("```bash\nlingseg demo\n", "page")
