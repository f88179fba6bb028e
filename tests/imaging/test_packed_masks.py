import numpy as np

from lingseg.imaging.packed_masks import PackedMasks


def test_masks_come_back_as_they_were_put_in_whatever_their_size():
    rng = np.random.default_rng(0)
    for size in ((2, 3), (7, 10), (8, 16)):
        masks = rng.random((3, *size)) < 0.4
        packed = PackedMasks(3, size)
        for number in (2, 0, 1):
            packed[number] = masks[number]
        np.testing.assert_array_equal(packed.whole(), masks)
        np.testing.assert_array_equal(packed[1], masks[1])
        np.testing.assert_array_equal(packed.areas(), masks.sum(axis=(1, 2)))


def test_a_long_ct_takes_a_bit_a_voxel():
    packed = PackedMasks(6, (512, 512))
    assert packed._bits.nbytes == 6 * 512 * 512 // 8
    assert not packed.whole().any()
