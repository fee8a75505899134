"""The app on the second version, which tests of the endpoint ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serve import app
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND


@pytest.fixture(scope="module")
def client(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The app on the second version, for tests that change nothing."""
    configuration = small_platform.copied(nights, tmp_path_factory.mktemp("endpoint"), SECOND)
    with app.create_app(configuration).test_client() as client:
        yield client
