"""The bar of a command tells how far it is, and only to one who watches."""

from io import StringIO

import pytest
from rich.console import Console

from lingseg.cli.progress import progress_bar


@pytest.mark.parametrize("is_watched", [True, False])
def test_a_bar_is_shown_to_one_who_watches_only(is_watched):
    written = StringIO()
    with progress_bar(Console(file=written, force_terminal=is_watched, width=100), "work") as tell:
        tell(3, 7, note="loss 0.5")
    shown = [part in written.getvalue() for part in ("work", "3/7", "loss 0.5")]
    assert shown == [is_watched] * 3
