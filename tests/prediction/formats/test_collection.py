"""The files that annotation tools import: every mask is read back from them."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from pycocotools import mask as pycocotools_mask

from lingseg.imaging import Mask, write_mask
from lingseg.imaging.deidentification import pseudonym_of
from lingseg.prediction import Request, Result
from lingseg.prediction.formats import FORMATS, Drawn

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
HIDDEN = {"is_deidentified": True}
TEXTS = ("the left one", 'the "größere" <one> & all')


@pytest.fixture
def drawn(tmp_path) -> list[Drawn]:
    """Two sentences on two pictures; the last mask is empty."""
    rng = np.random.default_rng(0)
    masks = []
    for number in range(4):
        mask = rng.random((6, 9)) > (0.5 if number < 3 else 2)
        path = tmp_path / f"{number}.png"
        write_mask(path, Mask(pixels=mask))
        result = Result(
            request=Request(text=TEXTS[number % 2], side="image", threshold=0.5),
            mask=mask,
            probabilities=mask.astype(np.float32),
            presence=0.9,
            spacing=None,
            model_name="fake",
            model_hash="ab" * 32,
            input_hash="cd" * 32,
        )
        image = tmp_path / f"picture-{number // 2}.png"
        masks.append(Drawn(image=image, mask_path=path, record=result.as_record()))
    return masks


def test_coco_is_read_back_by_pycocotools(drawn, tmp_path):
    path = FORMATS["coco"].collect(tmp_path / "out", drawn)
    read = json.loads(path.read_text(encoding="utf-8"))
    images = {one["id"]: one for one in read["images"]}
    names = {one["id"]: one["name"] for one in read["categories"]}
    assert sorted(names.values()) == sorted(TEXTS)
    assert len(read["annotations"]) == 3
    for one, expected in zip(read["annotations"], drawn, strict=False):
        image = images[one["image_id"]]
        assert image["file_name"] == expected.image.name
        assert (image["height"], image["width"]) == (6, 9)
        assert names[one["category_id"]] == expected.text
        pixels = pycocotools_mask.decode(one["segmentation"]).astype(bool)
        np.testing.assert_array_equal(pixels, expected.read())
        np.testing.assert_array_equal(
            one["bbox"], pycocotools_mask.toBbox(one["segmentation"]).astype(int)
        )
        assert one["area"] == pixels.sum()


def test_coco_polygons_cover_the_mask_where_it_has_no_hole(tmp_path, drawn):
    mask = np.zeros((6, 9), bool)
    mask[1:4, 2:8] = mask[4, 5] = True
    write_mask(drawn[0].mask_path, Mask(pixels=mask))
    path = FORMATS["coco"].collect(tmp_path, drawn[:1])
    (one,) = json.loads(path.read_text(encoding="utf-8"))["annotations"]
    (polygon,) = one["polygons"]
    assert sorted(zip(polygon[::2], polygon[1::2], strict=True)) == [
        (2, 1), (2, 4), (5, 4), (5, 5), (6, 4), (6, 5), (8, 1), (8, 4),
    ]  # fmt: skip


def test_cvat_masks_are_run_lengths_in_their_box(drawn, tmp_path):
    path = FORMATS["cvat"].collect(tmp_path, drawn)
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own file
    assert root.findtext("version") == "1.1"
    found = [(image, mask) for image in root.iter("image") for mask in image.iter("mask")]
    assert len(found) == 3
    for (image, element), expected in zip(found, drawn, strict=False):
        assert image.get("name") == expected.image.name
        assert element.get("label") == expected.text
        lengths = [int(length) for length in element.get("rle").split(",")]
        left, top, width, height = (
            int(element.get(name)) for name in ("left", "top", "width", "height")
        )
        pixels = np.zeros((6, 9), bool)
        values = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
        pixels[top : top + height, left : left + width] = values.reshape(height, width)
        np.testing.assert_array_equal(pixels, expected.read())


def test_label_studio_has_a_task_for_every_picture_and_a_region_for_every_mask(drawn, tmp_path):
    path = FORMATS["label-studio"].collect(tmp_path, drawn)
    tasks = json.loads(path.read_text(encoding="utf-8"))
    assert [task["data"]["image"] for task in tasks] == ["picture-0.png", "picture-1.png"]
    regions = [region for task in tasks for region in task["predictions"][0]["result"]]
    assert [region["value"]["brushlabels"] for region in regions] == [
        [TEXTS[0]], [TEXTS[1]], [TEXTS[0]],
    ]  # fmt: skip
    for region in regions:
        assert (region["original_height"], region["original_width"]) == (6, 9)
        assert int.from_bytes(bytes(region["value"]["rle"][:4]), "big") == 6 * 9 * 4
    assert len({region["id"] for region in regions}) == 2  # by picture and sentence


@pytest.mark.parametrize("name", ["coco", "cvat", "label-studio"])
def test_the_file_is_the_old_one_or_the_new_one(drawn, tmp_path, name):
    path = FORMATS[name].collect(tmp_path / "out", drawn[:1])
    before = path.read_bytes()
    drawn[1].mask_path.unlink()
    with pytest.raises(FileNotFoundError):
        FORMATS[name].collect(tmp_path / "out", drawn)
    assert path.read_bytes() == before
    assert list((tmp_path / "out").iterdir()) == [path]


def test_no_mask_at_all_gives_an_empty_list(tmp_path):
    path = FORMATS["coco"].collect(tmp_path, [])
    assert json.loads(path.read_text(encoding="utf-8"))["annotations"] == []


@pytest.mark.parametrize("name", ["coco", "cvat", "label-studio"])
def test_a_deidentified_file_names_pictures_by_pseudonyms_that_stay(drawn, tmp_path, name):
    hidden = [
        replace(one, image=tmp_path / f"Doe_Jane-{number // 2}.png", record=one.record | HIDDEN)
        for number, one in enumerate(drawn)
    ]
    text = FORMATS[name].collect(tmp_path / "out", hidden).read_text(encoding="utf-8")
    assert "Doe" not in text
    expected = {f"{pseudonym_of(one.image)}.png" for one in hidden}
    assert set(re.findall(r"picture-[0-9a-f]{16}\.png", text)) == expected
    assert len(expected) == 2
    again = FORMATS[name].collect(tmp_path / "again", hidden).read_text(encoding="utf-8")
    assert again == text
