"""Step 1: read a stream from its source, in one consistent read-only snapshot (R1, R2).

Rows come in batches ordered by their instant, so memory is bounded whatever their number. What a source is asked is
`selects/`, what its values mean is `values/`, and landing them is step 2.
"""

from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

import pyarrow as pa
from sqlalchemy import Connection, Select

from assets.night.progress import Progress
from assets.step1_extract.files.relations import holding_still
from assets.step1_extract.selects.columns import MappedTable, reflect
from assets.step1_extract.selects.figures import figures_by_day
from assets.step1_extract.selects.selects import Selects
from assets.step1_extract.source.clocks import clock_of, refuse_clock_behind
from assets.step1_extract.source.connect import connected
from assets.step1_extract.source.snapshot import Snapshot, ThreadSnapshot, snapshot
from assets.step1_extract.source.waiting import SourceThread
from assets.step1_extract.values.batches import read_batch
from warehouse import clock
from warehouse.condition import row_security
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.lake.days import DAY
from warehouse.lake.landing import NO_ROWS, Figures

# Whoever does not read to the end closes it, while the snapshot is open.
Batches: TypeAlias = Generator[pa.RecordBatch, None, None]


@dataclass(frozen=True)
class Reader:
    """A stream in one snapshot of its source.

    Args:
        stream: the stream.
        selects: what is asked of its table or query, whose columns have been checked.
        source: the open snapshot.
        is_table_empty: whether policies that are meant left no row at all to be seen.
        taken_at: when the snapshot was taken, UTC.
        source_time: what time it was by the source's own clock, UTC; None where it has none.
    """

    stream: Stream
    selects: Selects
    source: Snapshot
    is_table_empty: bool = False
    taken_at: datetime = field(default_factory=lambda: clock.now())  # noqa: PLW0108 - whatever it is then
    source_time: datetime | None = None

    @property
    def mapped(self) -> MappedTable:
        """The stream's table or query, and the columns that are read of it."""
        return self.selects.mapped

    @property
    def reads_wider(self) -> bool:
        """Whether the source's order may differ from the order of instants, as with text or a declared zone (R1)."""
        return self.selects.reads_wider

    @property
    def reads_whole_table(self) -> bool:
        """Whether `rows` yields every row with an instant, whatever the days are."""
        return self.selects.reads_whole_table

    @property
    def uuids(self) -> frozenset[str]:
        """The roles whose ids are read as UUIDs."""
        return self.selects.uuids

    def refuse_missing(self, days: Collection[date]) -> None:
        """Make sure that every day to be read has its file, where files have days.

        Raises:
            SourceUnavailableError: one has none.
        """
        if self.mapped.relation is not None and self.mapped.relation.listing is not None:
            self.mapped.relation.listing.refuse_missing(days)

    def users(self) -> Batches:
        """Yield every row of a users stream."""
        yield from self._read(self.selects.every_row())

    def rows(self, first: date, last: date) -> Batches:
        """Yield, ordered by instant, the rows of the UTC days `first` to `last`, and more where `reads_wider`."""
        yield from self._read(self.selects.rows(*self._bounds(first, last)))

    def undated(self) -> Batches:
        """Yield the rows whose instant is null or unreadable (R19)."""
        yield from self._read(self.selects.undated())

    def sample(self, limit: int, *, newest_first: bool) -> Batches:
        """Yield some rows that have an instant, the newest of them if an index on it serves."""
        yield from self._read(self.selects.sample(clock.now().date() + DAY, limit, newest_first=newest_first))

    def some_undated(self, limit: int) -> Batches:
        """Yield some of the rows of `undated`."""
        yield from self._read(self.selects.undated().limit(limit))

    def figures(self, first: date, last: date) -> dict[str, Figures]:
        """Return what the source says itself of all that `rows` would read, by days as it spells them.

        Those are UTC days, unless it `reads_wider`.
        """
        names, query = self.selects.figures(*self._bounds(first, last))
        return figures_by_day(names, self.source.rows(query))

    def strays(self, days: Collection[date]) -> int:
        """Return how many rows stand in files of these days and are of another, where files have days."""
        query = self.selects.strays(min(days), max(days) + DAY)
        return 0 if query is None else int(self.source.rows(query)[0][0])

    def figures_of(self, day: date, figures: Mapping[str, Figures]) -> dict[str, Figures]:
        """Return what of `figures` tells whether the rows of a UTC day have changed, when the source is asked again.

        Where it `reads_wider` those are its own day, the one before, and the one after if that was over everywhere.
        """
        days = [day]
        if self.reads_wider:
            days += [day - DAY]
            noon_after = datetime.combine(day + 2 * DAY, time(12), tzinfo=UTC)  # when a day has ended at UTC-12
            days += [day + DAY] if self.taken_at >= noon_after else []
        return {neighbour.isoformat(): figures.get(neighbour.isoformat(), NO_ROWS) for neighbour in sorted(days)}

    def _bounds(self, first: date, last: date) -> tuple[date, date]:
        """Return from which day on, and up to which other, the rows of UTC days may be by the source's own dates."""
        wider = DAY if self.reads_wider else 0 * DAY
        return first - wider, last + wider + DAY

    def _read(self, query: Select[*tuple[Any, ...]]) -> Batches:
        for raw in self.source.batches(query):
            yield read_batch(raw, self.stream.kind, self.stream.timezone, self.stream.tables)


@contextmanager
def open_stream(
    configuration: Configuration,
    stream: Stream,
    progress: Progress | None = None,
    *,
    whatever_the_clock: bool = False,
) -> Iterator[Reader]:
    """Open one snapshot of a stream's source, with the table reflected and its columns checked before any row.

    Args:
        configuration: with its sources resolved.
        stream: any stream.
        progress: is told of policies that filter rows.
        whatever_the_clock: whether to read although our clock is behind, for what lands nothing.

    Raises:
        ClockError: our clock is behind that of the source.
        ConfigurationError: the source's url is none that we can use.
        SourceDriftError: the table is not what the mapping says, or would be filtered by row level security.
        SourceUnavailableError: the source does not answer, or stops answering; the message has nothing of its URL but
            host and database.
    """
    with connected(configuration, stream) as (thread, connection):
        source_time = None if whatever_the_clock else _time_at(thread, connection, stream)
        mapped = thread.call(lambda: reflect(connection, stream))
        has_any_bytes = thread.call(lambda: _has_any_bytes(connection))
        thread.call(connection.rollback)
        settings, dialect = configuration.sources[stream.source], connection.dialect
        opened = thread.connect(snapshot(connection, settings.longest_statement, settings.row_security))
        source, version = ThreadSnapshot(opened, thread), dialect.server_version_info or ()
        policies = row_security.filters(stream.source, settings)
        selects = Selects(stream, mapped, dialect.name, version, has_any_bytes)
        is_empty = bool(policies) and source.rows(selects.row_count(limit=1)) == [(0,)]
        for line in [*policies, *([row_security.empty_table(stream)] if is_empty else [])]:
            (progress or Progress()).note(line)
        with holding_still(mapped.relation):
            yield Reader(stream, selects, source, is_empty, source_time=source_time)


def time_at(configuration: Configuration, stream: Stream) -> datetime | None:
    """Return what time it is at a stream's source, UTC; None where that has no clock.

    Raises:
        ClockError, ConfigurationError, SourceUnavailableError: as `open_stream`.
    """
    with connected(configuration, stream) as (thread, connection):
        return _time_at(thread, connection, stream)


def _time_at(thread: SourceThread, connection: Connection, stream: Stream) -> datetime | None:
    source_time = thread.call(lambda: clock_of(connection))
    refuse_clock_behind(stream.source, source_time)
    return source_time


def _has_any_bytes(connection: Connection) -> bool:
    """Whether texts may be no text: of a database in SQL_ASCII PostgreSQL itself does not know what they say."""
    if connection.dialect.name != "postgresql":
        return False
    return connection.exec_driver_sql("select current_setting('server_encoding')").scalar() == "SQL_ASCII"
