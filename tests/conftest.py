"""What holds for every test."""

import pytest
from hypothesis import settings

# How long an example takes says more about what else runs on the machine than about the code.
settings.register_profile("lingseg", deadline=None)
settings.load_profile("lingseg")


@pytest.fixture(scope="session", autouse=True)
def _own_key(tmp_path_factory):
    """Keep tests from making a secret key among the settings of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        key = tmp_path_factory.mktemp("key") / "deidentification.key"
        patch.setenv("LINGSEG_DEIDENTIFICATION_KEY", str(key))
        yield
