"""A benchmark's data folder is put back in everything that a night leaves: every round measures the same night."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tests.benchmarks import lakes
from tests.support.platforms import small_platform
from warehouse.configuration.configuration import Configuration
from warehouse.versions.versions import Warehouse


def files_of(folder: Path) -> dict[str, bytes]:
    """Return what is in a folder, but for the names of a lock's last holder."""
    return {
        str(path.relative_to(folder)): bytes(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.suffix != ".lock" and (path.is_symlink() or path.is_file())
    }


def restated(configuration: Configuration) -> list[tuple[object, ...]]:
    with duckdb.connect(str(Warehouse.of(configuration).file(small_platform.SECOND)), read_only=True) as version:
        return version.execute("select version, user_id, activity_date, measure, old, new from restatements").fetchall()


@pytest.mark.slow
def test_the_same_night_runs_again_after_it_was_put_back(tmp_path: Path) -> None:
    """With the restatements of its first time: what the version before was made from is put back as well."""
    configuration = small_platform.make(tmp_path)
    small_platform.publish(configuration, small_platform.FIRST_NIGHT)
    lakes.keep(tmp_path)
    before = files_of(tmp_path / "var")
    with closing(sqlite3.connect(tmp_path / "platform.sqlite")) as platform, platform:
        platform.execute("update xp_events set amount = amount + 1 where id = 2")
    found = []
    for _ in range(2):
        small_platform.publish(configuration, small_platform.SECOND_NIGHT)
        assert files_of(tmp_path / "var") != before
        found.append(restated(configuration))
        lakes.put_back(tmp_path)
        assert files_of(tmp_path / "var") == before
    assert len(found[0]) == 1, "one learner's XP of one date"
    assert found[1] == found[0]
