"""How a sentence could go on, from the grammar's own words."""

from lingseg.language import suggestion
from lingseg.web.messages import Suggested, Suggestion


def suggest(text: str, cursor: int) -> Suggested:
    """Return how a sentence could go on; a cursor behind its end stands at its end."""
    found = suggestion.suggest(text, min(cursor, len(text)))
    told = [Suggestion(text=one.text, replaces=(one.start, one.end)) for one in found]
    return Suggested(suggestions=told)
