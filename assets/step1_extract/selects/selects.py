"""Which rows are asked for, in which order, and how each column is asked for: the selects of a stream (R1, R2).

They are made for the dialect of the source. A query of the operator's own bounds itself by the same days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    ColumnElement,
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

from assets.step1_extract.selects import epochs
from assets.step1_extract.selects.columns import MappedTable
from assets.step1_extract.selects.derived import EVERY_DAY
from assets.step1_extract.selects.figures import figure_columns, source_day
from assets.step1_extract.selects.filters import conditions, is_none_of
from assets.step1_extract.selects.types import MYSQL, SourceColumn, is_bit, may_end_in_zeros, raw
from assets.step1_extract.values.not_deleted import at_most_the_last_instant
from warehouse.configuration.configuration import Stream
from warehouse.configuration.roles import Mapped, Unit
from warehouse.configuration.streams import DELETED_AT, Role, instant_of

PLAIN_IN_ARROW = (types.Integer, types.Boolean, types.LargeBinary)


@dataclass(frozen=True)
class Selects:
    """The selects of a stream.

    Args:
        stream: the stream.
        mapped: its table or query, and the columns, checked.
        dialect: SQLAlchemy's name of the source's dialect.
        server_version: the version of its server.
        has_any_bytes: whether the source may give texts that are none.
    """

    stream: Stream
    mapped: MappedTable
    dialect: str
    server_version: Sequence[int | str] = ()
    has_any_bytes: bool = False

    @property
    def reads_wider(self) -> bool:
        """Whether the source's order may differ from the order of instants, as with text or a declared zone (R1)."""
        is_zoned = self._unit is not None or self._is_zoned(self._instant(self.mapped))
        return self.dialect == "sqlite" or (self.stream.timezone != "UTC" and not is_zoned)

    @property
    def uuids(self) -> frozenset[str]:
        """The roles whose ids are read as UUIDs, 16 bytes each: as text they take twice as long to read and to judge.

        Only those of events, which are many, and where Arrow has a type for what the driver gives.
        """
        if self.dialect != "postgresql" or self.stream.kind == "users":
            return frozenset()
        columns = self.mapped.columns.items()
        return frozenset(role.name for role, column in columns if isinstance(column.type, types.Uuid))

    def every_row(self) -> Select[*tuple[Any, ...]]:
        """Return the select of all rows, as of a users stream."""
        mapped = self._of(*EVERY_DAY)
        return self._select(mapped).where(*self._conditions(mapped))

    def rows(self, begin: date, end: date) -> Select[*tuple[Any, ...]]:
        """Return the select of the rows from one day up to another, exclusive, ordered by their instant."""
        mapped = self._of(begin, end)
        instant = self._instant(mapped)
        return self._select(mapped).where(*self._of_days(mapped, begin, end)).order_by(raw(instant))

    def undated(self) -> Select[*tuple[Any, ...]]:
        """Return the select of the rows whose instant is null or unreadable (R19)."""
        mapped = self._of(*EVERY_DAY)
        return self._select(mapped).where(self._is_undated(self._instant(mapped)), *self._conditions(mapped))

    def figures(self, begin: date, end: date) -> tuple[list[str], Select[*tuple[Any, ...]]]:
        """Return the names of the source's own figures, and the select of them by day, of what `rows` would read."""
        mapped = self._of(begin, end)
        instant = self._instant(mapped)
        figures = figure_columns(mapped.columns, mapped.used, self.dialect, self.server_version)
        unit = self._unit
        day = source_day(instant, self.dialect) if unit is None else epochs.day_of(instant, unit, self.dialect)
        query = select(day, *figures).where(*self._of_days(mapped, begin, end)).group_by(day)
        return [figure.name for figure in figures], query

    def row_count(self, limit: int) -> Select[*tuple[Any, ...]]:
        """Return the select of how many rows there are, counted up to a limit."""
        some = select(literal(1)).select_from(self._of(*EVERY_DAY).table).limit(limit)
        return select(func.count()).select_from(some.subquery())

    def _of(self, begin: date, end: date) -> MappedTable:
        return self.mapped.between(begin, end, self.dialect)

    def _instant(self, mapped: MappedTable) -> SourceColumn:
        return mapped.inputs[instant_of(self.stream.kind)]

    @property
    def _unit(self) -> Unit | None:
        """What the instants count since 1970, None where they are none that count."""
        table = self.stream.tables.get(instant_of(self.stream.kind))
        return table.unit if isinstance(table, Mapped) else None

    def _conditions(self, mapped: MappedTable) -> list[ColumnElement[bool]]:
        """Return what every row fulfils: `where`, and that its instant is not one that means "not yet"."""
        fulfilled = conditions(mapped.filters, self.dialect)
        table = self.stream.tables.get(instant_of(self.stream.kind))
        if isinstance(table, Mapped) and table.never and self.stream.kind != "users":
            fulfilled.append(is_none_of(self._instant(mapped), table.never, self.dialect))
        return fulfilled

    def _of_days(self, mapped: MappedTable, begin: date, end: date) -> list[ColumnElement[bool]]:
        instant, unit = self._instant(mapped), self._unit
        within = (
            self._between(instant, begin, end)
            if unit is None
            else epochs.between(instant, unit, begin, end, self.dialect)
        )
        return [within, *self._conditions(mapped)]

    def _is_zoned(self, column: SourceColumn) -> bool:
        """Whether a column carries its zone; MySQL's TIMESTAMP does, and is UTC in our session."""
        is_mysql = self.dialect in MYSQL and isinstance(column.type, types.TIMESTAMP)
        return is_mysql or (isinstance(column.type, DateTime) and column.type.timezone)

    def _select(self, mapped: MappedTable) -> Select[*tuple[Any, ...]]:
        roles = {role.name: role for role in mapped.columns}
        columns = [
            (self._column(roles[label], column) if label in roles else self._value(column)).label(label)
            for label, column in mapped.inputs.items()
        ]
        return select(*columns)

    def _value(self, column: SourceColumn) -> ColumnElement[Any]:
        """Ask for a raw value, which is judged by our code: what Arrow has no plain type for comes as text."""
        if self.dialect != "postgresql":
            is_one_bit = self.dialect in MYSQL and is_bit(column.type)
            return cast(raw(column), types.Integer) if is_one_bit else raw(column)
        if isinstance(column.type, PLAIN_IN_ARROW):
            return column
        spelled = cast(column, types.Text)
        is_text = isinstance(column.type, types.String | types.NullType)
        return func.convert_to(spelled, "SQL_ASCII") if self.has_any_bytes and is_text else spelled

    def _column(self, role: Role, column: SourceColumn) -> ColumnElement[Any]:
        """PostgreSQL gives what Arrow has a type for; others give what their driver gives."""
        is_local = role.type == "instant" and self.stream.timezone != "UTC"
        if self.dialect in MYSQL and is_local and self._is_zoned(column):  # or else it would be read as a local time
            return func.concat(cast(raw(column), types.String), "+00:00")
        if self.dialect in MYSQL and role.type == "boolean" and is_bit(column.type):
            return cast(raw(column), types.Integer)
        return self._of_postgres(role, column) if self.dialect == "postgresql" else raw(column)

    def _of_postgres(self, role: Role, column: SourceColumn) -> ColumnElement[Any]:
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

    def _between(self, instant: SourceColumn, begin: date, end: date) -> ColumnElement[bool]:
        if self.dialect == "sqlite":
            column: ColumnElement[Any] = type_coerce(instant, types.Text())
            low, high = literal(begin.isoformat(), types.Text()), literal(end.isoformat(), types.Text())
            return (column >= low) & (column < high)
        low_instant, high_instant = begin, end
        if isinstance(instant.type, types.DateTime):
            zone = UTC if instant.type.timezone else None
            low_instant, high_instant = (datetime.combine(day, time(), tzinfo=zone) for day in (begin, end))
        between = (instant >= literal(low_instant, instant.type)) & (instant < literal(high_instant, instant.type))
        return between & not_(self._is_zero_date(instant)) if self.dialect in MYSQL else between

    def _is_zero_date(self, instant: SourceColumn) -> ColumnElement[bool]:
        """MySQL's `0000-00-00`, `2026-06-00` and the like, which are no dates and yet not null."""
        return or_(*(part(raw(instant)) == literal(0) for part in (func.year, func.month, func.dayofmonth)))

    def _is_undated(self, column: SourceColumn) -> ColumnElement[bool]:
        if self._unit is not None:
            return epochs.is_none(column, self._unit, self.dialect)
        if self.dialect == "sqlite":
            return epochs.is_unreadable_in_sqlite(column)
        if self.dialect == "postgresql":
            ends = date if isinstance(column.type, types.Date) else datetime
            least, greatest = literal(ends.min, column.type), literal(ends.max, column.type)
            return or_(column.is_(None), column < least, column > greatest)
        return or_(column.is_(None), self._is_zero_date(column)) if self.dialect in MYSQL else column.is_(None)
