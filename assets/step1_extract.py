"""Step 1: read a stream from its source, in one consistent read-only snapshot (R1, R2).

Here is which rows are asked for, in which order, and how many there are by the source's own count. Rows come in
batches ordered by their instant, so memory is bounded whatever their number; landing them is step 2.
"""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

import adbc_driver_manager
import pyarrow as pa
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
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
from sqlalchemy.exc import ArgumentError, DBAPIError

from assets.step1_clocks import clock_of, refuse_clock_behind
from assets.step1_columns import MappedTable, reflect
from assets.step1_figures import figure_columns, figures_by_day, source_day
from assets.step1_never import at_most_the_last_instant
from assets.step1_sessions import engine_of
from assets.step1_snapshot import Snapshot, snapshot
from assets.step1_values import read_batch
from warehouse import clock
from warehouse.configuration import Configuration, Stream
from warehouse.errors import ConfigurationError, PulseError, SourceUnavailableError
from warehouse.lake import DAY, NO_ROWS, Figures
from warehouse.streams import DELETED_AT, Role, instant_of

# Nothing but a signal makes our functions raise; SQLite says this of it, and forgets the signal.
INTERRUPTED_IN_SQLITE = re.compile("user-defined (function|aggregate).* raised")


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
        taken_at: when the snapshot was taken, UTC.
        source_time: what time it was by the source's own clock, UTC; None where it has none.
    """

    stream: Stream
    mapped: MappedTable
    source: Snapshot
    dialect: str
    server_version: Sequence[int | str] = ()
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
        """PostgreSQL casts what Arrow has no plain type for to text; others give what their driver gives."""
        is_local = role.type == "instant" and self.stream.timezone != "UTC"
        if self.dialect in MYSQL and is_local and self._is_zoned(column):  # or else it would be read as a local time
            return func.concat(cast(self._raw(column), types.String), "+00:00")
        if self.dialect != "postgresql":
            return self._raw(column)
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
        if role.type == "boolean" and isinstance(column.type, types.Numeric | types.Float):
            spelled = func.trim_scale(spelled)  # 1.0 is 1
        return cast(spelled, types.Text)

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
def open_stream(configuration: Configuration, stream: Stream) -> Iterator[Reader]:
    """Open one snapshot of a stream's source, with the table reflected and its columns checked before any row.

    Raises:
        ClockError: our clock is behind that of the source.
        ConfigurationError: the source's url is none that we can use.
        SourceDriftError: the table is not what the mapping says.
        SourceUnavailableError: the source does not answer, or stops answering; the message has no password.
    """
    with _connected(configuration, stream) as connection:
        there = _time_at(connection, stream)
        mapped = reflect(connection, stream)
        connection.rollback()
        with snapshot(connection, configuration.sources[stream.source].longest_statement) as source:
            version = connection.dialect.server_version_info or ()
            yield Reader(stream, mapped, source, connection.dialect.name, version, source_time=there)


def time_at(configuration: Configuration, stream: Stream) -> datetime | None:
    """Return what time it is at a stream's source, UTC; None where that has no clock.

    Raises:
        ClockError, ConfigurationError, SourceUnavailableError: as `open_stream`.
    """
    with _connected(configuration, stream) as connection:
        return _time_at(connection, stream)


def _time_at(connection: Connection, stream: Stream) -> datetime | None:
    there = clock_of(connection)
    refuse_clock_behind(stream.source, there)
    return there


@contextmanager
def _connected(configuration: Configuration, stream: Stream) -> Iterator[Connection]:
    """Connect to a stream's source; what goes wrong there, also in the block, is said of the source."""
    engine = _engine(configuration, stream)
    try:
        with engine.connect() as connection:
            yield connection
    except PulseError:
        raise
    except (DBAPIError, adbc_driver_manager.Error, OSError) as error:
        raise _unavailable(stream, error) from error
    finally:
        engine.dispose()


def _engine(configuration: Configuration, stream: Stream) -> Engine:
    try:
        source = configuration.sources[stream.source]
        return engine_of(source.url, configuration.path.parent, source.longest_statement)
    except (ArgumentError, ValueError, ImportError):
        # What SQLAlchemy says may quote a password that is not escaped.
        mistake = (
            "no URL of a database that a driver is installed for, write one like postgresql://name:password@host/db"
        )
        raise ConfigurationError([f"{configuration.path}: sources.{stream.source}.url: {mistake}"]) from None


def _unavailable(stream: Stream, error: Exception) -> SourceUnavailableError:
    if INTERRUPTED_IN_SQLITE.search(str(error)):
        raise KeyboardInterrupt from error
    reason = " ".join(str(getattr(error, "orig", None) or error).split())
    return SourceUnavailableError(f"stream {stream.name}: source {stream.source} failed: {reason}; is it up?")
