"""Step 1: read a stream from its source, in one consistent read-only snapshot (R1, R2).

Here is which rows are asked for, in which order, and how many there are by the source's own count. Rows come in
batches ordered by their instant, so memory is bounded whatever their number; landing them is step 2.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

import pyarrow as pa
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Select,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
    types,
)

from assets.night.progress import Progress
from assets.step1_extract.clocks import clock_of, refuse_clock_behind
from assets.step1_extract.columns import MappedTable, reflect
from assets.step1_extract.connect import connected
from assets.step1_extract.figures import figure_columns, figures_by_day, source_day
from assets.step1_extract.never import at_most_the_last_instant
from assets.step1_extract.snapshot import Snapshot, ThreadSnapshot, snapshot
from assets.step1_extract.types import is_bit, may_end_in_zeros
from assets.step1_extract.values import read_batch
from assets.step1_extract.waiting import SourceThread
from warehouse import clock
from warehouse.condition import row_security
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.configuration.streams import DELETED_AT, Role, instant_of
from warehouse.lake.days import DAY
from warehouse.lake.landing import NO_ROWS, Figures

# Whoever does not read to the end closes it, while the snapshot is open.
Batches: TypeAlias = Generator[pa.RecordBatch, None, None]

MYSQL = {"mysql", "mariadb"}


@dataclass(frozen=True)
class Reader:
    """A stream in one snapshot of its source.

    Args:
        stream: the stream.
        mapped: its table and columns, checked.
        source: the open snapshot.
        dialect: SQLAlchemy's name of the source's dialect.
        server_version: the version of its server.
        has_any_bytes: whether the source may give texts that are none.
        is_table_empty: whether policies that are meant left no row at all to be seen.
        taken_at: when the snapshot was taken, UTC.
        source_time: what time it was by the source's own clock, UTC; None where it has none.
    """

    stream: Stream
    mapped: MappedTable
    source: Snapshot
    dialect: str
    server_version: Sequence[int | str] = ()
    has_any_bytes: bool = False
    is_table_empty: bool = False
    taken_at: datetime = field(default_factory=lambda: clock.now())  # noqa: PLW0108 - whatever it is then
    source_time: datetime | None = None

    @property
    def reads_wider(self) -> bool:
        """Whether the source's order may differ from the order of instants, as with text or a declared zone (R1)."""
        return self.dialect == "sqlite" or (self.stream.timezone != "UTC" and not self._is_zoned(self._instant))

    @property
    def uuids(self) -> frozenset[str]:
        """The roles whose ids are read as UUIDs, 16 bytes each: as text they take twice as long to read and to judge.

        Only those of events, which are many, and where Arrow has a type for what the driver gives.
        """
        if self.dialect != "postgresql" or self.stream.kind == "users":
            return frozenset()
        columns = self.mapped.columns.items()
        return frozenset(role.name for role, column in columns if isinstance(column.type, types.Uuid))

    def users(self) -> Batches:
        """Yield every row of a users stream."""
        yield from self._read(self._select())

    def rows(self, first: date, last: date) -> Batches:
        """Yield, ordered by instant, the rows of the UTC days `first` to `last`, and more where `reads_wider`."""
        yield from self._read(self._select().where(self._within(first, last)).order_by(self._raw(self._instant)))

    def undated(self) -> Batches:
        """Yield the rows whose instant is null or unreadable (R19)."""
        yield from self._read(self._select().where(self._is_undated()))

    def figures(self, first: date, last: date) -> dict[str, Figures]:
        """Return what the source says itself of all that `rows` would read, by days as it spells them.

        Those are UTC days, unless it `reads_wider`.
        """
        figures = figure_columns(self.mapped.columns, self.dialect, self.server_version)
        day = source_day(self._instant, self.dialect)
        query = select(day, *figures).where(self._within(first, last)).group_by(day)
        return figures_by_day([figure.name for figure in figures], self.source.rows(query))

    def figures_of(self, day: date, figures: Mapping[str, Figures]) -> dict[str, Figures]:
        """Return what of `figures` tells whether the rows of a UTC day have changed, when the source is asked again.

        Where it `reads_wider` those are its own day, the one before, and the one after if that was over everywhere.
        """
        days = [day]
        if self.reads_wider:
            days += [day - DAY]
            noon_after = datetime.combine(day + 2 * DAY, time(12), tzinfo=UTC)  # when a day has ended at UTC-12
            days += [day + DAY] if self.taken_at >= noon_after else []
        return {one.isoformat(): figures.get(one.isoformat(), NO_ROWS) for one in sorted(days)}

    @property
    def _instant(self) -> Column[object]:
        name = instant_of(self.stream.kind)
        return next(column for role, column in self.mapped.columns.items() if role.name == name)

    def _is_zoned(self, column: Column[object]) -> bool:
        """Whether a column carries its zone; MySQL's TIMESTAMP does, and is UTC in our session."""
        is_mysql = self.dialect in MYSQL and isinstance(column.type, types.TIMESTAMP)
        return is_mysql or (isinstance(column.type, DateTime) and column.type.timezone)

    def _select(self) -> Select[*tuple[Any, ...]]:
        return select(*(self._column(role, column).label(role.name) for role, column in self.mapped.columns.items()))

    def _column(self, role: Role, column: Column[object]) -> ColumnElement[Any]:
        """PostgreSQL gives what Arrow has a type for; others give what their driver gives."""
        is_local = role.type == "instant" and self.stream.timezone != "UTC"
        if self.dialect in MYSQL and is_local and self._is_zoned(column):  # or else it would be read as a local time
            return func.concat(cast(self._raw(column), types.String), "+00:00")
        if self.dialect in MYSQL and role.type == "boolean" and is_bit(column.type):
            return cast(self._raw(column), types.Integer)
        return self._of_postgres(role, column) if self.dialect == "postgresql" else self._raw(column)

    def _of_postgres(self, role: Role, column: Column[object]) -> ColumnElement[Any]:
        """Cast what Arrow has no plain type for to text."""
        if role.name in self.uuids:
            return column
        if role.name == DELETED_AT:
            return at_most_the_last_instant(column)
        plain = {"boolean": types.Boolean, "amount": types.Integer, "instant": types.DateTime}.get(role.type)
        if role.type == "instant" or (plain is not None and isinstance(column.type, plain)):
            return column
        spelled: ColumnElement[Any] = column
        if isinstance(column.type, types.Float):  # a REAL would lose digits on the direct way to NUMERIC
            spelled = cast(cast(column, types.Double), types.Numeric)
        if may_end_in_zeros(column.type, role.type):
            spelled = func.trim_scale(spelled)  # 1.0 is 1
        spelled = cast(spelled, types.Text)
        is_text = isinstance(column.type, types.String | types.NullType)
        return func.convert_to(spelled, "SQL_ASCII") if self.has_any_bytes and is_text else spelled

    def _raw(self, column: Column[object]) -> ColumnElement[Any]:
        """The column as it is stored: without SQLAlchemy's reading of it, which would raise on what it can't read."""
        return type_coerce(column, types.NullType())

    def _within(self, first: date, last: date) -> ColumnElement[bool]:
        wider = DAY if self.reads_wider else 0 * DAY
        return self._instant_between(first - wider, last + wider + DAY)

    def _instant_between(self, first: date, end: date) -> ColumnElement[bool]:
        if self.dialect == "sqlite":
            column: ColumnElement[Any] = type_coerce(self._instant, types.Text())
            low, high = literal(first.isoformat(), types.Text()), literal(end.isoformat(), types.Text())
            return (column >= low) & (column < high)
        column = self._instant
        low_instant, high_instant = first, end
        if isinstance(column.type, types.DateTime):
            zone = UTC if column.type.timezone else None
            low_instant, high_instant = (datetime.combine(day, time(), tzinfo=zone) for day in (first, end))
        between = (column >= literal(low_instant, column.type)) & (column < literal(high_instant, column.type))
        return between & not_(self._is_zero_date()) if self.dialect in MYSQL else between

    def _is_zero_date(self) -> ColumnElement[bool]:
        """MySQL's `0000-00-00`, `2026-06-00` and the like, which are no dates and yet not null."""
        raw = self._raw(self._instant)
        return or_(*(part(raw) == literal(0) for part in (func.year, func.month, func.dayofmonth)))

    def _is_undated(self) -> ColumnElement[bool]:
        column = self._instant
        if self.dialect == "sqlite":
            blob = cast(self._raw(column), types.LargeBinary)
            return func.is_unreadable_instant(blob, func.typeof(self._raw(column)), type_=types.Boolean) == literal(1)
        if self.dialect == "postgresql":
            ends = date if isinstance(column.type, types.Date) else datetime
            least, greatest = literal(ends.min, column.type), literal(ends.max, column.type)
            return or_(column.is_(None), column < least, column > greatest)
        return or_(column.is_(None), self._is_zero_date()) if self.dialect in MYSQL else column.is_(None)

    def _read(self, query: Select[*tuple[Any, ...]]) -> Batches:
        for raw in self.source.batches(query):
            yield read_batch(raw, self.stream.kind, self.stream.timezone)


@contextmanager
def open_stream(configuration: Configuration, stream: Stream, progress: Progress | None = None) -> Iterator[Reader]:
    """Open one snapshot of a stream's source, with the table reflected and its columns checked before any row.

    Args:
        configuration: with its sources resolved.
        stream: any stream.
        progress: is told of policies that filter rows.

    Raises:
        ClockError: our clock is behind that of the source.
        ConfigurationError: the source's url is none that we can use.
        SourceDriftError: the table is not what the mapping says, or would be filtered by row level security.
        SourceUnavailableError: the source does not answer, or stops answering; the message has nothing of its URL but
            host and database.
    """
    with connected(configuration, stream) as (thread, connection):
        there = _time_at(thread, connection, stream)
        mapped = thread.call(lambda: reflect(connection, stream))
        has_any_bytes = thread.call(lambda: _has_any_bytes(connection))
        thread.call(connection.rollback)
        settings, dialect = configuration.sources[stream.source], connection.dialect
        opened = thread.connect(snapshot(connection, settings.longest_statement, settings.row_security))
        source, version = ThreadSnapshot(opened, thread), dialect.server_version_info or ()
        policies = row_security.filters(stream.source, settings)
        is_empty = bool(policies) and _is_empty(mapped, source)
        for line in [*policies, *([row_security.empty_table(stream)] if is_empty else [])]:
            (progress or Progress()).note(line)
        yield Reader(stream, mapped, source, dialect.name, version, has_any_bytes, is_empty, source_time=there)


def time_at(configuration: Configuration, stream: Stream) -> datetime | None:
    """Return what time it is at a stream's source, UTC; None where that has no clock.

    Raises:
        ClockError, ConfigurationError, SourceUnavailableError: as `open_stream`.
    """
    with connected(configuration, stream) as (thread, connection):
        return _time_at(thread, connection, stream)


def _time_at(thread: SourceThread, connection: Connection, stream: Stream) -> datetime | None:
    there = thread.call(lambda: clock_of(connection))
    refuse_clock_behind(stream.source, there)
    return there


def _is_empty(mapped: MappedTable, source: Snapshot) -> bool:
    one = select(literal(1)).select_from(mapped.table).limit(1)
    return source.rows(select(func.count()).select_from(one.subquery())) == [(0,)]


def _has_any_bytes(connection: Connection) -> bool:
    """Whether texts may be no text: of a database in SQL_ASCII PostgreSQL itself does not know what they say."""
    if connection.dialect.name != "postgresql":
        return False
    return connection.exec_driver_sql("select current_setting('server_encoding')").scalar() == "SQL_ASCII"
