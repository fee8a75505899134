"""`pulse.by_stream`: what it adds, and that nothing is another without it (R31).

That the table is right, random worlds say (`tests/oracle/`), and golden cases by hand. Here is what it leaves as it
was, what becomes of it when streams and rows come and go, and what Dagster shows of it.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.orchestration.keys import version_key
from pipelines.definitions import definitions
from tests.documents.documents import TEXTS, blocks_of
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, SECOND, SECOND_NIGHT
from tests.support.running import replay
from tests.support.running.in_full import hash_in_full
from warehouse import engine
from warehouse.configuration.configuration import load
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration
    from warehouse.versions.manifest import Manifest

TABLE = "activity_by_stream"
ROWS = f"select user_id, activity_date::varchar, stream, xp, learning_time, sessions, quizzes from {TABLE} order by all"


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    """Two nights have been published, not by stream."""
    return small_platform.copied(nights, tmp_path, SECOND)


def by_stream(configuration: Configuration, *, is_on: bool = True) -> Configuration:
    pulse = configuration.pulse.model_copy(update={"by_stream": is_on})
    return configuration.model_copy(update={"pulse": pulse})


def published(configuration: Configuration) -> Manifest:
    manifest = publish_lake(Night.of(configuration), replay.GUARDS)
    assert manifest is not None
    return manifest


def rows_by_stream(configuration: Configuration) -> list[tuple[object, ...]]:
    with replay.published(configuration) as connection:
        return connection.execute(ROWS).fetchall()


def sums_of_activity(configuration: Configuration) -> dict[str, str]:
    folder = Lake.of(configuration).root / "activity"
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def tables_of(configuration: Configuration) -> dict[str, int]:
    """A hash of every table of the published version, but of what says which version it is."""
    with replay.published(configuration) as connection:
        engine.prepare(connection)
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        hashed = "select coalesce(sum(hash({0})), 0)::hugeint from {0}"
        return {name: connection.execute(hashed.format(name)).fetchall()[0][0] for name in names} | {"version_info": 0}


# --- without it -------------------------------------------------------------------------------------------------------


def test_without_it_files_and_hash_are_what_they_were_before_it_was_on(configuration: Configuration) -> None:
    files, tables = sums_of_activity(configuration), tables_of(configuration)
    logical_hash = Warehouse.of(configuration).manifest(SECOND).logical_hash
    on = published(by_stream(configuration))
    assert on.logical_hash != logical_hash
    assert sums_of_activity(configuration).keys() == files.keys()
    assert not sums_of_activity(configuration).items() & files.items()  # each day says so, and was made again
    assert {name: rows for name, rows in tables_of(configuration).items() if name != TABLE} == tables
    off = published(by_stream(configuration, is_on=False))
    assert off.logical_hash == logical_hash
    assert sums_of_activity(configuration) == files
    assert tables_of(configuration) == tables
    assert TABLE not in off.rows
    assert off.rows["restatements"] == on.rows["restatements"] == 0


def test_activity_without_it_has_no_column_of_streams(configuration: Configuration) -> None:
    file = Lake.of(configuration).activity(SECOND_NIGHT)
    for is_on in (False, True):
        published(by_stream(configuration, is_on=is_on))
        with duckdb.connect() as connection:
            described = connection.execute(f"describe select * from {engine.files([file])}").fetchall()
        assert ("streams" in {name for name, *_ in described}) is is_on


# --- with it ----------------------------------------------------------------------------------------------------------


def test_each_stream_has_what_its_kind_measures_and_zeros(configuration: Configuration) -> None:
    """By hand from `small_platform`; whoever has no activity has no row."""
    published(by_stream(configuration))
    found = rows_by_stream(configuration)
    assert [row[1:] for row in found if row[0] == ANA] == [
        ("2025-12-29", "sessions", 0, 1800, 1, 0),
        ("2025-12-29", "xp_events", 10, 0, 0, 0),
        ("2025-12-30", "quiz_attempts", 0, 0, 0, 2),
        ("2025-12-30", "xp_events", 20, 0, 0, 0),
        ("2025-12-31", "xp_events", 40, 0, 0, 0),
    ]
    assert {row[0] for row in found} == {ANA, BEN, small_platform.KIM, small_platform.ZOE, small_platform.QUOTED}


def test_it_does_not_need_the_profile(configuration: Configuration) -> None:
    published(by_stream(configuration))
    expected = rows_by_stream(configuration)
    without = configuration.pulse.model_copy(update={"by_stream": True, "profile": False})
    manifest = published(configuration.model_copy(update={"pulse": without}))
    assert "streaks" not in manifest.rows
    assert rows_by_stream(configuration) == expected != []


def test_a_night_that_keeps_days_has_the_rows_of_one_in_full(configuration: Configuration, nights: Path) -> None:
    """A second time nothing has changed, and a third time a row is late on the first day."""
    platform_file = configuration.path.parent / "platform.sqlite"
    shutil.copyfile(nights / platform_file.name, platform_file)
    text = configuration.path.read_text(encoding="utf-8").replace(str(nights), str(platform_file.parent))
    configuration.path.write_text(text, encoding="utf-8")
    on = by_stream(load(configuration.path, uses=["sources"]))
    published(on)
    again = published(on)
    assert again.kept_from
    assert again.logical_hash == hash_in_full(on)
    with closing(sqlite3.connect(platform_file)) as platform, platform:
        platform.execute("insert into sessions values (99, 'ben', '2025-12-29T23:30:00Z', '2025-12-30T00:30:00Z')")
    late = replay.night(on, SECOND_NIGHT, SECOND_NIGHT)
    assert late.kept_from
    assert late.logical_hash == hash_in_full(on)
    ben = [row[1:] for row in rows_by_stream(on) if row[0] == BEN and row[2] == "sessions"]
    assert ben == [("2025-12-29", "sessions", 0, 8 * 3600 + 1800, 2, 0), ("2025-12-30", "sessions", 0, 1800, 0, 0)]


def test_a_stream_that_is_gone_takes_its_rows_along(configuration: Configuration) -> None:
    on = by_stream(configuration)
    published(on)
    before = rows_by_stream(on)
    streams = {name: stream for name, stream in on.streams.items() if name != "quiz_attempts"}
    fewer = on.model_copy(update={"streams": streams})
    manifest = published(fewer)
    assert rows_by_stream(fewer) == [row for row in before if row[2] != "quiz_attempts"] != before
    assert manifest.logical_hash == hash_in_full(fewer)


def test_the_query_of_the_reference_asks_by_subject(configuration: Configuration) -> None:
    published(by_stream(configuration))
    queries = [text for text in blocks_of(TEXTS["docs/reference/configuration.md"], "text") if TABLE in text]
    with replay.published(configuration) as connection:
        found = [connection.execute(query).fetchall() for query in queries]
    assert found == [[("sessions", 2, 8, 2)]]  # Ana's half an hour and Ben's eight


def test_dagster_shows_the_table_with_its_checks_where_there_is_one(configuration: Configuration) -> None:
    for is_on in (False, True):
        graph = definitions(by_stream(configuration, is_on=is_on)).resolve_asset_graph()
        assert (version_key(TABLE) in graph.get_all_asset_keys()) is is_on
        checks = {key.name for key in graph.asset_check_keys}
        assert ({"streams_equal_days", "landings_equal_streams"} <= checks) is is_on
