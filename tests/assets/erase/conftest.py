"""Two nights of the woven world, and a copy of them for each test."""

import shutil
from pathlib import Path

import pytest

from tests.support.erasing import woven_lake
from tests.support.erasing.woven_lake import placed
from warehouse.configuration.configuration import Configuration


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return woven_lake.two_nights(tmp_path_factory.mktemp("woven"))


@pytest.fixture
def woven(nights: Path, tmp_path: Path) -> Configuration:
    """A copy of it of the test's own."""
    shutil.copytree(nights, tmp_path, symlinks=True, dirs_exist_ok=True)
    return placed(tmp_path)
