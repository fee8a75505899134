"""The published version, open for reading: follows the pointer without a restart and without a failed request.

The pointer is resolved and the real file is opened, never the symlink: within one process DuckDB hands out the database
that is already open under a path. One connection per version, a cursor per request; an old version is closed when the
last request that began with it has ended.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from warehouse import engine
from warehouse.errors import NoVersionError
from warehouse.schema import SCHEMA_VERSION
from warehouse.versions import Warehouse

logger = logging.getLogger(__name__)
MEMORY_LIMIT = "256MB"


@dataclass
class OpenVersion:
    """A version in service.

    Args:
        name: the version's name.
        data_through: the instant up to which it is complete.
        default_window_end: the last date of a learner whom it does not know (R14).
        connection: read-only, on its own file.
        requests: how many requests read it at this moment.
    """

    name: str
    data_through: datetime
    default_window_end: date
    connection: duckdb.DuckDBPyConnection
    requests: int = field(default=0)


class Follower:
    """Hands out the version that the pointer names.

    Args:
        warehouse: whose pointer.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._lock = threading.Lock()
        self._current: OpenVersion | None = None
        self._refused: str | None = None

    @contextmanager
    def version(self) -> Iterator[OpenVersion]:
        """Give the current version for the length of a request; it stays open until the request ends.

        Raises:
            NoVersionError: nothing has been published that can be opened.
        """
        with self._lock:
            opened = self._follow()
            opened.requests += 1
        try:
            yield opened
        finally:
            with self._lock:
                opened.requests -= 1
                if opened.requests == 0 and opened is not self._current:
                    opened.connection.close()

    def _follow(self) -> OpenVersion:
        name = self._warehouse.current()
        current = self._current
        if name is not None and name != self._refused and (current is None or name != current.name):
            self._switch_to(name)
        if self._current is None:
            message = f"nothing that can be served has been published in {self._warehouse.root}; run `pulse nightly`"
            raise NoVersionError(message)
        return self._current

    def _switch_to(self, name: str) -> None:
        """Open a version and put it in service; one that cannot be opened leaves the last good one there."""
        try:
            opened = open_version(self._warehouse, name)
        except (NoVersionError, duckdb.Error, OSError):
            logger.exception("version %s is refused, the last good one stays in service", name)
            self._refused = name
            return
        previous, self._current, self._refused = self._current, opened, None
        if previous is not None and previous.requests == 0:
            previous.connection.close()


def open_version(warehouse: Warehouse, name: str) -> OpenVersion:
    """Open a version's own file for reading, if it is what its manifest says.

    Raises:
        NoVersionError: file and manifest differ, or its schema is not ours.
        duckdb.Error: DuckDB cannot read the file.
    """
    manifest, place = warehouse.manifest(name), warehouse.file(name)
    if place.stat().st_size != manifest.size:
        message = f"version {name}: {place} has not the size that its manifest says"
        raise NoVersionError(message)
    if manifest.schema_version != SCHEMA_VERSION:
        message = f"version {name} has schema {manifest.schema_version}, this server reads {SCHEMA_VERSION}"
        raise NoVersionError(message)
    connection = _connect(place)
    query = "select data_through, default_window_end from version_info where version = $name"
    data_through, default_window_end = engine.one_row(connection, query, {"name": name})
    return OpenVersion(name, data_through, default_window_end, connection)


def _connect(place: Path) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": MEMORY_LIMIT}
    connection = duckdb.connect(os.fspath(place), read_only=True, config=config)
    engine.prepare(connection)
    return connection
