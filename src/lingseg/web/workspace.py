"""A server's private folder for files that exist while they are made.

Uploads never come here: they lie in memory, or in files without a name.
"""

from pathlib import Path

from lingseg.imaging.private_folder import PrivateFolder


class Workspace(PrivateFolder):
    """One server's folder."""

    def __init__(self, parent: Path | None = None) -> None:
        """Remove what killed processes left, and make a folder.

        Raises:
            OSError: No folder can be made.
        """
        super().__init__("serve", parent)
