"""A version opened for reading: its own file, verified, and what answers need to know of it as a whole.

Which version is in service, and for how long it stays open, is `reader.py`.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from serve.version.learner_cache import LearnerCache
from serve.version.lookup import Lookup
from serve.version.packed import Learner, Pulse
from warehouse import engine
from warehouse.errors import DamagedError, NoVersionError
from warehouse.versions.manifest import Manifest
from warehouse.versions.verification import Marks, verify
from warehouse.versions.versions import Warehouse
from warehouse.zones import DAY, is_zone, zone_info

MEMORY_LIMIT = "256MB"
PULSE_BYTES = 400  # of one beside its body, about

ABOUT, ABOUT_PROFILE = (Path(__file__).with_name(f"{name}.sql") for name in ("about", "about_profile"))
# Look-ups by SQL are planned each time, and most optimizers take longer than they spare.
OPTIMIZERS = frozenset({"filter_pushdown", "unused_columns"})
OTHER_OPTIMIZERS = """
select coalesce(string_agg(name, ','), '') from duckdb_optimizers() where not list_contains($wanted, name)
"""


class NoProfileError(NoVersionError):
    """The version was made without a profile, by an older release or with `pulse.profile = false`."""


@dataclass
class OpenVersion:
    """A version in service.

    Args:
        name: the version's name.
        data_through: the instant up to which it is complete, ISO 8601 in UTC.
        default_window_end: the last date of a learner whom it does not know (R14).
        default_timezone: the zone of such a learner.
        level_metric: the measure that the levels score (R15).
        built_at: when it was built and published, ISO 8601.
        warnings: what it says of its sources that stopped nothing.
        erased: how many learners had been erased by then.
        marks: those of its file when it was verified.
        connection: read-only, on its own file.
        lookup: finds the learners in it.
        profile: the first UTC day, and the day with which a week begins; None where it has no profile.
        pulses: what was answered to learners who were asked for lately.
        has_streams: whether it says what is of which stream (R31).
        requests: how many requests read it at this moment.
    """

    name: str
    data_through: str
    default_window_end: date
    default_timezone: str
    level_metric: str
    built_at: str
    warnings: tuple[str, ...]
    erased: int
    marks: Marks
    connection: duckdb.DuckDBPyConnection
    lookup: Lookup
    pulses: LearnerCache[Pulse]
    profile: tuple[date, str] | None = None
    has_streams: bool = False
    requests: int = field(default=0)
    _idle: list[duckdb.DuckDBPyConnection] = field(default_factory=list)
    _complete_through: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a cursor; as many are made as are needed at once."""
        try:
            cursor = self._idle.pop()
        except IndexError:
            cursor = self.connection.cursor()
        yield cursor  # after an error it is not used again
        self._idle.append(cursor)

    def learner(self, user_key: int) -> Learner | None:
        """Look up the learner with a key, None if the version has none."""
        return self.lookup.learner(user_key, self.cursor)

    def need_profile(self) -> tuple[date, str]:
        """Return the first UTC day, and the day with which a week begins.

        Raises:
            NoProfileError: it has no profile.
        """
        if self.profile is None:
            raise NoProfileError(f"version {self.name} has no profile")
        return self.profile

    def complete_to(self, timezone: str) -> datetime:
        """Return data through in a zone; in UTC if our zone data do not have the zone any more."""
        zone = zone_info(timezone if is_zone(timezone) else "UTC")
        return datetime.fromisoformat(self.data_through).astimezone(zone)

    def complete_through(self, timezone: str) -> str:
        """Return the last date that is over for learners of a zone (R12), ISO 8601; computed once per zone.

        It is what `pulse_totals.last_complete_date` says of them, which versions of schema 2 do not have.
        """
        complete = self._complete_through.get(timezone)
        if complete is None:
            complete = self._complete_through[timezone] = last_complete_date(self.complete_to(timezone)).isoformat()
        return complete

    def close(self) -> None:
        """Close the file; nobody may read it any more."""
        while self._idle:
            self._idle.pop().close()
        self.lookup.close()
        self.connection.close()
        self.pulses.clear()


def last_complete_date(complete_to: datetime) -> date:
    """Return the last date that is over (R12).

    Args:
        complete_to: data through, in the learner's zone.
    """
    return complete_to.date() - DAY


def open_version(warehouse: Warehouse, name: str, cache_bytes: int = 0, *, by_file: bool = True) -> OpenVersion:
    """Open a version's own file for reading, if it is what its manifest says.

    Args:
        warehouse: where it is.
        name: its name.
        cache_bytes: how many bytes of pulses of its learners are kept at most.
        by_file: whether learners are looked up in its look-up file, where it has a good one.

    Raises:
        NoVersionError: file and manifest differ, or its schema is not ours.
        OvertakenError: the pointer was set anew before that was known.
        OSError: there is no file.
        duckdb.Error: DuckDB cannot read the file.
    """
    pointer = pointed_to(warehouse)
    manifest, marks, connection, about = _opened(warehouse, name)
    data_through, window_end, timezone, metric, profile = about
    lookup = Lookup(warehouse, name)
    if by_file and manifest.has_lookup_file:
        try:
            lookup.open(manifest, lambda: pointed_to(warehouse) == pointer)
        except BaseException:
            connection.close()
            raise
    return OpenVersion(
        name,
        data_through,
        window_end,
        timezone,
        metric,
        manifest.built_at,
        manifest.warnings,
        manifest.erased,
        marks,
        connection,
        lookup,
        LearnerCache(cache_bytes, lambda pulse: sys.getsizeof(pulse.body) + PULSE_BYTES),
        profile,
        has_streams="activity_by_stream" in manifest.rows,
    )


def _opened(warehouse: Warehouse, name: str) -> tuple[Manifest, Marks, duckdb.DuckDBPyConnection, tuple[Any, ...]]:
    """Verify and open a file, and read its description. If its mode is changed meanwhile, begin again."""
    pointer, file = pointed_to(warehouse), warehouse.file(name)
    while True:
        manifest, marks = verify(warehouse, name, lambda: pointed_to(warehouse) == pointer)
        connection = _connect(file)
        try:
            _plan_quickly(connection)
            about = engine.one_row(connection, engine.sql(ABOUT), {"version": name})
            has_profile = "streaks" in manifest.rows
            about += (engine.one_row(connection, engine.sql(ABOUT_PROFILE)) if has_profile else None,)
            if _is_unchanged(file, marks):
                return manifest, marks, connection, about
        except BaseException:
            connection.close()
            raise
        connection.close()


def _is_unchanged(file: Path, marks: Marks) -> bool:
    """Tell whether a file still has its marks; if only its mode differs, it has to be read again.

    Raises:
        NoVersionError: it is another file, or somebody has written to it.
    """
    current = Marks.of(file.stat())
    if not current.is_same_but_for_ctime(marks):
        raise NoVersionError(f"{file} changed while it was opened")
    return current == marks


def pointed_to(warehouse: Warehouse) -> str | None:
    """Return the name in the pointer, None if there is none that can be read."""
    try:
        return warehouse.current()
    except (OSError, DamagedError):
        return None


def _connect(file: Path) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": MEMORY_LIMIT}
    connection = duckdb.connect(os.fspath(file), read_only=True, config=config)
    engine.prepare(connection)
    return connection


def _plan_quickly(connection: duckdb.DuckDBPyConnection) -> None:
    (unwanted,) = engine.one_row(connection, OTHER_OPTIMIZERS, {"wanted": sorted(OPTIMIZERS)})
    connection.execute("set disabled_optimizers = $unwanted", {"unwanted": unwanted})
