"""Events that are stored in batches are the rows that Dagster stores one by one.

What the events say is `tests/pipelines/jobs/test_dagster.py`'s.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import ASSET_CHECK_EVENTS, BATCH_WRITABLE_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage

from assets.orchestration.keys import lake_key, version_key
from pipelines.instance.event_log import BatchingEventLogStorage
from tests.support.running.dagster_place import DAYS, last_run

COUNTED_BY_THE_DATABASE = {
    "id",
    "event_id",
    "create_timestamp",
    "evaluation_event_storage_id",
    "materialization_event_storage_id",
}
TAGS_OF_OTHER_EVENTS = """
select count(*) from asset_event_tags left join event_logs on event_logs.id = asset_event_tags.event_id
where asset_event_tags.asset_key is distinct from event_logs.asset_key
"""
Rows = dict[str, list[tuple[object, ...]]]


def rows_of(folder: Path) -> Rows:
    """Return every row of every table of an event log's files but what the order of storing decides."""
    found = {}
    for file in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(file)) as database:
            names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
            for name in set(names) - {"alembic_version", "secondary_indexes", "sqlite_sequence"}:
                columns = [row[1] for row in database.execute(f"pragma table_info({name})")]
                kept = ", ".join(f'"{column}"' for column in columns if column not in COUNTED_BY_THE_DATABASE)
                rows = database.execute(f"select {kept} from {name}").fetchall()
                found[f"{file.stem}.{name}"] = sorted(rows, key=repr)
    return found


def batches(entries: list[EventLogEntry]) -> Iterator[list[EventLogEntry]]:
    """Yield the events of a run in order, those that Dagster may batch together."""
    batch: list[EventLogEntry] = []
    for entry in entries:
        if entry.dagster_event_type in BATCH_WRITABLE_EVENTS:
            batch.append(entry)
            continue
        if batch:
            yield batch
        batch = []
        yield [entry]
    if batch:
        yield batch


def as_dagster_does(storage: SqliteEventLogStorage, batch: list[EventLogEntry]) -> None:
    """Store a batch, and its events one by one if that fails: as `DagsterInstance.handle_new_event`."""
    if len(batch) == 1:
        storage.store_event(batch[0])
        return
    try:
        storage.store_event_batch(batch)
    except sqlite3.OperationalError:
        for event in batch:
            storage.store_event(event)


def stored(kind: type[SqliteEventLogStorage], entries: list[EventLogEntry], folder: Path) -> Rows:
    """Store events through a storage class and return the rows of its files."""
    folder.mkdir()
    storage = kind(str(folder))
    for batch in batches(entries):
        as_dagster_does(storage, batch)
    storage.dispose()
    return rows_of(folder)


class FailingOnce(BatchingEventLogStorage):
    """The index cannot be written when the first batch comes, after its rows have been."""

    has_failed = False

    def _store_asset_event(self, *words: object) -> None:
        if not self.has_failed:
            self.has_failed = True
            raise sqlite3.OperationalError("disk I/O error")
        super()._store_asset_event(*words)  # type: ignore[arg-type]


@pytest.mark.slow
def test_events_in_batches_are_the_rows_that_dagster_stores_one_by_one(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """Also when a batch fails half-way, and Dagster stores its events again: no event comes twice."""
    keys = {lake_key("xp_events"), lake_key("users"), version_key("users"), version_key("pulse_totals")}
    night = instance.all_logs(last_run(instance).run_id)
    entries = [entry for entry in night if entry.dagster_event and entry.dagster_event.asset_key in keys]
    entries += [entry for entry in night if entry.dagster_event_type in ASSET_CHECK_EVENTS]
    expected = stored(SqliteEventLogStorage, entries, tmp_path / "one by one")
    assert sum(map(len, expected.values())) > 4 * len(DAYS), "planned and materialized, in the run's file and the index"
    for kind in (BatchingEventLogStorage, FailingOnce):
        found = stored(kind, entries, tmp_path / kind.__name__)
        assert found.keys() == expected.keys()
        for table, rows in expected.items():
            assert found[table] == rows, (kind, table)
        with closing(sqlite3.connect(tmp_path / kind.__name__ / "index.db")) as index:
            assert index.execute(TAGS_OF_OTHER_EVENTS).fetchall() == [(0,)]
