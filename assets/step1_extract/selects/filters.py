"""Which rows of a table there are at all: `where`, and instants that mean "not yet", as comparisons on raw columns.

A comparison stands on the column itself, so that an index on it serves. Texts are compared exactly, whatever the
column's collation takes for equal.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, collate, literal, not_, or_, try_cast, types
from sqlalchemy.dialects import mysql

from assets.step1_extract.selects.types import BY_BYTES, DUCKDB, MYSQL, SourceColumn, raw
from warehouse.configuration.roles import Filter, Scalar

OF_TEXT = types.Numeric(38, 12)  # the numbers that texts are compared as


def conditions(filters: Sequence[tuple[Filter, SourceColumn]], dialect: str) -> list[ColumnElement[bool]]:
    """Return the conditions that every row of a stream fulfils.

    Args:
        filters: each with its column.
        dialect: SQLAlchemy's name of the source's dialect.
    """
    return [condition for row_filter, column in filters for condition in _conditions(row_filter, column, dialect)]


def is_none_of(column: SourceColumn, values: Sequence[Scalar], dialect: str) -> ColumnElement[bool]:
    """Return the condition that a column has none of the values; a null has none."""
    return or_(column.is_(None), not_(_is_any_of(column, values, dialect)))


def _conditions(row_filter: Filter, column: SourceColumn, dialect: str) -> Iterator[ColumnElement[bool]]:
    if row_filter.is_:
        yield _is_any_of(column, row_filter.is_, dialect)
    if row_filter.is_not:
        yield is_none_of(column, row_filter.is_not, dialect)
    if row_filter.not_null:
        yield column.is_not(None)
    if row_filter.at_least is not None:
        yield _ordered(column, row_filter.at_least, dialect) >= _literal_in_order(column, row_filter.at_least, dialect)
    if row_filter.below is not None:
        yield _ordered(column, row_filter.below, dialect) < _literal_in_order(column, row_filter.below, dialect)


def _is_number_in_text(column: SourceColumn, value: Scalar, dialect: str) -> bool:
    """Whether a number is asked of texts that may be numbers, as all values of a CSV file are texts."""
    return dialect == DUCKDB and isinstance(column.type, types.String) and not isinstance(value, str)


def _ordered(column: SourceColumn, value: Scalar, dialect: str) -> ColumnElement[Any]:
    is_number = _is_number_in_text(column, value, dialect)
    return try_cast(raw(column), OF_TEXT) if is_number else raw(column)


def _literal_in_order(column: SourceColumn, value: Scalar, dialect: str) -> ColumnElement[Any]:
    if _is_number_in_text(column, value, dialect):
        return literal(Decimal(value), types.Numeric())
    return _literal(column, value, dialect)


def _is_any_of(column: SourceColumn, values: Sequence[Scalar], dialect: str) -> ColumnElement[bool]:
    return or_(*(_equals(column, value, dialect) for value in values))


def _equals(column: SourceColumn, value: Scalar, dialect: str) -> ColumnElement[bool]:
    """Compare as the column does, which an index serves, and again byte for byte."""
    wanted = _literal(column, value, dialect)
    equal: ColumnElement[bool] = raw(column) == wanted
    if _instant(column, value, dialect) is not None:
        return equal
    if dialect == DUCKDB and isinstance(value, str) and not isinstance(column.type, types.String):
        return cast(raw(column), types.Text) == wanted
    if not isinstance(value, str) and not isinstance(column.type, types.String):
        return equal
    if dialect in MYSQL:
        unicode = cast(raw(column), mysql.CHAR(charset="utf8mb4"))  # as a literal is, whatever it is kept in
        return and_(equal, cast(unicode, types.LargeBinary) == cast(wanted, types.LargeBinary))
    if dialect == "sqlite":
        return and_(equal, collate(raw(column), "binary") == wanted)
    spelled: ColumnElement[Any] = cast(raw(column), types.Text)
    exact = collate(spelled, BY_BYTES) == wanted if dialect == "postgresql" else spelled == wanted
    return exact if isinstance(column.type, types.Enum | types.NullType) else and_(equal, exact)


def _literal(column: SourceColumn, value: Scalar, dialect: str) -> ColumnElement[Any]:
    """Return a value as the column's type takes it: a number for a text column is the text of it."""
    instant = _instant(column, value, dialect)
    if instant is not None:
        return literal(instant, column.type)
    if isinstance(value, bool):
        if dialect == DUCKDB and isinstance(column.type, types.String):
            return literal(str(value).lower(), types.Text())  # as JSON spells it
        is_boolean = isinstance(column.type, types.Boolean) and dialect in {"postgresql", DUCKDB}
        return literal(value, types.Boolean()) if is_boolean else literal(int(value), types.Integer())
    if isinstance(column.type, types.String) or isinstance(value, str):
        return literal(str(value), types.Text())
    kind: types.TypeEngine[Any] = types.Numeric() if isinstance(value, Decimal) else types.BigInteger()
    return literal(value, kind)


def _instant(column: SourceColumn, value: Scalar, dialect: str) -> date | None:
    """Return the instant or date that a text says of a column of such; without a zone it is in UTC.

    As text it would be compared with how the source happens to spell its values. SQLite has texts only.
    """
    if dialect == "sqlite" or not isinstance(value, str) or not isinstance(column.type, types.DateTime | types.Date):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    if isinstance(column.type, types.Date):
        return instant.date() if instant.time() == time() else None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware if column.type.timezone else aware.astimezone(UTC).replace(tzinfo=None)
