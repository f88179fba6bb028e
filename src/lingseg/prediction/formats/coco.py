"""`--format coco`: `coco.json`, COCO's object detection annotations with a caption each."""

import json
from collections.abc import Iterable, Iterator, Mapping

from lingseg.imaging import MaskPixels
from lingseg.imaging.outline import signed_area, trace_outlines
from lingseg.imaging.run_lengths import bounding_box, coco_run_lengths
from lingseg.prediction.formats.collection import Drawn, as_list, by_image
from lingseg.prediction.result import RESEARCH_USE


def lines(drawn: Iterable[Drawn]) -> Iterator[str]:
    """Yield the file.

    A category is a sentence, an annotation a mask that is not empty: `segmentation` holds its runs,
    which are exact; `polygons` the outlines of its parts, without their holes.
    """
    categories: dict[str, int] = {}
    for one in drawn:
        categories.setdefault(one.text, len(categories) + 1)
    yield '{"info": ' + json.dumps({"description": RESEARCH_USE, "version": "1.0"})
    yield ',\n"categories": '
    yield from as_list({"id": number, "name": text} for text, number in categories.items())
    yield ',\n"images": '
    yield from as_list(
        {
            "id": number,
            "file_name": first.image_name,
            "height": first.size[0],
            "width": first.size[1],
            **first.about_image,
        }
        for number, (first, _) in enumerate(by_image(drawn), start=1)
    )
    yield ',\n"annotations": '
    yield from as_list(_annotations(drawn, categories))
    yield "}\n"


def _annotations(
    drawn: Iterable[Drawn], categories: Mapping[str, int]
) -> Iterator[dict[str, object]]:
    """Yield an annotation for every mask that is not empty."""
    annotation = 0
    for image, (_, its) in enumerate(by_image(drawn), start=1):
        for one in its:
            annotation += 1
            mask = one.read()
            box = bounding_box(mask)
            if box is not None:
                yield {
                    "id": annotation,
                    "image_id": image,
                    "category_id": categories[one.text],
                    "caption": one.text,
                    "segmentation": coco_run_lengths(mask),
                    "polygons": _polygons(mask),
                    "bbox": box,
                    "area": int(mask.sum()),
                    "iscrowd": 0,
                    **({} if one.record["confidence"] is None else {"score": one.confidence}),
                    **one.about_person,
                }


def _polygons(mask: MaskPixels) -> list[list[float]]:
    """Return the outlines of the mask's parts, column before row, without their holes."""
    return [
        [float(value) for row, column in outline for value in (column, row)]
        for outline in trace_outlines(mask)
        if signed_area(outline) > 0
    ]
