"""How masks are put on disk, a format a file."""

from lingseg.prediction.formats.answer import Answer
from lingseg.prediction.formats.collection import Drawn
from lingseg.prediction.formats.table import FORMATS, Format, FormatName

__all__ = ["FORMATS", "Answer", "Drawn", "Format", "FormatName"]
