"""Which rows of a table there are at all: `where`, and instants that mean "not yet", as comparisons on raw columns.

A comparison stands on the column itself, so that an index on it serves. Texts are compared exactly, whatever the
column's collation takes for equal.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, collate, literal, not_, or_, types

from assets.step1_extract.selects.types import MYSQL, SourceColumn, raw
from warehouse.configuration.roles import Filter, Scalar


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
        yield raw(column) >= _literal(column, row_filter.at_least, dialect)
    if row_filter.below is not None:
        yield raw(column) < _literal(column, row_filter.below, dialect)


def _is_any_of(column: SourceColumn, values: Sequence[Scalar], dialect: str) -> ColumnElement[bool]:
    return or_(*(_equals(column, value, dialect) for value in values))


def _equals(column: SourceColumn, value: Scalar, dialect: str) -> ColumnElement[bool]:
    """Compare as the column does, which an index serves, and again byte for byte."""
    wanted = _literal(column, value, dialect)
    equal: ColumnElement[bool] = raw(column) == wanted
    if not isinstance(value, str) and not isinstance(column.type, types.String):
        return equal
    if dialect in MYSQL:
        return and_(equal, cast(raw(column), types.LargeBinary) == cast(wanted, types.LargeBinary))
    if dialect == "sqlite":
        return and_(equal, collate(raw(column), "binary") == wanted)
    return cast(raw(column), types.Text) == wanted if isinstance(column.type, types.Enum | types.NullType) else equal


def _literal(column: SourceColumn, value: Scalar, dialect: str) -> ColumnElement[Any]:
    """Return a value as the column's type takes it: a number for a text column is the text of it."""
    if isinstance(value, bool):
        is_boolean = isinstance(column.type, types.Boolean) and dialect == "postgresql"
        return literal(value, types.Boolean()) if is_boolean else literal(int(value), types.Integer())
    if isinstance(column.type, types.String) or isinstance(value, str):
        return literal(str(value), types.Text())
    kind: types.TypeEngine[Any] = types.Numeric() if isinstance(value, Decimal) else types.BigInteger()
    return literal(value, kind)
