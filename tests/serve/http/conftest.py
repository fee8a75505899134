"""The app that tests of what every answer has in common ask; a file that asks another one has its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.serve.http.asking import LISTED, PROXY, client_on
from tests.support.platforms.small_platform import SECOND


@pytest.fixture(scope="module")
def client(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("manners")
    with client_on(nights, folder, SECOND, cors_origins=[LISTED], trusted_proxies=[PROXY]) as client:
        yield client
