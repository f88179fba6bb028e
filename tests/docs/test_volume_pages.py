"""What the pages say of volumes, archives and slides is what the code does."""

import numpy as np
from docs.pages import ROOT, first_column

from lingseg.imaging import Image, Volume
from lingseg.imaging.limits import MAX_LARGE_PIXELS, MAX_VOLUME_FILE_BYTES
from lingseg.imaging.packed_masks import PackedMasks
from lingseg.imaging.tiled_tiff import MAX_TILED_FILE_BYTES
from lingseg.imaging.zipped import MAX_MEMBERS
from lingseg.prediction.result import Request
from lingseg.prediction.tiles import TILE_SHARE, TILE_SIDE
from lingseg.prediction.volume_result import SliceAnswer, VolumeResult

PREDICTIONS = ROOT / "docs" / "reference" / "predictions.md"


def test_the_predictions_page_names_every_field_of_a_volume():
    volume = Volume(num_slices=1, size=(2, 3), read=lambda _: Image(np.zeros((2, 3), np.uint8)))
    result = VolumeResult(
        request=Request(text="a", side="image", threshold=0.5),
        volume=volume,
        packed=PackedMasks(1, (2, 3)),
        slices=(SliceAnswer(confidence=1.0, presence=None, highest=0.0),),
        sources=(),
        model_name="fake",
        model_hash="0",
        input_hash=None,
    )
    of_pictures = set(first_column(PREDICTIONS, heading="The `.json`"))
    of_volumes = first_column(PREDICTIONS, heading="What a volume's says instead")
    fields = list(result.as_record())
    assert [name for name in fields if name not in of_pictures] == of_volumes
    assert of_pictures - set(fields) >= {"area_pixels", "area_mm2", "centroid_row_column"}


def test_the_pages_tell_the_limits():
    limits = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert f"{MAX_TILED_FILE_BYTES // 2**30} GiB, {MAX_LARGE_PIXELS:,} pixels of 8 bits" in limits
    assert (
        f"{MAX_VOLUME_FILE_BYTES // 2**20} MiB, 1.5 GiB unpacked, {MAX_MEMBERS:,} files" in limits
    )
    page = (ROOT / "docs" / "how-to" / "volumes.md").read_text(encoding="utf-8")
    assert f"more than {TILE_SIDE:,} pixels on a side" in page
    assert TILE_SHARE == 0.25
    assert "three quarters" in page
