"""`--format cvat`: `cvat.xml`, CVAT's "for images" annotations, version 1.1."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import quoteattr

from lingseg.imaging.run_lengths import cvat_run_lengths
from lingseg.prediction.formats.collection import Drawn, by_image


def lines(drawn: Iterable[Drawn]) -> Iterator[str]:
    """Yield the file: a label is a sentence, a mask a run-length coded box."""
    yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
    for number, (first, its) in enumerate(by_image(drawn)):
        height, width = first.size
        yield (
            f'  <image id="{number}" name={_quoted(first.image_name)} '
            f'width="{width}" height="{height}">\n'
        )
        for one in its:
            yield from _mask(one)
        yield "  </image>\n"
    yield "</annotations>\n"


def _mask(drawn: Drawn) -> Iterator[str]:
    """Yield the element of a mask that is not empty."""
    found = cvat_run_lengths(drawn.read())
    if found is None:
        return
    lengths, (left, top, width, height) = found
    yield (
        f'    <mask label={_quoted(drawn.text)} source="auto" occluded="0" '
        f'rle="{", ".join(map(str, lengths))}" left="{left}" top="{top}" '
        f'width="{width}" height="{height}" z_order="0"/>\n'
    )


def _quoted(text: str) -> str:
    """Return `text` as an attribute's value; letters that XML cannot hold are left out."""
    return quoteattr("".join(letter for letter in text if letter.isprintable()))
