"""Where Dagster keeps its events: its own SQLite files, kept open, and a batch of asset events is one transaction.

A year of six partitioned assets is some 4,400 events; one by one, each opens and commits two files and the year takes
27 s, in batches it takes 2 s. Dagster also opens a file for every look at it, some hundred times in a short night
(docs/decisions/0002-dagster-events-in-batches.md). `dagster.yaml` names the class, which is a supported hook, and
`DAGSTER_EVENT_BATCH_SIZE` switches batches on; the parts it uses are Dagster's own and not public, so the lock file
holds Dagster to one patch and a test holds this class to Dagster's rows.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, Self

from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, inspect

from pipelines.instance.kept_file import KeptFile, engine_of, identity_of


class BatchingEventLogStorage(SqliteEventLogStorage):
    """The same files and rows as the class it extends; only fewer commits, and the files are kept open.

    Those are the index, and the file of the run that was asked for last: a UI that looks at many runs holds no more.

    Args:
        base_dir: the folder of the files.
        inst_data: what Dagster was configured with.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: dict[str, KeptFile] = {}
        self._keeping = RLock()  # around that; Dagster looks for a table without its own lock
        super().__init__(base_dir, inst_data)
        self._db_lock = RLock()  # type: ignore[assignment] # Dagster never has the run's file and the index open at once

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Return the storage that `dagster.yaml` configures."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine_of(shard).begin() as connection:
            yield connection

    def _engine_of(self, shard: str) -> Engine:
        """Return the connections of a file; if it was removed or replaced meanwhile, of the one that is there now."""
        file = self.path_for_shard(shard)
        with self._keeping:
            kept = self._kept.get(shard)
            if kept is not None and kept.is_still(file):
                return kept.engine
            for other in [shard] if shard == INDEX_SHARD_NAME else [*(self._kept.keys() - {INDEX_SHARD_NAME})]:
                self._close(other)
            engine = self._opened(shard, is_new=shard not in self._initialized_dbs or identity_of(file) is None)
            self._kept[shard] = KeptFile.of(engine, file)
            return engine

    def _opened(self, shard: str, *, is_new: bool) -> Engine:
        engine = engine_of(self.conn_string_for_shard(shard))
        if is_new:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def _close(self, shard: str) -> None:
        kept = self._kept.pop(shard, None)
        if kept is not None:
            kept.engine.dispose()

    def has_table(self, table_name: str) -> bool:
        """Tell whether the index has a table."""
        return bool(inspect(self._engine_of(INDEX_SHARD_NAME)).has_table(table_name))

    def dispose(self) -> None:
        """Close the files, and stop watching them."""
        super().dispose()
        with self._keeping:
            for shard in [*self._kept]:
                self._close(shard)

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event as Dagster does.

        Args:
            event: of a run, or of none.
        """
        super().store_event(event)
        self._show(event.run_id)

    def _show(self, run_id: str) -> None:
        """Let those who watch a run's file see that it was written: until it is closed, only its log is."""
        os.utime(self.path_for_shard(run_id))

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run, those about assets together.

        Args:
            events: what a step has to tell, in order.
        """
        about_assets = [event for event in events if event.dagster_event_type in ASSET_EVENTS]
        if about_assets:
            self._store_asset_events(about_assets)
        for event in events:
            if event.dagster_event_type not in ASSET_EVENTS:
                self.store_event(event)

    def _store_asset_events(self, about_assets: Sequence[EventLogEntry]) -> None:
        insert = SqlEventLogStorageTable.insert()
        rows = [self._event_to_row(event) for event in about_assets]
        # In both files or in none: the events of a batch that failed, Dagster stores again one by one.
        with self.run_connection(about_assets[0].run_id) as run_file, self.index_transaction() as index:
            run_file.execute(insert, rows)
            ids = [index.execute(insert, row).lastrowid for row in rows]
            self._store_asset_event_tags(index, about_assets, ids)
            newest = {row["asset_key"]: index_of_row for index_of_row, row in enumerate(rows)}
            for index_of_row in newest.values():  # an asset's own row holds its last event only
                self._store_asset_event(index, about_assets[index_of_row], ids[index_of_row])
        self._show(about_assets[0].run_id)
