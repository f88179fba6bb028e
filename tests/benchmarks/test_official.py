"""A checkout of an official code is known by its own files, and nothing else is taken for one."""

import pytest
from official import METHODS, checkout_of, numbered, recognise, recognise_all

SAID = {"MMI-UNet": "class LanGuideMedSeg(nn.Module):\nclass MMIUNet_V2(nn.Module):\n"}


def make_checkout(folder, method):
    """Make a folder that looks like a method's checkout."""
    for name in method.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(SAID.get(method.name, method.says), encoding="utf-8")
    return folder


@pytest.fixture(params=METHODS, ids=lambda method: method.name)
def method(request):
    return request.param


def test_a_checkout_is_recognised_whatever_its_folder_is_called(method, tmp_path):
    found = recognise(make_checkout(tmp_path / "downloads", method))
    assert found.method is method
    assert found.folder == tmp_path / "downloads"


def test_a_checkout_that_git_does_not_know_is_told_without_a_commit(method, tmp_path):
    assert recognise(make_checkout(tmp_path, method)).source == method.source


def test_a_checkout_without_one_of_its_files_is_refused(method, tmp_path):
    checkout = make_checkout(tmp_path, method)
    (checkout / method.files[-1]).unlink()
    with pytest.raises(ValueError, match="is no official code that is known"):
        recognise(checkout)


def test_another_folder_is_refused_in_one_line_that_names_what_was_expected(tmp_path):
    (tmp_path / "nets").mkdir()
    with pytest.raises(ValueError, match="expected") as refused:
        recognise(tmp_path)
    line = str(refused.value)
    assert "\n" not in line
    assert str(tmp_path) in line
    for method in METHODS:
        assert f"{method.files[0]}" in line
        assert f"({method.name})" in line


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="nowhere is no official code"):
        recognise(tmp_path / "nowhere")


def test_two_checkouts_of_one_method_are_refused(tmp_path):
    first, second = (make_checkout(tmp_path / name, METHODS[0]) for name in ("one", "two"))
    with pytest.raises(ValueError, match="Two checkouts of RecLMIS"):
        recognise_all([first, second])
    assert [found.folder for found in recognise_all([second])] == [second]


def test_a_checkout_of_another_method_is_refused_where_one_is_asked_for(tmp_path):
    reclmis, lvit = (make_checkout(tmp_path / one.name, one) for one in METHODS[:2])
    assert checkout_of("LViT", lvit) == lvit
    with pytest.raises(ValueError, match=r"no checkout of LViT; expected nets/LViT\.py"):
        checkout_of("LViT", reclmis)


def test_words_are_numbered_alike_and_filled_up():
    ids, mask = numbered("one small mass one", length=6, vocabulary=100)
    assert mask == [1, 1, 1, 1, 0, 0]
    assert ids[0] == ids[3]
    assert len(set(ids[:3])) == 3
    assert all(0 < number < 100 for number in ids[:4])
    assert ids[4:] == [0, 0]


def test_a_longer_sentence_is_cut():
    assert numbered("a b c", length=2, vocabulary=9)[1] == [1, 1]
