"""What tests of the steps share: databases that they fill row by row."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platforms.sources import PLATFORMS, Platform, platform_of, sqlite_platform


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """An empty database of each kind."""
    with platform_of(request, tmp_path) as found:
        yield found


@pytest.fixture
def sqlite_source(tmp_path: Path) -> Platform:
    """An empty SQLite database."""
    return sqlite_platform(tmp_path)
