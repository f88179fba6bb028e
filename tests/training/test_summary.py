"""What a finished run says of itself."""

import pytest
from fakes import write_folder_dataset
from training.judging import Judging
from training.small_run import RECIPE

from lingseg.datasets.folder import read_folder
from lingseg.models import build_model
from lingseg.training import checkpoint
from lingseg.training import summary as module
from lingseg.training.checkpoint import Position, read_summary
from lingseg.training.summary import summarise


@pytest.mark.parametrize(("num_cases", "is_claimed"), [(19, True), (18, False)])
def test_a_run_tells_from_which_presence_on_it_is_sure(
    num_cases, is_claimed, tmp_path, monkeypatch
):
    judge = Judging(build_model(RECIPE.model), judges=True)
    monkeypatch.setattr(checkpoint, "load_run", lambda _: (judge, RECIPE))
    counts, declared = {"train": 2, "val": num_cases}, {"modality": "MR"}
    written = write_folder_dataset(tmp_path / "data", num_cases=counts, declared=declared)
    summarise(tmp_path, [read_folder(written)], Position())
    summary = read_summary(tmp_path)
    assert summary["presence_subjects"] == {"present": num_cases, "absent": num_cases}
    assert (summary["presence_sure_from"] is not None) == is_claimed
    assert 0 < summary["presence_threshold"] <= 0.5
    if is_claimed:  # the sentences of what is there are all longer
        assert summary["presence_sure_from"] == summary["presence_threshold"]


@pytest.mark.parametrize(
    ("drawn", "sure", "told"),
    [
        (None, None, "Nothing is refused for want of presence."),
        (0.25, None, "Not found below a presence of 0.25; too few subjects to say from which on"),
        (0.25, 0.75, "presence of 0.25, unsure below 0.75; chosen by split conformal prediction"),
        (0.25, 0.25, "Not found below a presence of 0.25, never unsure; chosen by split"),
    ],
)
def test_a_card_tells_the_thresholds_of_presence_and_what_they_rest_on(drawn, sure, told):
    summary = {
        "presence_threshold": drawn,
        "presence_sure_from": sure,
        "presence_subjects": {"present": 40, "absent": 30},
    }
    assert told in module._presence_lines(summary)
