"""Databases with rows that settings could bend; a file whose tests need others has its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assets.step1_extract.settings_against_us import with_rows
from tests.support.platforms.sources import Platform, server_platform


@pytest.fixture
def postgres(postgres_url: str, tmp_path: Path) -> Iterator[Platform]:
    with server_platform(postgres_url, tmp_path) as found:
        yield with_rows(found)


@pytest.fixture
def mariadb(mariadb_url: str, tmp_path: Path) -> Iterator[Platform]:
    with server_platform(mariadb_url, tmp_path) as found:
        yield with_rows(found)
