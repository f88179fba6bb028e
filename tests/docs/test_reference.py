"""Reference pages name what the code has: nothing more, nothing less."""

import re
import tomllib
from dataclasses import fields
from typing import get_args

import numpy as np
import pytest
from docs.pages import ROOT, first_column

from lingseg.cli.main import app
from lingseg.datasets.case import DatasetInfo
from lingseg.datasets.catalogue import DATA_VARIABLE, PUBLISHED
from lingseg.datasets.finding import Kind
from lingseg.datasets.phantom_question import ATTRIBUTES
from lingseg.imaging.deidentification import KEY_VARIABLE
from lingseg.imaging.limits import MAX_FILE_BYTES, MAX_PIXELS, MIN_SIDE
from lingseg.models import MODELS
from lingseg.nn import bert_text_encoder, efficientnet_lite
from lingseg.prediction.bundle import KNOWN, MAX_BYTES
from lingseg.prediction.jobs_file import MAX_ROW_CHARACTERS
from lingseg.prediction.manifest import Manifest
from lingseg.prediction.result import Request, Result
from lingseg.prediction.sentence import MAX_CHARACTERS, MAX_TYPED_WORDS
from lingseg.recipes.lingnet import OPEN_SETS
from lingseg.training import checkpoint, journal
from lingseg.training.validation import THRESHOLDS

REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "lingseg"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def names_of(record):
    return {one.name for one in fields(record)}


def commands(node, above=()):
    """Yield the commands that do something, as typed; recipes count as one."""
    for name in node:
        if name.startswith("-"):
            continue
        below = [one for one in node[name] if not one.startswith("-")]
        if below and name != "train":
            yield from commands(node[name], (*above, name))
        else:
            yield " ".join((*above, name))


def test_the_bundle_page_names_every_file_and_field():
    page = REFERENCE / "bundle.md"
    assert set(first_column(page, heading="bundle.json")) == names_of(Manifest)
    assert set(first_column(page)) - names_of(Manifest) == set(KNOWN)


def test_the_predictions_page_names_every_field():
    result = Result(
        request=Request(text="a", side="image", threshold=0.5),
        mask=np.zeros((2, 3), dtype=np.bool_),
        probabilities=np.zeros((2, 3), dtype=np.float32),
        presence=None,
        spacing=None,
        model_name="fake",
        model_hash="0",
        input_hash=None,
    )
    named = first_column(REFERENCE / "predictions.md", heading="The `.json`")
    of_batches = ["input", "format", "is_deidentified", "warnings", "disagreements"]
    assert named == [*of_batches, *result.as_record()]


def test_the_data_set_page_names_every_field_and_finding():
    page = REFERENCE / "dataset-folder.md"
    assert set(first_column(page, heading="dataset.json")) == names_of(DatasetInfo)
    assert set(first_column(page, heading="What `lingseg datasets check` finds")) == set(
        get_args(Kind)
    )
    columns = set(first_column(page, heading="The tables"))
    assert columns == {"image", "text", "mask", "subject", "label", "text_short"}


def test_the_run_page_names_every_file():
    assert set(first_column(REFERENCE / "run-folder.md")) == {
        checkpoint.RECIPE,
        checkpoint.WEIGHTS,
        checkpoint.SUMMARY,
        checkpoint.STATE,
        f"{checkpoint.TEXT}/",
        journal.LOSSES,
        journal.METRICS,
        "card.md",
    }
    assert f"{THRESHOLDS[0]}, {THRESHOLDS[1]}, … {THRESHOLDS[-1]}" in read(
        "docs/reference/run-folder.md"
    )


def test_the_command_line_page_names_every_command_and_limit():
    page = REFERENCE / "command-line.md"
    text = page.read_text(encoding="utf-8")
    variables = set(first_column(page, heading="Environment variables"))
    options = set(first_column(page, heading="What `predict` takes"))
    assert set(commands(app)) == set(first_column(page)) - variables - options
    assert {DATA_VARIABLE, KEY_VARIABLE, "RAY_ADDRESS"} <= variables
    assert options == {option for option in predict_options() if not option.startswith("--help")}
    for limit in (
        f"{MAX_FILE_BYTES // 2**20} MiB",
        f"{MAX_PIXELS:,} pixels, at least {MIN_SIDE} x {MIN_SIDE}",
        f"{MAX_TYPED_WORDS:,} words, {MAX_CHARACTERS:,} characters",
        f"{MAX_BYTES // 2**30} GiB",
        f"{MAX_ROW_CHARACTERS:,} characters a row",
    ):
        assert limit in text


def predict_options():
    """Yield the options of `lingseg predict`, the longest name of each."""
    for argument in app["predict"].assemble_argument_collection():
        names = [name for name in argument.names if name.startswith("--")]
        if names:
            yield names[0]


def test_the_phantom_page_names_every_attribute():
    text = " ".join(read("docs/explanation/phantoms.md").split())
    assert {name for name in ATTRIBUTES if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.__name__)
def test_every_model_has_a_card(config):
    name = MODELS[config].__name__.lower()
    card = read(f"docs/methods/{name}.md")
    assert f"`src/lingseg/models/{name}.py`" in card
    assert "| Parity |" in card


def test_the_architecture_shows_the_rooms_and_files_that_there_are():
    tree = re.search(r"```text\n(src/lingseg/.*?)```", read("ARCHITECTURE.md"), flags=re.DOTALL)[1]
    inside = tree[: tree.index("tests/")]
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"^[├└]── (\w+)/", inside, flags=re.MULTILINE))
    known = {path.name for path in SOURCE.rglob("*.py")}
    assert set(re.findall(r"\w+\.py\b", inside)) <= known


def test_every_package_is_named_with_its_licence():
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["evaluate"] + extras["train"]
    rows = dict(re.findall(r"^\| ([\w.-]+) \| ([^|]+) \|", read("THIRD_PARTY.md"), flags=re.M))
    missing = {
        name
        for name in (re.match(r"[\w.-]+", requirement)[0] for requirement in wanted)
        if name != "lingseg"  # one extra asks for another
        if not rows.get(name, "").strip()
    }
    assert missing == set()


def test_the_pretrained_weights_are_named_with_their_versions():
    page = read("THIRD_PARTY.md")
    for file in (efficientnet_lite.SHAPES["lite2"].weights, bert_text_encoder._WEIGHTS):
        assert f"{file.package} {file.version}" in page
        assert f"{file.package}=={file.version}" in read("README.md")


def test_the_data_of_the_shipped_weights_are_named_with_their_licences():
    page = read("THIRD_PARTY.md")
    for name in OPEN_SETS.data.sets:
        assert PUBLISHED[name].info.ship_weights
        assert f"| {name} | {PUBLISHED[name].info.licence} |" in page
