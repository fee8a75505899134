"""Where Dagster keeps its events: its own SQLite files, but a batch of asset events is one transaction a file.

A year of six partitioned assets is some 4,400 events; one by one, each opens and commits two files and the year takes
27 s, in batches it takes 2 s (docs/decisions/0002-dagster-events-in-batches.md). `dagster.yaml` names the class, which
is a supported hook, and `DAGSTER_EVENT_BATCH_SIZE` switches batches on; the parts it uses are Dagster's own and not
public, so the lock file holds Dagster to one patch and a test holds this class to Dagster's rows.
"""

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any, Self

from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData


class BatchingEventLogStorage(SqliteEventLogStorage):
    """The same files and rows as the class it extends; only fewer commits.

    Args:
        base_dir: the folder of the files.
        inst_data: what Dagster was configured with.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._db_lock = RLock()  # type: ignore[assignment] # Dagster never has the run's file and the index open at once

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Return the storage that `dagster.yaml` configures."""
        return cls(inst_data=inst_data, **config_value)

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
