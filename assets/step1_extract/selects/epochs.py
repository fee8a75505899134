"""Instants that are numbers since 1970: their bounds, their days, and which of them are none, in the source's own SQL.

SQLite may hold text in such a column as well, as Prisma's rows do that were written by hand: it is compared as text.
"""

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, and_, case, cast, func, literal, or_, types

from assets.step1_extract.selects import questions
from assets.step1_extract.selects.types import DUCKDB, SourceColumn, is_text, raw
from warehouse.configuration.roles import PER_SECOND, Unit

FIRST, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS_PER_DAY = 86_400
LEAST, GREATEST = -(2**63), 2**63 - 1  # of a column; in nanoseconds they end in the year 2262


def between(column: SourceColumn, unit: Unit, begin: date, end: date, dialect: str) -> ColumnElement[bool]:
    """Return the condition that an instant lies on the days from `begin` up to and without `end`."""
    if dialect == DUCKDB and is_text(column, dialect):
        low, high = (_number(datetime.combine(day, time(), tzinfo=UTC), "us") for day in (begin, end))
        return and_(_of_text(column, unit) >= low, _of_text(column, unit) < high)
    stored = raw(column)
    low, high = (_number(datetime.combine(day, time(), tzinfo=UTC), unit) for day in (begin, end))
    within: ColumnElement[bool] = and_(stored >= low, stored < high)
    if dialect != "sqlite":
        return within
    texts = [literal(day.isoformat(), types.Text()) for day in (begin, end)]
    return or_(within, and_(stored >= texts[0], stored < texts[1]))


def day_of(column: SourceColumn, unit: Unit, dialect: str) -> ColumnElement[Any]:
    """Return the day of an instant that lies on one: a number of days since 1970, in SQLite the text of a date."""
    if dialect == DUCKDB and is_text(column, dialect):
        per_day = literal(SECONDS_PER_DAY * PER_SECOND["us"], types.BigInteger())
        return cast(func.floor(_of_text(column, unit) / per_day), types.BigInteger)
    stored, per_day = raw(column), literal(SECONDS_PER_DAY * PER_SECOND[unit], types.BigInteger())
    if dialect == "sqlite":
        seconds = cast(stored / literal(PER_SECOND[unit], types.BigInteger()), types.Integer)
        return case((func.typeof(stored) == "text", func.substr(stored, 1, 10)), else_=func.date(seconds, "unixepoch"))
    return cast(func.floor(stored / per_day), types.BigInteger)


def is_none(column: SourceColumn, unit: Unit, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a value is no instant of the years 1 to 9999."""
    if dialect == DUCKDB and is_text(column, dialect):
        return _of_text(column, unit).is_(None)
    stored = raw(column)
    outside = or_(stored.is_(None), stored < _number(FIRST, unit), stored > _number(END, unit))
    if dialect != "sqlite":
        return outside
    is_number = func.typeof(stored).in_(["integer", "real"])
    return case((is_number, outside), else_=questions.is_none("is_unreadable_instant", column, dialect))


def _of_text(column: SourceColumn, unit: Unit) -> ColumnElement[Any]:
    """Return the microseconds since 1970 of a text of DuckDB, by our own function, which reads it as it will land."""
    return func.epoch_microseconds(raw(column), literal(unit, types.Text()), type_=types.BigInteger)


def _number(instant: datetime, unit: Unit) -> ColumnElement[Any]:
    number = int((instant - EPOCH).total_seconds()) * PER_SECOND[unit]
    return literal(max(LEAST, min(number, GREATEST)), types.BigInteger())
