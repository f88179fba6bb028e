from dataclasses import replace

import numpy as np
import pytest
from fakes import write_folder_dataset

from lingseg.datasets import sentences as module
from lingseg.datasets.folder import read_folder
from lingseg.datasets.mask_facts import measure_mask
from lingseg.datasets.sentences import judge_sentences, read_sentences
from lingseg.imaging.reading import read_mask


def judged(dataset, kind):
    masks = {
        case.mask: measure_mask(read_mask(case.mask).pixels)
        for cases in dataset.splits.values()
        for case in cases
    }
    return [one for one in judged_by(dataset, masks) if one.kind == kind]


def judged_by(dataset, masks):
    return list(judge_sentences(dataset, masks, read_sentences(dataset)))


def written(tmp_path, num_cases=12, **choices):
    return read_folder(
        write_folder_dataset(tmp_path / "set", num_cases={"train": num_cases}, **choices)
    )


def with_texts(dataset, *texts):
    """Return the data set with other sentences for its first cases."""
    cases = dataset.splits["train"]
    changed = [replace(case, text=text) for case, text in zip(cases, texts, strict=False)]
    return replace(dataset, splits={"train": (*changed, *cases[len(changed) :])})


@pytest.mark.parametrize("true_side", ["image", "patient"])
@pytest.mark.parametrize("declared", ["image", "patient"])
def test_masks_contradict_a_wrong_side(tmp_path, true_side, declared):
    dataset = written(tmp_path, side=true_side, declared={"side": declared})
    (finding,) = judged(dataset, "side words")
    image_share = "100.0%" if true_side == "image" else "0.0%"
    assert f"{image_share} agree with their mask if left is the picture's" in finding.message
    assert finding.severity == ("note" if true_side == declared else "error")
    assert len(finding.case_ids) == (0 if true_side == declared else 12)


def test_side_words_that_follow_neither_convention_are_warned_of(tmp_path):
    dataset = written(tmp_path)
    texts = [case.text.replace("left", "right") for case in dataset.split("train")]
    (finding,) = judged(with_texts(dataset, *texts), "side words")
    assert finding.severity == "warning"
    assert len(finding.case_ids) == 6


def test_few_sentences_prove_nothing(tmp_path):
    (finding,) = judged(written(tmp_path, 9, declared={"side": "patient"}), "side words")
    assert (finding.severity, "too few to tell" in finding.message) == ("note", True)


def test_names_are_no_sides(tmp_path):
    assert not judged(written(tmp_path, side="none"), "side words")


@pytest.mark.parametrize(
    "text", ["left lung and right lung", "the polyp", "the left ventricle", "brightleft", ""]
)
def test_only_one_sided_sentences_are_asked(tmp_path, text):
    assert not judged(with_texts(written(tmp_path, 1), text), "side words")


@pytest.mark.parametrize(("column", "count"), [(8, 1), (14, 1), (16, 0)])
def test_a_mask_in_the_middle_tells_nothing(tmp_path, column, count):
    dataset = written(tmp_path, 1)
    mask = np.zeros((24, 32), dtype=bool)
    mask[8:12, column - 1 : column + 1] = True
    facts = {dataset.split("train")[0].mask: measure_mask(mask)}
    assert len(judged_by(dataset, facts)) == count


def test_masks_that_could_not_be_read_are_passed_over(tmp_path):
    assert not judged_by(written(tmp_path), {})


def test_what_is_said_otherwise_is_summed_up_by_attribute(tmp_path):
    dataset = with_texts(
        written(tmp_path), "two lesions", "one lesion", "three lesions", "no lesion"
    )
    count, presence = judged(dataset, "sentence against mask")
    assert (count.severity, count.case_ids) == ("warning", ("train/train_000", "train/train_002"))
    assert count.message == (
        "count: 2 of 3 sentences (66.7%) say otherwise than their mask; "
        "of train/train_000 the sentence says two, the mask has one part."
    )
    assert presence.case_ids == ("train/train_003",)


def test_a_case_is_named_for_its_side_once(tmp_path):
    dataset = written(tmp_path, 2)
    dataset = with_texts(dataset, "the lesion at the right", "lesions on both sides")
    (side,) = judged(dataset, "side words")
    (both,) = judged(dataset, "sentence against mask")
    assert (side.case_ids, both.case_ids) == (("train/train_000",), ("train/train_001",))


def test_sentences_with_unknown_words_are_not_held_against_their_mask(tmp_path):
    dataset = with_texts(written(tmp_path), "two snarks")
    assert not judged(dataset, "sentence against mask")


def test_equal_sentences_are_read_once_for_all_that_is_judged(tmp_path, monkeypatch):
    dataset = with_texts(written(tmp_path, 4), *["two lesoins"] * 4)
    read = []
    genuine = module.understand

    def spy(text, **choices):
        read.append(text)
        return genuine(text, **choices)

    monkeypatch.setattr(module, "understand", spy)
    readings = module.read_sentences(dataset)
    masks = {case.mask: measure_mask(np.ones((9, 9), bool)) for case in dataset.split("train")}
    list(judge_sentences(dataset, masks, readings))
    (misspelt,) = module.judge_words(dataset, readings)
    assert misspelt.message == (
        '4 of 4 sentences (100.0%) have words that look misspelt: "lesoins" read as "lesions".'
    )
    assert read == ["two lesoins"]


def test_a_target_that_is_absent_is_only_worth_a_note(tmp_path):
    dataset = with_texts(written(tmp_path, 1), "the tumor")
    facts = {dataset.split("train")[0].mask: measure_mask(np.zeros((24, 32), dtype=bool))}
    (finding,) = judged_by(dataset, facts)
    assert (finding.severity, finding.case_ids) == ("note", ("train/train_000",))
