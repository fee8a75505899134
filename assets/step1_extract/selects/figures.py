"""Step 1, beside the rows: what a source itself says of its days, by one aggregate query (R23).

Per day of the source: how many rows, the sum of the amounts or how many were passed, the latest `updated_at`, and where
the dialect can compute one cheaply a checksum over every mapped column. The checksum is a sum over rows, so their order
does not matter, and two rows that swap a learner change it. Rows that are read as different rows have different hashes
(docs/decisions/0006-a-checksum-by-the-source.md has why, and what it costs). All values are compared as text and mean
nothing else to us.
"""

import marshal
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, and_, case, cast, collate, extract, func, literal, try_cast, type_coerce, types
from sqlalchemy.dialects import postgresql

from assets.step1_extract.selects.types import BY_BYTES, DUCKDB, MYSQL, SourceColumn, Type, is_bit, is_text, raw
from warehouse.configuration.roles import LARGEST_AMOUNT
from warehouse.configuration.streams import Role
from warehouse.lake.landing import Figures

FIRST_WITH_RECORD_HASH = 14  # PostgreSQL's hash_record_extended
EPOCH = date(1970, 1, 1)
PLAINLY = 2  # the version of `marshal` by which equal rows are equal bytes: later ones look at references
PASSED = ("t", "true", "1", "1.0")
# Of these PostgreSQL's hash tells apart whatever is read as different.
EXACTLY_HASHED: tuple[type[Type], ...] = (
    *(types.Integer, types.Numeric, types.Float, types.Boolean),
    *(types.Date, types.DateTime, types.Uuid, types.LargeBinary),
)


def figure_columns(
    columns: Mapping[Role, SourceColumn],
    used: Sequence[SourceColumn],
    dialect: str,
    server_version: Sequence[int | str],
) -> list[ColumnElement[Any]]:
    """Return the aggregates that a source is asked for, each labelled with the name of its figure.

    Args:
        columns: the columns of an event stream that are mapped by their name alone, by role.
        used: every column that matters, filters among them; the checksum is over these.
        dialect: SQLAlchemy's name of the source's dialect.
        server_version: the version of its server.
    """
    figures: list[ColumnElement[Any]] = [func.count().label("rows")]
    for role, column in columns.items():
        if role.type == "amount":
            figures.append(_text(_sum(column, dialect), dialect).label(role.name))
        if role.name == "passed":
            figures.append(func.sum(case((_is_passed(column, dialect), 1), else_=0)).label("passed"))
        if role.name == "updated_at":
            latest = func.max(raw(column))
            figures.append(_text(latest, dialect).label("latest"))
    checksum = _checksum(used, dialect, server_version)
    return figures if checksum is None else [*figures, checksum.label("checksum")]


def source_day(instant: SourceColumn, dialect: str) -> ColumnElement[Any]:
    """Return the day of an instant as the source spells it: its date, or the first ten characters of its text."""
    if is_text(instant, dialect):
        return func.substr(raw(instant), 1, 10)
    return cast(instant, types.Date)


def figures_by_day(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Figures]:
    """Return what a source answered: per day of its own, figure by name; what is null is left out.

    Args:
        names: of the figures, in their order.
        rows: the day, then the figures.
    """
    figures: dict[str, Figures] = {}
    for day, *values in rows:
        by_name: dict[str, Any] = dict(zip(names, values, strict=True))
        figures[_spelled(day)] = {name: str(value) for name, value in by_name.items() if value is not None}
    return figures


class RowsChecksum:
    """The sum, modulo 2^64, of a hash of every row."""

    def __init__(self) -> None:
        self._total = 0

    def step(self, *row: float | bytes | str | None) -> None:
        """Add a row; values that differ, if only in their type, are spelled differently."""
        self._total += int.from_bytes(blake2b(marshal.dumps(row, PLAINLY), digest_size=8).digest(), "little")

    def finalize(self) -> str:
        """Return the checksum in decimal."""
        return str(self._total % 2**64)


def _sum(column: SourceColumn, dialect: str) -> ColumnElement[Any]:
    """A sum that neither overflows nor depends on the order of rows, as one of floats would.

    What it leaves out, too large for R19 or with a fraction, shows in the checksum.
    """
    stored: ColumnElement[Any] = raw(column)
    if dialect == "sqlite":  # its sum of integers may overflow; that of floats is exact for amounts, and they are whole
        is_amount = and_(stored.between(-LARGEST_AMOUNT, LARGEST_AMOUNT), stored == cast(stored, types.Integer))
        return cast(func.total(case((is_amount, stored))), types.Integer)
    if dialect == DUCKDB:
        number = try_cast(stored, types.Numeric(38, 6))
        is_amount = and_(number.between(-LARGEST_AMOUNT, LARGEST_AMOUNT), number == func.floor(number))
        return func.sum(case((is_amount, cast(number, types.BigInteger))))
    if isinstance(column.type, types.Float):
        is_exact = column.between(literal(-LARGEST_AMOUNT, types.Float()), literal(LARGEST_AMOUNT, types.Float()))
        return func.sum(case((is_exact, cast(column, types.Numeric(38, 6)))))
    return func.sum(stored)


def _is_passed(column: SourceColumn, dialect: str) -> ColumnElement[bool]:
    is_bit_of_postgres = dialect == "postgresql" and is_bit(column.type)  # which is compared with no number
    if dialect == "sqlite" or is_bit_of_postgres or isinstance(column.type, types.String | types.NullType):
        return func.lower(cast(raw(column), types.Text)).in_(PASSED)
    return (
        column.is_(True)
        if isinstance(column.type, types.Boolean)
        else type_coerce(column, types.Integer()) == literal(1)
    )


def _checksum(columns: Sequence[SourceColumn], dialect: str, version: Sequence[int | str]) -> ColumnElement[Any] | None:
    stored: list[ColumnElement[Any]] = [raw(column) for column in columns]
    if dialect == "postgresql" and version and int(version[0]) >= FIRST_WITH_RECORD_HASH:
        # Of a record it is a weighted sum of the hashes of its values, so rows that swap a value have the same sum.
        linear = func.hash_record_extended(func.row(*map(_hashable, columns)), 0)
        return _text(func.sum(func.hashtextextended(_by_bytes(cast(linear, types.Text)), 0)), dialect)
    if dialect in MYSQL:
        quoted = [func.quote(cast(column, types.LargeBinary)) for column in stored]  # NULL becomes the word
        digits = func.left(func.md5(func.concat_ws(",", *quoted)), 15)
        return func.sum(cast(func.conv(digits, 16, 10), types.Numeric(20, 0)))
    if dialect == DUCKDB:
        texts = [cast(column, types.Text) for column in stored]
        spelled: list[ColumnElement[Any]] = [
            func.coalesce(cast(func.length(text), types.Text).concat(":").concat(text), "-") for text in texts
        ]
        digits = func.md5_number_lower(reduce(lambda row, value: row.concat(value), spelled))
        return _text(func.sum(digits), dialect)
    if dialect == "sqlite":
        return func.rows_checksum(*map(_told_apart, stored))
    return None


def _told_apart(stored: ColumnElement[Any]) -> ColumnElement[Any]:
    """SQLite's texts may not be UTF-8, so they come as bytes, and bytes as the text of their digits."""
    as_bytes = cast(stored, types.LargeBinary)
    kinds = {"text": type_coerce(as_bytes, types.NullType()), "blob": func.hex(stored)}
    return case(kinds, value=func.typeof(stored), else_=stored)


def _hashable(column: SourceColumn) -> ColumnElement[Any]:
    """Return what of a value PostgreSQL hashes: the value, where no two that are read differently have one hash.

    A text is hashed by its bytes, whatever its collation takes for equal. Other types are spelled: `citext` hashes
    without case, a NUMERIC without the zeros at its end, an INTERVAL of 12 months as 360 days; a bit has no hash.
    """
    stored: ColumnElement[Any] = raw(column)
    if isinstance(column.type, types.Interval | postgresql.INTERVAL):
        return cast(extract("epoch", column), types.Text)  # as it is read
    has_no_scale = isinstance(column.type, types.Numeric) and column.type.scale is None
    if has_no_scale and not isinstance(column.type, types.Float):
        return cast(stored, types.Text)
    if isinstance(column.type, types.String) and not isinstance(column.type, types.Enum | postgresql.CITEXT):
        return _by_bytes(stored)
    return stored if isinstance(column.type, EXACTLY_HASHED) else _by_bytes(cast(stored, types.Text))


def _by_bytes(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return collate(text, BY_BYTES)


def _text(value: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """ADBC has no value for a NUMERIC, nor for an `infinity`; other drivers give Python's."""
    return cast(value, types.Text) if dialect in {"postgresql", DUCKDB} else value


def _spelled(day: object) -> str:
    if isinstance(day, int | Decimal):  # of instants that are numbers (`epochs.py`)
        day = EPOCH + timedelta(days=int(day))
    if isinstance(day, datetime):
        day = day.date()
    return day.isoformat() if isinstance(day, date) else str(day)
