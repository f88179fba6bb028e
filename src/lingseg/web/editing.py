"""Masks changed by commands in words."""

import numpy as np

from lingseg.imaging import Volume
from lingseg.imaging.mask_edit import AnyMask
from lingseg.prediction.mask_command import edit_mask
from lingseg.web.answers import side_of
from lingseg.web.held_image import HeldImage
from lingseg.web.messages import Edited, EditRequest, ManyRuns
from lingseg.web.problem import Problem, bad_request
from lingseg.web.rle import RunLengths, to_mask, to_masks, to_runs
from lingseg.web.service import Service
from lingseg.web.work import Stop

MOST_VOXELS = 150_000_000
"""Of a mask that is changed as a whole, which takes several bytes a voxel."""


def edit(service: Service, image: HeldImage, asked: EditRequest, stop: Stop) -> Edited:
    """Do what a command says: to a picture's mask or a slice's, or to a whole volume's.

    Raises:
        Problem: The command is not understood, or the mask is none of this picture.
    """
    stop.check()
    mask, spacing = _mask_of(image, asked)
    try:
        edited = edit_mask(
            mask,
            asked.command,
            spacing=spacing,
            side=side_of(service, asked.side),
            patient_left=image.slice(asked.slice or 0).patient_left,
        )
    except ValueError as error:
        raise Problem(422, "bad-command", str(error)) from error
    return Edited.model_construct(
        mask=_runs_of(edited.mask),
        done=edited.done,
        understood=list(edited.understood),
        notices=list(edited.notices),
        is_changed=edited.is_changed,
    )


def _mask_of(image: HeldImage, asked: EditRequest) -> tuple[AnyMask, tuple[float, ...] | None]:
    """Return the mask of a slice, or of all slices, with how far its pixels lie apart.

    Slices of which nothing is said have empty masks.

    Raises:
        Problem: It is none of this picture, or too large.
    """
    spacing = image.content.spacing
    if isinstance(asked.mask, RunLengths):
        return to_mask(asked.mask, image.size), spacing
    content = image.content
    if not isinstance(content, Volume):
        raise bad_request("This is a picture: send its mask by itself, not by slice.")
    if image.num_slices * image.size[0] * image.size[1] > MOST_VOXELS:
        raise Problem(413, "too-large", "The volume is too large; change its masks slice by slice.")
    between = content.slice_spacing
    known = None if spacing is None or between is None else (between, *spacing)
    masks = np.zeros((image.num_slices, *image.size), dtype=np.bool_)
    for number, mask in to_masks(asked.mask, image.num_slices, image.size):
        masks[number] = mask
    return masks, known


def _runs_of(mask: AnyMask) -> ManyRuns:
    """Return a mask as run lengths; of a volume, those of slices that have any."""
    if mask.ndim == 2:
        return to_runs(mask)
    return {number: to_runs(one) for number, one in enumerate(mask) if one.any()}
