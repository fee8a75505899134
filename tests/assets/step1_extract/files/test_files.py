"""Streams of Parquet, CSV and JSON lines: the same numbers whatever a platform is written as, and errors by name."""

from pathlib import Path

import pytest

from assets.night.night import Night
from assets.reconcile.reconcile import reconcile
from tests.support.platforms.file_platform import (
    COLUMNS,
    ENDINGS,
    SECOND,
    configuration,
    of_files,
    write_days,
    write_duckdb,
    write_files,
    write_sqlite,
)
from tests.support.platforms.sources import night, published
from tests.support.slowly import slowly
from warehouse.lake.lake import Lake

PATTERNS = ("exports/{name}-{day}.", "exports/{name}.")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The logical hash of the platform in SQLite."""
    folder = tmp_path_factory.mktemp("sqlite")
    write_sqlite(folder / "platform.db")
    tables = {name: f'source = "platform"\ntable = "{name}"' for name in COLUMNS}
    manifest = night(configuration(folder, tables, source="sqlite:///platform.db"), SECOND)
    assert manifest is not None
    return manifest.logical_hash


@pytest.mark.parametrize(
    ("pattern", "ending"),
    slowly([(pattern, ending) for pattern in PATTERNS for ending in ENDINGS], quick=3),
)
def test_a_platform_of_files_has_the_numbers_of_the_same_in_sqlite(
    pattern: str, ending: str, expected: str, tmp_path: Path
) -> None:
    """The logical hash is the same, nothing has drifted, and 007 is another learner than 7."""
    write = write_days if "{day}" in pattern else write_files
    write(tmp_path, ending)
    configured = of_files(tmp_path, pattern + ending)
    manifest = night(configured, SECOND)
    assert manifest is not None
    assert manifest.logical_hash == expected
    assert published(
        configured, "select user_id, sum(xp_earned)::bigint from daily_activity group by 1 order by 1"
    ) == [
        ("007", 30),
        ("7", 6),
    ]
    comparison, _ = reconcile(Night.of(configured))
    assert comparison.drifts == []


@pytest.mark.slow
def test_a_platform_in_duckdb_has_the_numbers_of_the_same_in_sqlite(expected: str, tmp_path: Path) -> None:
    write_duckdb(tmp_path / "platform.duckdb")
    tables = {name: f'source = "platform"\ntable = "{name}"' for name in COLUMNS}
    configured = configuration(tmp_path, tables, source="duckdb:///platform.duckdb")
    manifest = night(configured, SECOND)
    assert manifest is not None
    assert manifest.logical_hash == expected
    comparison, _ = reconcile(Night.of(configured))
    assert comparison.drifts == []
    assert len(Lake.of(configured).landings(configured)) == 6
