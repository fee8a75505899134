"""The published version, open for reading: follows the pointer without a restart and without a failed request.

The pointer is resolved and the real file is opened, never the symlink: within one process DuckDB hands out the database
that is already open under a path. One connection per version, a cursor per request. One request opens a new version
while the others go on with the last good one; an old version is closed when the last request that began with it ends.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import engine
from warehouse.errors import NoVersionError
from warehouse.schema import SCHEMA_VERSION
from warehouse.versions import Warehouse

logger = logging.getLogger(__name__)
MEMORY_LIMIT = "256MB"
REFUSED_SECONDS = 60.0  # a version that could not be opened is tried again so much later, or when the pointer is set

# The instant as text: a TIMESTAMPTZ reaches Python through pytz only, which a server does not have.
ABOUT = """
select strftime(make_timestamp(epoch_us(data_through)), '%Y-%m-%dT%H:%M:%SZ') as data_through, default_window_end
from version_info
where version = $version
"""


@dataclass
class OpenVersion:
    """A version in service.

    Args:
        name: the version's name.
        data_through: the instant up to which it is complete, ISO 8601 in UTC.
        default_window_end: the last date of a learner whom it does not know (R14).
        connection: read-only, on its own file.
        requests: how many requests read it at this moment.
    """

    name: str
    data_through: str
    default_window_end: date
    connection: duckdb.DuckDBPyConnection
    requests: int = field(default=0)


class Pointed(NamedTuple):
    """What the pointer is at a moment; `set_at` and `inode` differ when it is set anew, to the same version even."""

    version: str
    set_at: int
    inode: int


class Follower:
    """Hands out the version that the pointer names.

    Args:
        warehouse: whose pointer.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._opening = threading.Lock()  # held by the request that opens a version
        self._counting = threading.Lock()  # held for moments: which version is current, and who reads which
        self._current: OpenVersion | None = None
        self._followed: Pointed | None = None
        self._again_at = float("inf")

    @contextmanager
    def version(self) -> Iterator[OpenVersion]:
        """Give the current version for the length of a request; it stays open until the request ends.

        Raises:
            NoVersionError: nothing has been published that can be opened.
        """
        self._follow()
        opened = self._enter()
        try:
            yield opened
        finally:
            self._leave(opened)

    def _follow(self) -> None:
        """Put the version that the pointer names into service, unless another request is about to do so."""
        if self._to_follow() is None:
            return
        if self._opening.acquire(blocking=self._current is None):
            try:
                while (pointed := self._to_follow()) is not None:
                    self._switch_to(pointed)
            finally:
                self._opening.release()

    def _to_follow(self) -> Pointed | None:
        """Return what the pointer is if that is news; one that went missing leaves the last good version in service."""
        try:
            name, status = self._warehouse.current(), self._warehouse.pointer.lstat()
        except OSError:  # no pointer, or what stands in its place is none
            return None
        if name is None:
            return None
        pointed = Pointed(name, status.st_mtime_ns, status.st_ino)
        return pointed if pointed != self._followed or time.monotonic() >= self._again_at else None

    def _switch_to(self, pointed: Pointed) -> None:
        """Put a version in service; while it cannot be opened the last good one stays there."""
        again_at = float("inf")
        try:
            if self._current is None or self._current.name != pointed.version:
                self._put_in_service(open_version(self._warehouse, pointed.version))
        except Exception:
            logger.exception("version %s is refused, the last good one stays in service", pointed.version)
            again_at = time.monotonic() + REFUSED_SECONDS
        self._followed, self._again_at = pointed, again_at

    def _put_in_service(self, opened: OpenVersion) -> None:
        with self._counting:
            previous, self._current = self._current, opened
            is_idle = previous is not None and previous.requests == 0
        if previous is not None and is_idle:
            previous.connection.close()

    def _enter(self) -> OpenVersion:
        with self._counting:
            if self._current is None:
                message = f"nothing published in {self._warehouse.root} can be served; run `pulse nightly`"
                raise NoVersionError(message)
            self._current.requests += 1
            return self._current

    def _leave(self, opened: OpenVersion) -> None:
        with self._counting:
            opened.requests -= 1
            is_done = opened.requests == 0 and opened is not self._current
        if is_done:
            opened.connection.close()


def open_version(warehouse: Warehouse, name: str) -> OpenVersion:
    """Open a version's own file for reading, if it is what its manifest says.

    Raises:
        NoVersionError: file and manifest differ, or its schema is not ours.
        OSError: there is no file.
        duckdb.Error: DuckDB cannot read the file.
    """
    manifest, place = warehouse.manifest(name), warehouse.file(name)
    if manifest.version != name or place.stat().st_size != manifest.size:
        message = f"version {name}: {place} is not the file that its manifest describes"
        raise NoVersionError(message)
    if manifest.schema_version != SCHEMA_VERSION:
        message = f"version {name} has schema {manifest.schema_version}, this server reads {SCHEMA_VERSION}"
        raise NoVersionError(message)
    connection = _connect(place)
    try:
        data_through, default_window_end = engine.one_row(connection, ABOUT, {"version": name})
    except BaseException:
        connection.close()
        raise
    return OpenVersion(name, data_through, default_window_end, connection)


def _connect(place: Path) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": MEMORY_LIMIT}
    connection = duckdb.connect(os.fspath(place), read_only=True, config=config)
    engine.prepare(connection)
    return connection
