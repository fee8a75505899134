"""Learners with public names, published once for every file here, and a copy for tests that change something."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from tests.serve.public.public_answers import DAYS
from tests.support.platforms import public_platform
from warehouse.configuration.configuration import Configuration


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    configuration = public_platform.make(tmp_path_factory.mktemp("public") / "platform", DAYS)
    public_platform.publish(configuration)
    return configuration


@pytest.fixture(scope="module")
def client(published: Configuration) -> Iterator[FlaskClient]:
    """The app, for tests that change nothing."""
    with create_app(published).test_client() as client:
        yield client


@pytest.fixture
def own(published: Configuration, tmp_path: Path) -> Configuration:
    """A copy of what was published, for tests that change something."""
    folder = tmp_path / "platform"
    shutil.copytree(published.path.parent, folder, symlinks=True)
    path = folder / "pulse.toml"
    path.write_text(path.read_text().replace(str(published.path.parent), str(folder)))
    return public_platform.loaded(path)
