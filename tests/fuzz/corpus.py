"""Sound files of every format that is read, small and made by code: what mutants are made of."""

import gzip
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO

import numpy as np
from clinical_files import (
    blank,
    ct_slice,
    enhanced_ct,
    film,
    nifti,
    saved,
    ultrasound,
    with_pixels,
)
from PIL import Image as PillowImage
from pydicom import Dataset, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.pixels import compress
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)
from tiled_tiff_files import tiled_tiff

BOUNDARY = b"a-boundary"
HEIGHT, WIDTH = 18, 25
RAS = np.diag([2.0, 3.0, 4.0, 1.0])


def png() -> Iterator[bytes]:
    """Grey, colour, palettes, transparency, two depths, several pictures."""
    for mode in ("L", "RGB", "RGBA", "P", "1", "LA", "I;16"):
        yield _picture(mode, "PNG")
    yield _picture("P", "PNG", transparency=3)
    yield _picture("L", "PNG", dpi=(72, 72), exif=_exif())
    yield _picture("L", "PNG", save_all=True, append_images=[PillowImage.new("L", (WIDTH, HEIGHT))])


def jpeg() -> Iterator[bytes]:
    """Baseline and progressive, grey, colour, CMYK, turned."""
    for mode in ("L", "RGB", "CMYK"):
        yield _picture(mode, "JPEG")
    yield _picture("RGB", "JPEG", progressive=True)
    yield _picture("RGB", "JPEG", exif=_exif(), comment=b"a comment", dpi=(72, 72))
    yield _picture("RGB", "JPEG", subsampling=2, restart_marker_blocks=1)


def tiff() -> Iterator[bytes]:
    """All packings that Pillow writes, all depths, several pages."""
    for packing in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield _picture("RGB", "TIFF", compression=packing)
    for packing in ("group4", "group3"):
        yield _picture("1", "TIFF", compression=packing)
    for mode in ("L", "I;16", "F", "I", "P", "RGBA", "CMYK"):
        yield _picture(mode, "TIFF")
    yield _picture("L", "TIFF", big_tiff=True)
    yield _picture("L", "TIFF", save_all=True, append_images=[PillowImage.new("L", (5, 4))])


def dicom() -> Iterator[bytes]:
    """One picture, not packed: depths, colours, tables, byte orders, with or without a preamble."""
    yield saved(ct_slice(WindowCenter=40, WindowWidth=400))
    yield saved(ct_slice(WindowCenter=[40, 600], WindowWidth=[400, 1600], VOILUTFunction="SIGMOID"))
    yield saved(film(photometric="MONOCHROME1", ViewPosition="PA", ImagerPixelSpacing=[0.2, 0.2]))
    yield saved(film(VOILUTSequence=[_table(12)], ModalityLUTSequence=[_table(12)]))
    yield saved(ultrasound(_colours()))
    yield saved(ultrasound(_colours(), "YBR_FULL"))
    yield saved(_palette())
    yield _in_syntax(ct_slice(), ImplicitVRLittleEndian)
    yield _in_syntax(ct_slice(), ExplicitVRBigEndian)
    yield _in_syntax(ct_slice(), ImplicitVRLittleEndian)[132:]  # from before there was a preamble


def frames() -> Iterator[bytes]:
    """Several pictures a file."""
    yield saved(enhanced_ct())
    yield saved(enhanced_ct(heights=(1.0, 1.0, 1.0)))
    yield saved(ultrasound(np.stack([_colours()] * 3)))
    packed = enhanced_ct()
    compress(packed, RLELossless)
    yield saved(packed)


def packed() -> Iterator[bytes]:
    """Pictures in every compressed transfer syntax that can be written here."""
    for syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        deep = np.arange(36 * 40).reshape(36, 40) % 1000
        for dataset in (
            ct_slice(pixels=deep.astype(np.int16)),
            film(deep.astype(np.uint16)),
            ultrasound(np.stack([deep % 256] * 3, axis=-1).astype(np.uint8)),
        ):
            compress(dataset, syntax)
            yield saved(dataset)
    for mode, photometric in (("L", "MONOCHROME2"), ("RGB", "YBR_FULL_422")):
        yield _as_jpeg(mode, photometric)


def series() -> Iterator[bytes]:
    """Slices of one series; a folder is made of some of them."""
    for number in range(4):
        yield saved(ct_slice(number))


def niftis() -> Iterator[bytes]:
    """Both versions, zipped or not, depths, colours, byte orders, an oblique affine."""
    voxels = np.arange(5 * 6 * 7).reshape(5, 6, 7)
    tilted = RAS.copy()
    tilted[:3, :3] = RAS[:3, :3] @ _turn(0.3)
    rgb = np.zeros(voxels.shape, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    rgb["G"] = voxels
    for stored in (voxels.astype(kind) for kind in ("u1", "<i2", ">i2", "<f4", "<f8", "<u2")):
        yield nifti(stored, RAS)
    yield nifti(voxels.astype("<i2"), tilted, second=True)
    yield nifti(voxels.astype("<i2"), tilted, slope=0.5, inter=-10)
    yield nifti(rgb, RAS)
    yield gzip.compress(nifti(voxels.astype("<i2"), RAS), 6, mtime=0)
    yield gzip.compress(nifti(voxels.astype("<f4"), tilted, second=True), 6, mtime=0)


def zips() -> Iterator[bytes]:
    """Archives of a series, of one picture, of several, packed and stored, with folders."""
    slices = {f"scan/{number:03d}": data for number, data in enumerate(series())}
    pictures = {f"{number}.png": data for number, data in enumerate(png()) if number < 3}
    yield _zipped(slices)
    yield _zipped(slices, zipfile.ZIP_STORED, folders=("scan/",))
    yield _zipped({"a.png": next(png())})
    yield _zipped(pictures, comment=b"of three")
    yield _zipped({"volume.nii.gz": next(niftis()), "read me.txt": b"text"})


def tiles() -> Iterator[bytes]:
    """TIFF in tiles, as histology comes."""
    pixels = np.random.default_rng(0).integers(0, 255, (40, 56, 3), dtype=np.uint8)
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"):
        yield tiled_tiff(pixels, tile=(16, 32), compression=compression)
    yield tiled_tiff(pixels, tile=(16, 32), order=">")
    yield tiled_tiff(pixels, tile=(16, 32), big=True)


def multipart() -> Iterator[bytes]:
    """What a PACS answers to WADO-RS."""
    head = b"Content-Type: application/dicom\r\nContent-Length: 770\r\n\r\n"
    for data in series():
        yield b"--" + BOUNDARY + b"\r\n" + head + data + b"\r\n--" + BOUNDARY + b"--\r\n"
    yield b"a preamble\r\n--" + BOUNDARY + b"\r\n\r\nshort\r\n--" + BOUNDARY + b"--"


def entries() -> Iterator[bytes]:
    """What a PACS answers to QIDO-RS and STOW-RS."""
    yield b'[{"0020000E": {"vr": "UI", "Value": ["1.2.3.2"]}, "00080060": {"Value": ["CT"]}}]'
    failed = b'{"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [43264]}}]}}'
    yield failed
    yield b"[" + failed + b', {"00081190": {"Value": ["https://x/studies/1.2.3"]}}]'


def jobs() -> Iterator[bytes]:
    """Tables of sentences."""
    yield b"image,text,output\na.png,the left one,first/left.png\nb.png,the right one,\n"
    yield '\ufeffimage,text\r\na.png,"a, ""quoted"" one"\r\nä.png,größer\r\n'.encode()
    yield b"text,image\nthe left one,scans/a.dcm\nthe left one,scans/a.dcm\n"


def _zipped(
    members: dict[str, bytes],
    packing: int = zipfile.ZIP_DEFLATED,
    folders: Sequence[str] = (),
    comment: bytes = b"",
) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name in folders:
            archive.writestr(zipfile.ZipInfo(name), b"")
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, packing)
        archive.comment = comment
    return buffer.getvalue()


def _picture(mode: str, kind: str, **options: object) -> bytes:
    """Return a small picture that is not all of one colour."""
    values = (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) * 7 % 251).astype(np.uint8)
    grey = PillowImage.fromarray(values)
    picture = grey.convert(mode) if mode != "I;16" else _deep()
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _deep() -> PillowImage.Image:
    values = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 99
    return PillowImage.fromarray(values)


def _exif() -> PillowImage.Exif:
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # turned by a quarter
    return exif


def _colours() -> np.ndarray:
    return (np.arange(HEIGHT * WIDTH * 3) % 253).astype(np.uint8).reshape(HEIGHT, WIDTH, 3)


def _table(bits: int) -> Dataset:
    """A look-up table of all values that `film` stores."""
    table = Dataset()
    table.LUTDescriptor = [1 << bits, 0, 16]
    table.LUTData = (np.arange(1 << bits, dtype=np.uint16)[::-1] * 3).tobytes()
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "OW"
    return table


def _palette() -> Dataset:
    dataset = with_pixels(
        blank("1.2.840.10008.5.1.4.1.1.6.1", "US"),
        (np.arange(HEIGHT * WIDTH) % 256).astype(np.uint8).reshape(HEIGHT, WIDTH),
        "PALETTE COLOR",
    )
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        values = np.arange(256, dtype=np.uint16) * 257
        setattr(dataset, f"{colour}PaletteColorLookupTableData", values.tobytes())
    return dataset


def _as_jpeg(mode: str, photometric: str) -> bytes:
    pixels = _colours() if mode == "RGB" else _colours()[..., 0]
    dataset = ultrasound(pixels, "RGB" if mode == "RGB" else "MONOCHROME2")
    dataset.PhotometricInterpretation = photometric
    dataset.PixelData = encapsulate([_picture(mode, "JPEG")])
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    return saved(dataset)


def _in_syntax(dataset: Dataset, syntax: str) -> bytes:
    """Return the file in another byte order or without its VRs."""
    dataset.file_meta.TransferSyntaxUID = syntax
    is_big = syntax == ExplicitVRBigEndian
    if is_big:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
    dataset.SOPClassUID = CTImageStorage
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _turn(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
