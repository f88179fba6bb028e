import numpy as np
import pytest
from fake_predictors import box, write_case
from fakes import write_png

from lingseg.evaluation.evaluate import evaluate
from lingseg.evaluation.saved_predictions import find_predictions

MASK = box(2, 2, 4, 5)


def save(path, mask=MASK):
    write_png(path, mask.astype(np.uint8) * 255)


def test_saved_masks_are_scored_as_masks(tmp_path):
    cases = [write_case(tmp_path, name, MASK) for name in ("one", "two")]
    save(tmp_path / "mine/one.png")
    save(tmp_path / "mine/two.png", box(0, 0, 0, 0))
    saved = find_predictions(tmp_path / "mine", cases)
    evaluation = evaluate(saved, cases, rng=np.random.default_rng(0))
    assert [score.overlap.dice for score in evaluation.cases] == [1, 0]
    assert evaluation.predictor == "mine"
    assert evaluation.overall.estimates["ece"].value is None


@pytest.mark.parametrize(
    "name", ["test/a.png", "test_a.png", "reference.png", "picture.png", "picture.tiff"]
)
def test_a_mask_may_be_named_by_case_reference_or_picture(tmp_path, name):
    picture = write_case(tmp_path, "picture", None).image
    reference = write_case(tmp_path, "reference", MASK).mask
    case = write_case(tmp_path, "x", MASK, case_id="test/a", image=picture, mask=reference)
    save(tmp_path / "mine" / name)
    assert find_predictions(tmp_path / "mine", [case]).paths["test/a"] == tmp_path / "mine" / name


def test_a_picture_of_several_cases_names_none_of_them(tmp_path):
    picture = write_case(tmp_path, "picture", None).image
    cases = [write_case(tmp_path, name, MASK, image=picture) for name in ("head", "tail")]
    save(tmp_path / "mine/picture.png")
    save(tmp_path / "mine/head.png")
    with pytest.raises(ValueError, match="lacks the masks of 1 of 2 cases: tail"):
        find_predictions(tmp_path / "mine", cases)


def test_missing_masks_are_listed(tmp_path):
    cases = [write_case(tmp_path, f"c{number}", MASK) for number in range(9)]
    save(tmp_path / "mine/c3.png")
    with pytest.raises(ValueError, match=r"8 of 9 cases: c0; c1; c2; c4; c5; …\. Save every"):
        find_predictions(tmp_path / "mine", cases)


def test_a_mask_of_another_size_is_refused(tmp_path):
    case = write_case(tmp_path, "one", MASK)
    save(tmp_path / "mine/one.png", MASK[:6])
    saved = find_predictions(tmp_path / "mine", [case])
    with pytest.raises(ValueError, match=r"one\.png is 6 x 20, the image .* 12 x 20"):
        evaluate(saved, [case], rng=np.random.default_rng(0))


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        find_predictions(tmp_path / "nowhere", [])
