"""From a pickled checkpoint to safetensors."""

import pytest
import torch
from safetensors.torch import load_file

from lingseg.nn.pickled_weights import convert_pickle
from lingseg.nn.pretrained import MismatchedWeights

WEIGHTS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2, dtype=torch.int64)}


class Attack:
    def __reduce__(self):
        return (open, ("was-run", "w"))


def pickled(folder, held):
    path = folder / "held.bin"
    torch.save(held, path)
    return path


@pytest.mark.parametrize(
    "held", [WEIGHTS, {"state_dict": WEIGHTS, "epoch": 3}, {"model": WEIGHTS}], ids=str
)
def test_tensors_arrive_by_name(tmp_path, held):
    target = tmp_path / "held.safetensors"
    assert convert_pickle(pickled(tmp_path, held), target) == 2
    found = load_file(target)
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_tied_weights_arrive_twice(tmp_path):
    tied = {"a": WEIGHTS["a"], "b": WEIGHTS["a"].T}
    target = tmp_path / "held.safetensors"
    convert_pickle(pickled(tmp_path, tied), target)
    assert torch.equal(load_file(target)["b"], tied["b"])


@pytest.mark.parametrize("held", [{"a": Attack()}, {"epoch": 3}, {}, [1], {1: torch.zeros(1)}])
def test_what_holds_more_than_tensors_is_refused_and_not_run(tmp_path, held, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "held.safetensors"
    with pytest.raises(MismatchedWeights, match=r"held\.bin .* never run"):
        convert_pickle(pickled(tmp_path, held), target)
    assert [path.name for path in tmp_path.iterdir()] == ["held.bin"]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_damaged_file_is_refused(tmp_path, share):
    path = pickled(tmp_path, WEIGHTS)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(MismatchedWeights, match="cannot be read as named tensors"):
        convert_pickle(path, tmp_path / "held.safetensors")


def test_nothing_is_written_over(tmp_path):
    path = pickled(tmp_path, WEIGHTS)
    with pytest.raises(FileExistsError, match="choose another name"):
        convert_pickle(path, path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no file"):
        convert_pickle(tmp_path / "no.bin", tmp_path / "held.safetensors")
