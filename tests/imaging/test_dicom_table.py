import numpy as np
import pytest
from pydicom import Dataset

from lingseg.imaging.dicom_table import look_up

ENTRIES = np.array([3, 500, 20, 400])
NUMBERS = ENTRIES.tolist()


def table(descriptor=(4, -1, 10), data=NUMBERS, kind="US"):
    made = Dataset()
    made.add_new("LUTDescriptor", "SS", list(descriptor))
    made.add_new("LUTData", kind, data)
    return made


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64, np.int64])
def test_values_beyond_the_ends_get_the_first_and_the_last_entry(dtype):
    values = np.array([[-30000, -1, 0], [1, 2, 30000]], dtype)
    found, top = look_up(values, table(), is_little_endian=True)
    assert found.tolist() == [[3, 3, 500], [20, 400, 400]]
    assert (found.dtype, top) == (np.uint16, 1023)


@pytest.mark.parametrize("order", ["<", ">"])
def test_words_are_read_in_the_order_of_the_file(order):
    words = ENTRIES.astype(f"{order}u2").tobytes()
    values = np.array([[-1, 0, 1, 2]], np.int16)
    found, _ = look_up(values, table(data=words, kind="OW"), is_little_endian=order == "<")
    assert found.tolist() == [NUMBERS]


def test_no_entries_means_all_that_16_bits_can_count():
    whole = table((0, 0, 16), list(range(65536)))
    values = np.array([[0, 40000, 65535]], np.uint16)
    found, top = look_up(values, whole, is_little_endian=True)
    assert (found.tolist(), top) == (values.tolist(), 65535)


@pytest.mark.parametrize("bits", [0, 17])
def test_a_depth_that_cannot_be_is_refused(bits):
    with pytest.raises(ValueError, match="how deep"):
        look_up(np.zeros((1, 1), np.uint8), table((4, 0, bits)), is_little_endian=True)


@pytest.mark.parametrize("kind", ["US", "SQ"])
def test_a_table_without_numbers_is_refused(kind):
    empty = table(data=None if kind == "US" else [Dataset()], kind=kind)
    with pytest.raises(ValueError, match="does not hold numbers"):
        look_up(np.zeros((2, 3), np.int16), empty, is_little_endian=True)
