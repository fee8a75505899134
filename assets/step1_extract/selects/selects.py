"""Which rows are asked for, in which order, and how each column is asked for: the selects of a stream (R1, R2).

They are made for the dialect of the source. A query of the operator's own bounds itself by the same days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
    types,
)

from assets.step1_extract.selects import epochs, formatted, questions
from assets.step1_extract.selects.asked import Asked, is_zoned
from assets.step1_extract.selects.columns import MappedTable
from assets.step1_extract.selects.derived import EVERY_DAY
from assets.step1_extract.selects.figures import figure_columns, source_day
from assets.step1_extract.selects.file_days import is_near
from assets.step1_extract.selects.filters import conditions, is_none_of
from assets.step1_extract.selects.types import DUCKDB, MYSQL, SourceColumn, is_text, raw
from warehouse.configuration.configuration import Stream
from warehouse.configuration.formats import InstantFormat
from warehouse.configuration.roles import Mapped, Unit
from warehouse.configuration.sources.patterns import DAY
from warehouse.configuration.streams import EVENT_KINDS, instant_of

FIRST_DAY = date(1, 1, 2)  # with a day before it, for zones


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
        instant = self._instant(self.mapped)
        if self.has_texts:
            return True
        has_zone = self._unit is not None or self.stream.has_own_dates or is_zoned(instant, self.dialect)
        return self.stream.timezone != "UTC" and not has_zone

    @property
    def has_format(self) -> bool:
        """Whether instants are texts of a format of their own."""
        return self._format is not None

    @property
    def has_texts(self) -> bool:
        """Whether instants may be texts, whose order is not that of the instants."""
        if self.dialect == "sqlite" or self._format is not None:
            return True
        return self._unit is None and is_text(self._instant(self.mapped), self.dialect)

    @property
    def reads_whole_table(self) -> bool:
        """Whether every row is read whatever the days are: its texts are not in the order of their days."""
        return self._format is not None and not self._format.begins_with_the_day

    @property
    def uuids(self) -> frozenset[str]:
        """The roles whose ids are read as UUIDs, 16 bytes each: as text they take twice as long to read and to judge.

        Only those of events, which are many, and where Arrow has a type for what the driver gives.
        """
        if self.dialect != "postgresql" or self.stream.kind not in EVENT_KINDS or self.stream.kind == "daily":
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

    def sample(self, end: date, limit: int, *, newest_first: bool) -> Select[*tuple[Any, ...]]:
        """Return the select of some rows that have an instant.

        Args:
            end: the day up to which they are, exclusive.
            limit: how many there are at most.
            newest_first: whether they are those of the latest instants, for which an index is needed, or any.
        """
        mapped = self._of(FIRST_DAY, end)
        query = self._select(mapped).where(*self._of_days(mapped, FIRST_DAY, end)).limit(limit)
        return query.order_by(raw(self._instant(mapped)).desc()) if newest_first else query

    def figures(self, begin: date, end: date) -> tuple[list[str], Select[*tuple[Any, ...]]]:
        """Return the names of the source's own figures, and the select of them by day, of what `rows` would read."""
        mapped = self._of(begin, end)
        instant = self._instant(mapped)
        figures = figure_columns(mapped.columns, mapped.used, self.dialect, self.server_version)
        day = self._day_of(instant)
        query = select(day, *figures).where(*self._of_days(mapped, begin, end)).group_by(day)
        return [figure.name for figure in figures], query

    def strays(self, begin: date, end: date) -> Select[*tuple[Any, ...]] | None:
        """Return the select of how many rows of the files of some days are of another day; None without such files."""
        if self._margin is None:
            return None
        mapped = self.mapped.between(begin, end, self.dialect)
        return select(func.count()).where(not_(self._is_of_its_file(mapped, self._margin)), *self._conditions(mapped))

    def row_count(self, limit: int) -> Select[*tuple[Any, ...]]:
        """Return the select of how many rows there are, counted up to a limit."""
        some = select(literal(1)).select_from(self._of(*EVERY_DAY).table).limit(limit)
        return select(func.count()).select_from(some.subquery())

    def _of(self, begin: date, end: date) -> MappedTable:
        """Return the table for some days, as the source tells them (`_day_of`).

        Where files have days, a row may stand in the file beside that of its own. A query's bounds are instants, and
        what begins a day in one of them may be on the day beside.
        """
        if (begin, end) == EVERY_DAY:
            return self.mapped.between(begin, end, self.dialect)
        margin = self._margin
        if margin is None:
            margin = timedelta(days=1 if self.reads_wider and self.mapped.query is not None else 0)
        return self.mapped.between(begin - margin, end + margin, self.dialect)

    @property
    def _margin(self) -> timedelta | None:
        """How far a row's day may be from that of its file, None where files have no days."""
        if self.mapped.relation is None or not self.mapped.relation.has_days:
            return None
        return timedelta(days=1 if self.reads_wider else 0)

    def _instant(self, mapped: MappedTable) -> SourceColumn:
        return mapped.inputs[instant_of(self.stream.kind)]

    @property
    def _table(self) -> Mapped | None:
        """How the instants are mapped, None by a name alone."""
        mapped = self.stream.columns.get(instant_of(self.stream.kind))
        return mapped if isinstance(mapped, Mapped) else None

    @property
    def _unit(self) -> Unit | None:
        """What the instants count since 1970, None where they are none that count."""
        return self._table.unit if self._table else None

    @property
    def _format(self) -> InstantFormat | None:
        """How the instants are spelled, None where they are not texts of a format."""
        return InstantFormat.of(self._table.format) if self._table and self._table.format else None

    def _day_of(self, instant: SourceColumn) -> ColumnElement[Any]:
        """Return the day of an instant as the source can tell it."""
        if self._format is not None:
            return formatted.day_of(instant, self._format)
        unit = self._unit
        return source_day(instant, self.dialect) if unit is None else epochs.day_of(instant, unit, self.dialect)

    def _conditions(self, mapped: MappedTable) -> list[ColumnElement[bool]]:
        """Return what every row fulfils: `where`, and that its instant is not one that means "not yet"."""
        fulfilled = conditions(mapped.filters, self.dialect)
        if self._table and self._table.never and self.stream.kind != "users":
            fulfilled.append(is_none_of(self._instant(mapped), self._table.never, self.dialect))
        return fulfilled

    def _of_days(self, mapped: MappedTable, begin: date, end: date) -> list[ColumnElement[bool]]:
        instant, unit = self._instant(mapped), self._unit
        if self._format is not None:
            within = formatted.between(instant, self._format, begin, end)
        elif unit is not None:
            within = epochs.between(instant, unit, begin, end, self.dialect)
        else:
            within = self._between(instant, begin, end)
        of_its_file = [] if self._margin is None else [self._is_of_its_file(mapped, self._margin)]
        return [within, *of_its_file, *self._conditions(mapped)]

    def _is_of_its_file(self, mapped: MappedTable, margin: timedelta) -> ColumnElement[bool]:
        return is_near(self._day_of(self._instant(mapped)), mapped.table.c[DAY], margin.days)

    def _select(self, mapped: MappedTable) -> Select[*tuple[Any, ...]]:
        asked = Asked(self.stream, self.dialect, self.has_any_bytes, self.uuids)
        roles = {role.name: role for role in mapped.columns}
        columns = [
            (asked.of_role(roles[label], column) if label in roles else asked.value(label, column)).label(label)
            for label, column in mapped.inputs.items()
        ]
        return select(*columns)

    def _between(self, instant: SourceColumn, begin: date, end: date) -> ColumnElement[bool]:
        if is_text(instant, self.dialect):
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
        if self._format is not None:
            return formatted.may_be_none(column, self._format, self.dialect)
        if self._unit is not None:
            return epochs.is_none(column, self._unit, self.dialect)
        if is_text(column, self.dialect):
            question = "is_no_date" if self.stream.has_own_dates else "is_unreadable_instant"
            return questions.is_none(question, column, self.dialect)
        if self.dialect in {"postgresql", DUCKDB}:
            ends = date if isinstance(column.type, types.Date) else datetime
            least, greatest = literal(ends.min, column.type), literal(ends.max, column.type)
            return or_(column.is_(None), column < least, column > greatest)
        return or_(column.is_(None), self._is_zero_date(column)) if self.dialect in MYSQL else column.is_(None)
