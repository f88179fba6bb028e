import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from lingseg.imaging.run_lengths import (
    coco_run_lengths,
    cvat_run_lengths,
    label_studio_run_lengths,
    run_lengths,
)

# pycocotools 2.0.11 asks numpy 2 for a copy in an outdated way
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 13)))


def read_label_studio(data: list[int]) -> list[int]:
    """Read rle-pack's bytes by its published layout, written apart from the writer."""
    bits = "".join(f"{byte:08b}" for byte in data)
    position = 0

    def take(count: int) -> int:
        nonlocal position
        position += count
        return int(bits[position - count : position], 2)

    total, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < total:
        is_run = take(1)
        length = take(sizes[take(2)]) + 1
        values += [take(word)] * length if is_run else [take(word) for _ in range(length)]
    assert len(values) == total
    return values


@given(MASKS)
@settings(deadline=None, max_examples=40)
def test_coco_runs_are_read_back_by_pycocotools(mask):
    runs = json.loads(json.dumps(coco_run_lengths(mask)))
    np.testing.assert_array_equal(coco.decode(runs).astype(bool), mask)
    assert coco.area(runs) == mask.sum()


def test_long_coco_runs_take_several_letters():
    mask = np.zeros((300, 401), bool)
    mask[7:290, 3:399] = True
    np.testing.assert_array_equal(coco.decode(coco_run_lengths(mask)).astype(bool), mask)
    assert coco_run_lengths(mask) == {
        "size": [300, 401],
        "counts": coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode(),
    }


@given(MASKS)
@settings(deadline=None, max_examples=40)
def test_cvat_runs_fill_their_box(mask):
    found = cvat_run_lengths(mask)
    drawn = np.zeros_like(mask)
    if found is not None:
        lengths, (left, top, width, height) = found
        values = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
        drawn[top : top + height, left : left + width] = values.reshape(height, width)
    np.testing.assert_array_equal(drawn, mask)


@given(MASKS)
@settings(deadline=None, max_examples=40)
def test_label_studio_runs_are_colour_and_opacity_of_every_pixel(mask):
    values = np.asarray(read_label_studio(label_studio_run_lengths(mask)))
    expected = np.repeat(mask.ravel(), 4) * 255
    np.testing.assert_array_equal(values, expected)


def test_a_label_studio_run_longer_than_its_length_field_is_split():
    mask = np.zeros((300, 401), bool)
    mask[1:] = True
    values = read_label_studio(label_studio_run_lengths(mask))
    np.testing.assert_array_equal(np.asarray(values[3::4]).reshape(mask.shape) > 0, mask)


@pytest.mark.parametrize(
    ("values", "lengths"),
    [([0, 0, 1], [2, 1]), ([1, 1, 0], [0, 2, 1]), ([0, 0], [2]), ([1], [0, 1])],
)
def test_runs_begin_with_what_is_out(values, lengths):
    assert run_lengths(np.asarray(values, bool)) == lengths
