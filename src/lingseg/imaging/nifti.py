"""NIfTI-1 and NIfTI-2, plain or gzipped: from bytes to slices.

Decisions:

* Slices are shown in the usual hanging: axial with the front up and the patient's left at the
  picture's right, coronal and sagittal with the head up, sagittal with the front at the left. Axes
  are exchanged and flipped for that, never resampled: an oblique volume goes by the closest axes.
* The affine is that of the sform, else of the qform, as nibabel has it. A file with neither tells
  no side: its slices have a spacing, but no affine.
* Slices lie across the axis that has one voxel only, else across the one with the largest voxels,
  else they are axial, however the file stores them; `plane` asks for another.
* Values are slope * stored + intercept. All slices share a window: percentiles of the volume.
* More than three axes are refused: which time or channel was meant is not ours to guess.
"""

import gzip
import math
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.formats import (
    GZIP_MAGIC,
    PAIR_MAGICS,
    SINGLE_MAGICS,
    nifti_magic,
    unzipped_beginning,
)
from lingseg.imaging.geometry import Plane, edges_of, patient_left_of, spacing_of, why_unusable
from lingseg.imaging.image import Affine, Image, Pixels, UnreadableImage, Window
from lingseg.imaging.intensity import measure_window
from lingseg.imaging.limits import (
    check_finite,
    check_num_slices,
    check_ratio,
    check_size,
    check_volume,
)
from lingseg.imaging.volume import StoredGrid, Volume

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header

_CHUNK = 2**20
_HEADER_BYTES = {348: 352, 540: 544}
"""By the size that a header gives of itself: that with the flag of extensions."""
_RGB24 = 128
_CLEARLY_THICKER = 1.2
_SLICE_AXIS: dict[Plane, int] = {"sagittal": 0, "coronal": 1, "axial": 2}
_ROW_AXIS: dict[Plane, int] = {"sagittal": 2, "coronal": 2, "axial": 1}


def decode_nifti(data: bytes, name: str, plane: Plane | None = None) -> Volume:
    """Decode the bytes of a NIfTI file; `name` is what errors call it.

    Args:
        data: The file. It stays in memory, unzipped, as long as the volume does.
        name: What errors call it.
        plane: The plane to slice along; None: the natural one.

    Raises:
        UnreadableImage: They are not such a file, are damaged, or break a limit.
    """
    layout = _read_layout(unzipped_beginning(data), name)
    check_volume(name, layout.shape, layout.bytes_per_voxel)
    if data.startswith(GZIP_MAGIC):
        check_ratio(name, len(data), layout.num_bytes)
        stored = _stored_voxels(_unzipped(data, layout.num_bytes, name), layout, name)
    else:
        stored = _stored_voxels(data, layout, name)
    grid = _grid_of(layout, plane)
    check_num_slices(name, layout.shape[grid.axes[0]])
    check_size(name, layout.shape[grid.axes[1]], layout.shape[grid.axes[2]])
    return _as_volume(stored, layout, grid, name)


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """What a header says."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    is_colour: bool
    offset: int
    slope: float
    intercept: float
    affine: Affine
    has_affine: bool
    """Whether the file tells where the voxels lie."""

    @property
    def bytes_per_voxel(self) -> int:
        """All channels of a voxel together."""
        return self.dtype.itemsize * (3 if self.is_colour else 1)

    @property
    def num_bytes(self) -> int:
        """How long the file has to be."""
        return self.offset + math.prod(self.shape) * self.bytes_per_voxel


def _unzipped(data: bytes, num_bytes: int, name: str) -> bytearray:
    """Unzip `num_bytes`, or fewer where there are not so many, and check them if all were read."""
    unzipped = bytearray(num_bytes)
    done = 0
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as stream, memoryview(unzipped) as view:
            while done < num_bytes and (chunk := stream.read(min(_CHUNK, num_bytes - done))):
                view[done : done + len(chunk)] = chunk
                done += len(chunk)
            stream.read(1)  # the checksum is looked at where the end is reached
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableImage(
            f"{name} is gzipped, but damaged or cut short ({error}). Copy or save it again."
        ) from error
    del unzipped[done:]
    return unzipped


def _read_layout(data: bytes, name: str) -> _Layout:
    """Read and check the header."""
    from nibabel.spatialimages import HeaderDataError, HeaderTypeError

    magic = nifti_magic(data)
    if magic in PAIR_MAGICS:
        raise UnreadableImage(
            f"{name} is the header of a NIfTI pair (.hdr and .img); expected one file. "
            f"Convert it to .nii.gz."
        )
    if magic not in SINGLE_MAGICS:
        raise UnreadableImage(f"{name} is not NIfTI, whatever its name. Save it again as .nii.gz.")
    try:
        return _layout_of(_parse_header(data), name)
    except (HeaderDataError, HeaderTypeError, ValueError, LookupError, OverflowError) as error:
        if isinstance(error, UnreadableImage):
            raise
        raise UnreadableImage(
            f"{name} starts as NIfTI but its header is damaged ({error}). Save it again."
        ) from error


def _parse_header(data: bytes) -> "Nifti1Header":
    """Read the bytes of the header, in whichever byte order."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    is_second = data[4:7] == b"n+2"
    header_class: type[Nifti1Header] = Nifti2Header if is_second else Nifti1Header
    num_bytes = 540 if is_second else 348
    if len(data) < _HEADER_BYTES[num_bytes]:
        raise ValueError(f"{len(data)} bytes; a header has {_HEADER_BYTES[num_bytes]}")
    return header_class(data[:num_bytes], check=False)


def _layout_of(header: "Nifti1Header", name: str) -> _Layout:
    """Return what the header says, where it can be used."""
    shape = _shape_of(header, name)
    slope, intercept = header.get_slope_inter()
    has_affine = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
    with np.errstate(all="ignore"):  # what is no number is found below
        affine = np.asarray(header.get_best_affine(), dtype=np.float64)
    wrong = why_unusable(affine)
    if wrong is not None:
        raise UnreadableImage(
            f"{name} has an affine that {wrong}; expected one that places voxels in the patient. "
            f"Correct sform and qform, or save it again from the scanner's files."
        )
    is_colour = int(header["datatype"]) == _RGB24
    dtype = np.dtype(np.uint8) if is_colour else header.get_data_dtype()
    if not is_colour and dtype.kind not in "iuf":
        raise UnreadableImage(
            f"{name} has voxels of type {dtype}; expected integers, floating point or RGB. "
            f"Save it as one of these."
        )
    return _Layout(
        shape=shape,
        dtype=dtype,
        is_colour=is_colour,
        offset=max(int(header["vox_offset"]), _HEADER_BYTES[int(header["sizeof_hdr"])]),
        slope=1.0 if slope is None else float(slope),
        intercept=0.0 if intercept is None else float(intercept),
        affine=affine,
        has_affine=has_affine,
    )


def _shape_of(header: "Nifti1Header", name: str) -> tuple[int, int, int]:
    """Return the three sizes; axes of one voxel behind the third do not count."""
    num_axes = int(header["dim"][0])
    if not 1 <= num_axes <= 7:
        raise ValueError(f"{num_axes} axes")
    shape = [int(size) for size in header["dim"][1 : num_axes + 1]]
    if min(shape) < 1:
        raise ValueError(f"a shape of {tuple(shape)}")
    if any(size > 1 for size in shape[3:]):
        raise UnreadableImage(
            f"{name} has {num_axes} axes, {' x '.join(map(str, shape))}; expected a volume of "
            f"three. Save the time or channel that you mean as a file of its own."
        )
    first, second, third = [*shape, 1, 1][:3]
    return first, second, third


def _stored_voxels(data: bytes | bytearray, layout: _Layout, name: str) -> NDArray[Any]:
    """Return the voxels as (i, j, k) or (i, j, k, 3): a view of the bytes, not a copy."""
    count = math.prod(layout.shape) * (3 if layout.is_colour else 1)
    missing = layout.num_bytes - len(data)
    if missing > 0:
        raise UnreadableImage(
            f"{name} is cut short: {missing:,} bytes of its voxels are missing. Copy it again."
        )
    flat = np.frombuffer(data, dtype=layout.dtype, count=count, offset=layout.offset)
    if layout.is_colour:
        return flat.reshape((3, *layout.shape), order="F").transpose(1, 2, 3, 0)
    return flat.reshape(layout.shape, order="F")


def _grid_of(layout: _Layout, plane: Plane | None) -> StoredGrid:
    """Choose which axes are slices, rows and columns, and which way they run."""
    from nibabel.orientations import io_orientation

    orientation = io_orientation(layout.affine)
    axis_of = {int(patient): axis for axis, (patient, _) in enumerate(orientation)}
    if plane is None:
        slice_axis = _natural_axis(layout, axial=axis_of[_SLICE_AXIS["axial"]])
        shown = next(p for p, patient in _SLICE_AXIS.items() if axis_of[patient] == slice_axis)
    else:
        shown = plane
    patient_axes = [_SLICE_AXIS[shown], _ROW_AXIS[shown]]
    patient_axes.append(3 - sum(patient_axes))
    slices, rows, columns = (axis_of[patient] for patient in patient_axes)
    grows = [bool(orientation[axis][1] > 0) for axis in (slices, rows, columns)]
    return StoredGrid(
        shape=layout.shape,
        affine=layout.affine,
        axes=(slices, rows, columns),
        flips=(not grows[0], grows[1], grows[2]),  # up the body; down and across the picture
    )


def _natural_axis(layout: _Layout, *, axial: int) -> int:
    """Return the axis that slices are stacked along; where none stands out, that of axial ones."""
    flat = [axis for axis, size in enumerate(layout.shape) if size == 1]
    if len(flat) == 1:
        return flat[0]
    sizes = np.linalg.norm(layout.affine[:3, :3], axis=0)
    thickest = int(sizes.argmax())
    others = np.delete(sizes, thickest)
    return thickest if sizes[thickest] > _CLEARLY_THICKER * others.max() else axial


def _as_volume(stored: NDArray[Any], layout: _Layout, grid: StoredGrid, name: str) -> Volume:
    """Return the voxels as slices that are scaled when they are asked for."""
    channels = (3,) if layout.is_colour else ()
    shown = grid.as_shown(stored) if not channels else _colour_as_shown(stored, grid)
    affine = grid.affine_as_shown()
    window: Window | None = None

    def values(number: int) -> Pixels:
        return _scaled(shown[number], layout, f"Slice {number} (counted from 0) of {name}")

    if not layout.is_colour and layout.dtype != np.uint8:
        window = measure_window(values, len(shown))

    def read(number: int) -> Image:
        own = affine.copy()
        own[:3, 3] += affine[:3, 2] * number
        return Image(
            pixels=values(number),
            spacing=spacing_of(affine),
            affine=own if layout.has_affine else None,
            window=window,
            patient_left=patient_left_of(affine) if layout.has_affine else None,
            edges=edges_of(affine) if layout.has_affine else None,
        )

    return Volume(
        num_slices=len(shown),
        size=(shown.shape[1], shown.shape[2]),
        read=read,
        spacing=spacing_of(affine),
        affine=affine if layout.has_affine else None,
        stored=grid,
    )


def _colour_as_shown(stored: NDArray[Any], grid: StoredGrid) -> NDArray[Any]:
    """Return a view of (i, j, k, 3) colours as (slice, row, column, 3)."""
    return np.stack([grid.as_shown(stored[..., channel]) for channel in range(3)], axis=-1)


def _scaled(stored: NDArray[Any], layout: _Layout, name: str) -> Pixels:
    """Return the values of one slice, in a type that an `Image` may have."""
    is_plain = layout.slope == 1 and layout.intercept == 0
    if is_plain and stored.dtype == np.uint8:
        return np.ascontiguousarray(stored, dtype=np.uint8)
    if is_plain and stored.dtype.kind == "u" and stored.dtype.itemsize == 2:
        return np.ascontiguousarray(stored, dtype=np.uint16)
    with np.errstate(all="ignore"):  # what is no finite number is refused
        pixels = (stored.astype(np.float64) * layout.slope + layout.intercept).astype(np.float32)
    check_finite(name, pixels)
    return pixels
