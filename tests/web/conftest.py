"""A model whose answers a reader can foretell, and a client of the server around it."""

import pytest
from web_server import client_of, fake_model


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return fake_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def client(model):
    with client_of(model) as client:
        yield client
