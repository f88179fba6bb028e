"""The page and its HTTP interface: a face of the rooms below, on the user's own machine."""

from lingseg.web.app import create_app
from lingseg.web.limits import Limits
from lingseg.web.security import Door

__all__ = ["Door", "Limits", "create_app"]
