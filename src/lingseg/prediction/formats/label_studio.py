"""`--format label-studio`: `label-studio.json`, tasks with a prediction each, for import.

In the labeling configuration: `<Image name="image" value="$image"/>` and
`<BrushLabels name="mask" toName="image">` with a label for every sentence.
"""

import uuid
from collections.abc import Iterable, Iterator

from lingseg.imaging.run_lengths import label_studio_run_lengths
from lingseg.prediction.formats.collection import Drawn, as_list, by_image


def lines(drawn: Iterable[Drawn]) -> Iterator[str]:
    """Yield the file: a task for every picture, named by its file; empty masks give no region."""
    yield from as_list(
        {
            "data": {"image": its[0].image_name},
            "predictions": [
                {
                    "model_version": _model_version(its[0]),
                    "score": min(one.confidence for one in its),
                    "result": [_region(one) for one in its if one.record["is_found"]],
                }
            ],
        }
        for its in (list(masks) for _, masks in by_image(drawn))
    )
    yield "\n"


def _model_version(drawn: Drawn) -> str:
    """Return the model's name and the start of its hash."""
    return f"{drawn.record['model']} {drawn.record['model_sha256'][:12]}"


def _region(drawn: Drawn) -> dict[str, object]:
    """Return a mask as a brush stroke."""
    height, width = drawn.size
    name = f"{drawn.record['input_sha256']} {drawn.record['text_sha256']}"
    return {
        "id": uuid.uuid5(uuid.NAMESPACE_OID, name).hex[:10],
        "type": "brushlabels",
        "from_name": "mask",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "score": drawn.confidence,
        "value": {
            "format": "rle",
            "rle": label_studio_run_lengths(drawn.read()),
            "brushlabels": [drawn.text],
        },
    }
