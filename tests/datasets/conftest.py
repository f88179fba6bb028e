"""What several tests of data sets start from."""

from pathlib import Path

import pytest
from fakes import write_folder_dataset

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def shared_data():
    """The folder with the real sets, which only some machines have beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data sets are not beside the checkout ({SHARED_DATA})")
    return SHARED_DATA


@pytest.fixture
def root(tmp_path):
    """A small data set in the folder format in which nothing is wrong."""
    return write_folder_dataset(tmp_path / "blocks")
