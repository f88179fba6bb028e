"""`--format coco`: `coco.json`, COCO's object detection annotations with a caption each."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from lingseg.imaging.outline import signed_area, trace_outlines
from lingseg.imaging.run_lengths import bounding_box, coco_run_lengths
from lingseg.prediction.formats.collection import Drawn, as_list, by_image
from lingseg.prediction.result import RESEARCH_USE


def lines(drawn: Sequence[Drawn]) -> Iterator[str]:
    """Yield the file.

    A category is a sentence, an annotation a mask that is not empty: `segmentation` holds its runs,
    which are exact; `polygons` the outlines of its parts, without their holes.
    """
    images = list(by_image(drawn))
    sentences = list(dict.fromkeys(one.text for one in drawn))
    first = by_image(drawn)
    yield '{"info": ' + json.dumps({"description": RESEARCH_USE, "version": "1.0"})
    yield ',\n"categories": '
    yield from as_list(
        {"id": number, "name": text} for number, text in enumerate(sentences, start=1)
    )
    yield ',\n"images": '
    yield from as_list(
        {
            "id": number,
            "file_name": image.name,
            "height": first[image][0].size[0],
            "width": first[image][0].size[1],
        }
        for number, image in enumerate(images, start=1)
    )
    yield ',\n"annotations": '
    yield from as_list(
        _annotations(
            drawn,
            {image: number for number, image in enumerate(images, start=1)},
            {text: number for number, text in enumerate(sentences, start=1)},
        )
    )
    yield "}\n"


def _annotations(
    drawn: Sequence[Drawn], images: dict[Path, int], categories: dict[str, int]
) -> Iterator[dict[str, object]]:
    """Yield an annotation for every mask that is not empty."""
    for number, one in enumerate(drawn, start=1):
        mask = one.read()
        box = bounding_box(mask)
        if box is None:
            continue
        yield {
            "id": number,
            "image_id": images[one.image],
            "category_id": categories[one.text],
            "caption": one.text,
            "segmentation": coco_run_lengths(mask),
            "polygons": [
                [float(value) for row, column in outline for value in (column, row)]
                for outline in trace_outlines(mask)
                if signed_area(outline) > 0
            ],
            "bbox": box,
            "area": int(mask.sum()),
            "iscrowd": 0,
            "score": one.confidence,
        }
