"""What several tests of prediction ask."""

import pytest
from fake_bundle import write_fake_bundle

from lingseg.prediction import load
from lingseg.prediction.graphs import Graphs


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """One that draws what is bright; see `fake_bundle`."""
    return load(write_fake_bundle(tmp_path_factory.mktemp("bundle") / "fake.lingseg"), threads=1)


@pytest.fixture
def encoded_images(monkeypatch) -> list:
    """One entry for every picture that was encoded."""
    calls = []
    genuine = Graphs.encode_image
    monkeypatch.setattr(
        Graphs, "encode_image", lambda graphs, image: calls.append(0) or genuine(graphs, image)
    )
    return calls
