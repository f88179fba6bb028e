from types import SimpleNamespace

import numpy as np
import pytest
from clinical_files import (
    HEIGHT,
    WIDTH,
    blank,
    ct_slice,
    enhanced_ct,
    film,
    saved,
    stored_values,
    ultrasound,
    with_pixels,
)
from highdicom.spatial import ImageToReferenceTransformer
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    BasicTextSRStorage,
    EncapsulatedPDFStorage,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
    RTDoseStorage,
    SegmentationStorage,
    VLWholeSlideMicroscopyImageStorage,
)

from lingseg.imaging import UnreadableImage, as_rgb, decode_image
from lingseg.imaging.reading import decode_volume

COLOURS = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def read(dataset):
    return decode_image(saved(dataset), "scan.dcm")


def test_a_ct_slice_holds_hounsfield_units_and_lies_in_the_patient():
    image = read(ct_slice())
    np.testing.assert_array_equal(image.pixels, stored_values() - 1024)
    assert image.spacing == (0.5, 2.0)
    lps = np.diag([-1, -1, 1, 1]) @ image.affine
    np.testing.assert_allclose(lps @ [0, 0, 0, 1], [-30, 12.5, 7, 1])
    np.testing.assert_allclose(lps @ [2, 3, 0, 1], [-30 + 3 * 2, 12.5 + 2 * 0.5, 7, 1])
    assert image.patient_left == "right"


def test_the_source_names_the_instance_and_keeps_no_pixels():
    source = read(ct_slice(SOPInstanceUID="1.2.3.4.77", Laterality="L")).source
    assert source.sop_instance_uid == source.header.SOPInstanceUID == "1.2.3.4.77"
    assert source.sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"
    assert (source.frame_of_reference_uid, source.modality) == ("1.2.3.3", "CT")
    assert (source.frame, source.laterality) == (None, "left")
    assert "PixelData" not in source.header


@pytest.mark.parametrize(
    ("orientation", "edge"),
    [
        ((1, 0, 0, 0, 1, 0), "right"),
        ((-1, 0, 0, 0, 1, 0), "left"),
        ((-1, 0, 0, 0, -1, 0), "left"),
        ((0.8, 0.6, 0, 0, 0, -1), "right"),
        ((0, 1, 0, 0, 0, -1), "neither"),
        ((0, 1, 0, 1, 0, 0), "neither"),
    ],
)
def test_the_patients_left_lies_where_the_directions_say(orientation, edge):
    assert read(ct_slice(ImageOrientationPatient=list(orientation))).patient_left == edge


@pytest.mark.parametrize(
    ("tags", "edge", "view"),
    [
        ({"PatientOrientation": ["L", "F"], "ViewPosition": "PA"}, "right", "PA"),
        ({"PatientOrientation": ["R", "F"], "ViewPosition": "AP"}, "left", "AP"),
        ({"PatientOrientation": ["P", "F"]}, "neither", None),
        ({"ViewPosition": "LL"}, "neither", "lateral"),
        ({"ViewPosition": "PA"}, None, "PA"),
        ({}, None, None),
    ],
)
def test_a_film_tells_its_view_and_sides(tags, edge, view):
    image = read(film(**tags))
    assert (image.patient_left, image.source.view) == (edge, view)
    assert image.affine is None


@pytest.mark.parametrize(
    ("letters", "left_right_top_bottom"),
    [(["L", "F"], "RLSI"), (["A", "F"], "PASI"), (["RA", "FL"], "LRSI"), (["L", ""], None)],
)
def test_a_film_tells_what_lies_at_its_edges(letters, left_right_top_bottom):
    edges = read(film(PatientOrientation=letters)).edges
    assert (edges and "".join(edges)) == left_right_top_bottom


def test_a_film_is_as_large_as_its_detector_says_at_the_patient():
    assert read(film()).spacing is None
    assert read(film(ImagerPixelSpacing=[0.2, 0.1])).spacing == (0.2, 0.1)
    magnified = film(ImagerPixelSpacing=[0.2, 0.1], EstimatedRadiographicMagnificationFactor=2)
    assert read(magnified).spacing == (0.1, 0.05)
    calibrated = film(ImagerPixelSpacing=[0.2, 0.1], PixelSpacing=[0.3, 0.4])
    assert read(calibrated).spacing == (0.3, 0.4)


def test_a_slice_without_pixel_spacing_has_sides_but_no_size():
    image = read(ct_slice(PixelSpacing=None))
    assert (image.spacing, image.affine, image.patient_left) == (None, None, "right")


def test_the_window_of_the_file_is_used():
    image = read(ct_slice(WindowCenter=[-500, 40], WindowWidth=[1001, 400]))
    assert image.window == (-1000.5, -0.5)
    exact = read(ct_slice(WindowCenter=0, WindowWidth=100, VOILUTFunction="LINEAR_EXACT"))
    assert exact.window == (-50, 50)
    np.testing.assert_array_equal(as_rgb(exact)[exact.pixels > 50], 255)
    np.testing.assert_array_equal(as_rgb(exact)[exact.pixels < -50], 0)


def test_ct_without_a_window_is_shown_as_soft_tissue():
    assert read(ct_slice()).window == (-160, 240)


@pytest.mark.parametrize("width", [0, -5])
def test_a_window_without_width_is_passed_over(width):
    assert read(ct_slice(WindowCenter=0, WindowWidth=width)).window == (-160, 240)


def test_a_sigmoid_is_applied():
    image = read(ct_slice(WindowCenter=0, WindowWidth=400, VOILUTFunction="SIGMOID"))
    assert image.window == (0, 1)
    expected = 1 / (1 + np.exp(-4 * (stored_values() - 1024.0) / 400))
    np.testing.assert_allclose(image.pixels, expected, atol=1e-6)


def test_a_table_of_interest_is_applied():
    table = Dataset()
    table.LUTDescriptor = [256, 0, 16]
    table.LUTData = [(255 - value) * 256 for value in range(256)]
    table["LUTData"].VR = "US"
    pixels = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)
    dataset = film(pixels, bits=8)
    dataset.VOILUTSequence = [table]
    image = read(dataset)
    np.testing.assert_array_equal(image.pixels, (255 - pixels.astype(int)) * 256)
    assert image.window == (0, 65535)


def with_table(entries, *, first=0, bits=8, dataset=None, kind="VOILUTSequence", data=None):
    """A picture with a table, of 12 bits where no other is given."""
    table = Dataset()
    table.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    table.add_new("LUTData", *(("US", list(entries)) if data is None else ("OW", data)))
    dataset = film() if dataset is None else dataset
    setattr(dataset, kind, [table])
    return dataset


@pytest.mark.parametrize("kind", ["VOILUTSequence", "ModalityLUTSequence"])
def test_a_table_of_8_bits_may_have_more_than_256_entries(kind):
    entries = np.arange(4096) // 16
    packed = entries.astype(np.uint8).tobytes()
    for data in (None, packed, entries.astype("<u2").tobytes()):
        image = read(with_table(entries.tolist(), kind=kind, data=data))
        assert image.pixels.dtype == np.uint8
        np.testing.assert_array_equal(image.pixels, stored_values() // 16)
        assert image.window == (0, 255)


def test_a_table_may_be_of_9_bits():
    image = read(with_table([value // 8 for value in range(4096)], bits=9))
    np.testing.assert_array_equal(image.pixels, stored_values() // 8)
    assert image.window == (0, 511)
    deeper_than_it_says = read(with_table(range(4096), bits=9))
    assert deeper_than_it_says.window == (0, 4095)
    np.testing.assert_array_equal(deeper_than_it_says.pixels, stored_values())


def test_a_table_may_start_below_nought_and_its_ends_go_on():
    ct = ct_slice()  # -1024 to 356 Hounsfield units
    image = read(with_table(range(7, 207), first=-100, bits=16, dataset=ct))
    expected = np.clip(stored_values() - 1024 + 100, 0, 199) + 7
    np.testing.assert_array_equal(image.pixels, expected)


def test_a_table_that_is_cut_short_is_told():
    with pytest.raises(UnreadableImage, match="cannot be decoded"):
        read(with_table(range(100), data=bytes(50)))


def padded(value, limit=None, **tags):
    """A slice of MR whose first row is padding, and what it says of it."""
    pixels = stored_values()
    pixels[0] = value
    pixels[0, 5:] = value if limit is None else limit
    dataset = ct_slice(pixels=pixels, Modality="MR", PixelPaddingValue=value, **tags)
    if limit is not None:
        dataset.PixelPaddingRangeLimit = limit
    return dataset


@pytest.mark.parametrize(("value", "limit"), [(-32768, None), (-2000, -1990), (-1990, -2000)])
def test_padding_does_not_count_where_percentiles_are_shown(value, limit):
    shown = as_rgb(read(padded(value, limit)))[..., 0]
    assert not shown[0].any()
    plain = as_rgb(read(ct_slice(pixels=stored_values()[1:], Modality="MR")))[..., 0]
    np.testing.assert_array_equal(shown[1:], plain)


def test_padding_does_not_count_where_white_is_stored_as_low():
    pixels = stored_values(dtype=np.uint16)
    pixels[0] = 0
    window = read(film(pixels, "MONOCHROME1", PixelPaddingValue=0)).window
    assert window == (69 * 20, 10 * 20)


def test_a_picture_of_padding_alone_is_black():
    only = ct_slice(pixels=np.full((7, 10), -9, np.int16), Modality="MR", PixelPaddingValue=-9)
    assert not as_rgb(read(only)).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_stored_as_low_is_shown_the_right_way_round(dtype):
    pixels = stored_values(dtype=np.uint16) // (20 if dtype == np.uint8 else 1)
    bits = 8 * np.dtype(dtype).itemsize
    plain = read(film(pixels.astype(dtype), bits=bits))
    inverted = read(film(pixels.astype(dtype), "MONOCHROME1", bits=bits))
    np.testing.assert_array_equal(inverted.pixels, plain.pixels)
    np.testing.assert_allclose(as_rgb(inverted), 255 - as_rgb(plain).astype(int), atol=1)


def test_few_stored_bits_fill_the_range_that_is_shown():
    image = read(film(stored_values(dtype=np.uint8) % 64, bits=6))
    assert image.window == (0, 63)


def test_colours_are_read():
    np.testing.assert_array_equal(read(ultrasound(COLOURS)).pixels, COLOURS)
    assert read(ultrasound(np.full_like(COLOURS, 128), "YBR_FULL")).pixels.max() == 128


def test_a_palette_is_looked_up():
    dataset = with_pixels(ultrasound(COLOURS), COLOURS[..., 0].copy(), "PALETTE COLOR")
    for colour, factor in (("Red", 1), ("Green", 2), ("Blue", 3)):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        entries = (np.arange(256, dtype=np.uint16) * 256 // factor).tobytes()
        setattr(dataset, f"{colour}PaletteColorLookupTableData", entries)
    pixels = read(dataset).pixels
    np.testing.assert_array_equal(pixels[..., 0], COLOURS[..., 0])
    np.testing.assert_array_equal(pixels[..., 2], COLOURS[..., 0] // 3)


def test_ultrasound_tells_its_spacing_by_region():
    region = Dataset()
    region.RegionSpatialFormat = 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.02, 0.03
    image = read(ultrasound(COLOURS, SequenceOfUltrasoundRegions=[region]))
    assert image.spacing == pytest.approx((0.3, 0.2))


def test_frames_in_time_keep_their_order_and_have_no_place():
    frames = np.stack([COLOURS, COLOURS[::-1], COLOURS // 2])
    volume = decode_volume(saved(ultrasound(frames)), "cine.dcm")
    assert (len(volume), volume.affine, volume.plane) == (3, None, None)
    np.testing.assert_array_equal(volume.image(2).pixels, COLOURS // 2)
    assert volume.image(2).source.frame == 3


def test_frames_without_a_step_have_no_place_together():
    dataset = ct_slice(pixels=np.stack([stored_values(n) for n in range(3)]))
    volume = decode_volume(saved(dataset), "frames.dcm")
    assert (len(volume), volume.affine, volume.slice_spacing) == (3, None, None)
    volume = decode_volume(saved(enhanced_ct((5.0, 5.0))), "film_in_time.dcm")
    assert (volume.affine, volume.image(1).affine[2, 3]) == (None, 5)


def test_frames_in_space_are_sorted_and_placed():
    volume = decode_volume(saved(enhanced_ct()), "enhanced.dcm")
    assert [image.source.frame for image in volume] == [2, 3, 1]
    np.testing.assert_array_equal(volume.image(0).pixels, stored_values(1) * 2.0 - 1000)
    assert (volume.plane, volume.slice_spacing) == ("axial", 3.0)
    np.testing.assert_allclose(volume.affine @ [0, 0, 2, 1], [30, -12.5, 9, 1])
    np.testing.assert_allclose(volume.image(2).affine[:3, 3], [30, -12.5, 9])
    assert volume.image(0).window == (-160, 239)


def test_frames_with_a_gap_are_refused():
    with pytest.raises(UnreadableImage, match="lacks 1 slice:"):
        decode_volume(saved(enhanced_ct((0.0, 3.0, 6.0, 12.0))), "enhanced.dcm")


@pytest.mark.parametrize("packing", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("is_colour", [False, True])
def test_packed_pixels_are_the_same(packing, is_colour):
    grey = np.arange(40 * 50, dtype=np.uint16).reshape(40, 50) * 20  # large enough for wavelets
    colours = np.stack([grey // 200, grey // 300, grey // 157], axis=-1).astype(np.uint8)
    dataset = ultrasound(colours) if is_colour else film(grey, bits=16)
    expected = read(dataset).pixels
    dataset.compress(packing, generate_instance_uid=False)
    np.testing.assert_array_equal(read(dataset).pixels, expected)


def test_a_file_without_preamble_is_read():
    data = saved(ct_slice())[132:]
    np.testing.assert_array_equal(decode_image(data, "old").pixels, stored_values() - 1024)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (EncapsulatedPDFStorage, "is a PDF document; expected a picture"),
        (MediaStorageDirectoryStorage, "is a DICOMDIR, the index of a disc"),
        (SegmentationStorage, "is a segmentation; expected a picture. Give the picture"),
        (RTDoseStorage, "is a map of doses; expected a picture. Give the picture it was planned"),
        (BasicTextSRStorage, r"holds no pixels \(Basic Text SR Storage\)"),
    ],
)
def test_what_is_no_picture_is_named(kind, message):
    with pytest.raises(UnreadableImage, match=message):
        read(blank(kind, "OT"))


def slide(num_tiles):
    tiles = np.stack([COLOURS] * num_tiles)
    return with_pixels(blank(VLWholeSlideMicroscopyImageStorage, "SM"), tiles, "RGB")


def test_a_slide_in_tiles_is_refused_and_its_label_read():
    with pytest.raises(UnreadableImage, match="is a whole slide in 6 tiles; expected one picture"):
        decode_volume(saved(slide(6)), "slide.dcm")
    np.testing.assert_array_equal(read(slide(1)).pixels, COLOURS)


def test_a_mosaic_of_slices_is_refused():
    dataset = ct_slice(Modality="MR", ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"])
    with pytest.raises(UnreadableImage, match=r"is a mosaic, many slices side by side.*dcm2niix"):
        read(dataset)


def test_a_kind_of_image_that_is_a_number_is_no_mosaic():
    dataset = ct_slice()
    dataset.add_new("ImageType", "IS", 3)
    assert read(dataset).pixels.shape == read(ct_slice()).pixels.shape


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
def test_values_in_the_upper_bits_are_moved_down_and_overlays_beside_them_dropped(dtype):
    values = stored_values(dtype=dtype) - dtype(500 * (dtype is np.int16))
    dataset = film(values << 4 | 0b1011, bits=12)
    dataset.HighBit = 15
    np.testing.assert_array_equal(read(dataset).pixels, values)
    dataset = film((values & 0x0FFF) << 2 | dtype(0x4001), bits=12)
    dataset.HighBit = 13
    np.testing.assert_array_equal(read(dataset).pixels, values)


@pytest.mark.parametrize("count", [0, 1])
def test_a_kind_of_one_picture_has_no_number_of_its_frame(count):
    assert read(ct_slice(NumberOfFrames=count)).source.frame is None
    assert read(film(NumberOfFrames=1)).source.frame == 1


def without(keyword, dataset):
    delattr(dataset, keyword)
    return dataset


def packed_as(uid):
    dataset = ct_slice()
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.file_meta.TransferSyntaxUID = uid
    return dataset


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (without("PixelData", ct_slice()), "has no pixels"),
        (packed_as(JPEGLossless), "not read, JPEG Lossless, Non-Hierarchical"),
        (packed_as("1.2.840.10008.1.2.1.99"), "not read, Deflated Explicit VR Little Endian"),
        (packed_as(JPEG2000Lossless), "pixels that cannot be decoded"),
        (film(photometric="CMYK"), "colours of the kind 'CMYK'"),
    ],
)
def test_what_cannot_be_decoded_is_told_in_one_line(dataset, message):
    with pytest.raises(UnreadableImage, match=message) as caught:
        read(dataset)
    assert "\n" not in str(caught.value)


def test_a_private_transfer_syntax_is_named():
    data = saved(packed_as(RLELossless)).replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.99999.1.2.5\0")
    with pytest.raises(UnreadableImage, match=r"not read, 1\.2\.840\.99999\.1\.2\.5; expected"):
        decode_image(data, "scan.dcm")


@pytest.mark.parametrize("length", [140, 300, 500, -1, -50])
def test_a_file_cut_short_is_told_in_one_line(length):
    with pytest.raises(UnreadableImage) as caught:
        decode_image(saved(ct_slice())[:length], "scan.dcm")
    assert str(caught.value).startswith("scan.dcm ")
    assert "\n" not in str(caught.value)


def test_pixels_cut_short_are_counted():
    dataset = ct_slice()
    dataset.PixelData = dataset.PixelData[:100]
    with pytest.raises(UnreadableImage, match="it has 100 bytes of pixels; expected 140"):
        read(dataset)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"Rows": 60000, "Columns": 60000}, "at most 40,000,000"),
        ({"NumberOfFrames": 2_000_000}, "has 2,000,000 slices; expected 1 to"),
        ({"BitsAllocated": 12}, "3 channels of 12 bits|1 channels of 12 bits"),
        ({"SamplesPerPixel": 7}, "7 channels"),
    ],
)
def test_impossible_sizes_are_refused_before_pixels_are_decoded(tags, message):
    dataset = ct_slice()
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    with pytest.raises(UnreadableImage, match=message):
        read(dataset)


def test_a_value_of_unknown_kind_is_told_in_one_line():
    data = saved(packed_as(RLELossless)).replace(b"\x28\x00\x04\x00CS", b"\x28\x00\x04\x00C\x80")
    with pytest.raises(UnreadableImage, match="cannot be decoded"):
        decode_image(data, "scan.dcm")


def test_places_agree_with_highdicom():
    oblique = ct_slice(ImageOrientationPatient=[0.8, 0.6, 0, 0, 0, -1])
    oracle = ImageToReferenceTransformer(
        image_position=oblique.ImagePositionPatient,
        image_orientation=oblique.ImageOrientationPatient,
        pixel_spacing=oblique.PixelSpacing,
    )
    # highdicom counts (column, row) from the corner of the first pixel, and gives LPS.
    (expected,) = oracle(np.array([[4 + 0.5, 2 + 0.5]]))
    place = read(oblique).affine @ [2, 4, 0, 1]
    np.testing.assert_allclose(place[:3] * [-1, -1, 1], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("syntax", "advice"),
    [
        ("1.2.840.10008.1.2.4.57", "dcmdjpeg IN OUT"),
        ("1.2.840.10008.1.2.4.70", "dcmdjpeg IN OUT"),
        ("1.2.840.10008.1.2.4.51", "dcmdjpeg IN OUT"),
        ("1.2.840.10008.1.2.1.99", r"dcmconv \+te IN OUT"),
        ("1.2.840.10008.1.2.4.100", "Export it as Explicit VR Little Endian"),
    ],
)
def test_what_to_do_with_an_unknown_packing_is_said(syntax, advice, monkeypatch):
    monkeypatch.setattr("lingseg.imaging.dicom_file.get_decoder", decoder_brought_along)
    dataset = packed_as(syntax)
    with pytest.raises(UnreadableImage, match=rf"transfer syntax that is not read.*{advice}\."):
        read(dataset)


def decoder_brought_along(syntax):
    """As where nobody installed a decoder of his own."""
    plugins = get_decoder(syntax).available_plugins
    return SimpleNamespace(is_available=any(plugin != "gdcm" for plugin in plugins))


@pytest.mark.parametrize("tag", ["Rows", "NumberOfFrames", "BitsAllocated", "SamplesPerPixel"])
def test_a_number_that_is_several_is_told_in_one_line(tag):
    dataset = film()
    setattr(dataset, tag, [7, 7])
    with pytest.raises(UnreadableImage, match=r"damaged or cut short|cannot be decoded") as caught:
        read(dataset)
    assert "ValueError" in str(caught.value)
