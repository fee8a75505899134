"""API keys in SQLite and in a real PostgreSQL, and the app on them; a file that asks another app has its own."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from serve.credentials import key_store
from tests.serve.credentials.api_key_table import with_keys, write
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from warehouse.configuration.configuration import Configuration


@pytest.fixture(scope="module")
def published(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return small_platform.copied(nights, tmp_path_factory.mktemp("keys"), SECOND)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, published: Configuration) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{published.path.parent}/keys.sqlite"


@pytest.fixture
def client(published: Configuration, url: str) -> FlaskClient:
    """The app on a table with `KEYS`."""
    write(url)
    return create_app(with_keys(published, url)).test_client()


@pytest.fixture
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its second where time is not what is tested."""
    if "a_second" not in request.fixturenames:
        monkeypatch.setattr(key_store, "STORE_SECONDS", 10.0)


@pytest.fixture
def a_second() -> float:
    """The second that a store has, for the tests that ask for it."""
    return key_store.STORE_SECONDS
