"""Whatever the OpenAPI document allows, and much that it does not, gets an answer below 500."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from web_server import client_of, upload

from lingseg.web import Limits

pytestmark = pytest.mark.slow
EXAMPLES = 15
HERE = {"Host": "127.0.0.1:8000"}


@pytest.fixture(scope="module")
def api(model):
    """The document, and an application behind it that holds an image."""
    with client_of(model, limits=Limits(images=1_000, grace=0.001)) as client:
        client.image = upload(client)["id"]
        yield client


def test_nothing_of_the_document_makes_the_server_fail(api):
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.app, headers=HERE)
    asked = set()
    for operation in schema.get_all_operations():
        _fuzz(operation.ok(), api, asked)
    assert len(asked) >= 25
    assert "/v1/segment" in {path for _, path in asked}


def _fuzz(operation, api, asked):
    """Ask one route many things."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @_given(operation.as_strategy())
    def ask(case):
        _name_the_image(case, api.image)
        asked.add((case.method, case.operation.path))
        answer = case.call(headers=HERE)
        assert answer.status_code < 500, (case.method, case.path, answer.text)
        if answer.status_code >= 400:
            assert set(answer.json()) >= {"problem", "code"}

    ask()


def _given(strategy):
    from hypothesis import given

    return given(case=strategy)


def _name_the_image(case, image):
    """Let half of the requests speak of an image that is there."""
    if isinstance(case.body, dict) and "image" in case.body and len(str(case.body)) % 2:
        case.body["image"] = image
    if case.path_parameters and "image_id" in case.path_parameters:
        case.path_parameters["image_id"] = image
