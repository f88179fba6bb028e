"""What a test needs of the machine it runs on."""

import os

import pytest


def need(there: bool, what: str, how: str) -> None:
    """Skip a test whose program is not installed; in CI it has to be."""
    if there:
        return
    message = f"{what} is not there; {how} brings it"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{message}. CI needs it.")
    pytest.skip(message)
