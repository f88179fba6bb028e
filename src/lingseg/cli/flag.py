"""A choice of a command that is off unless it is named."""

from typing import Annotated, TypeAlias

from cyclopts import Parameter

Flag: TypeAlias = Annotated[bool, Parameter(negative="")]
"""There is no "--no-json" beside "--json"."""
