"""What a column's type is to us: known to fit its role, known not to, or unknown and judged by its values (R19).

SQLAlchemy has a class for what it knows. A domain of PostgreSQL is what it is based on. SQLite gives every name of a
type that it does not know the affinity NUMERIC, and SQLAlchemy believes that: `UUID` would be a number.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Table, TypeCoerce, type_coerce, types
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.sql.elements import KeyedColumnElement

from warehouse.configuration.roles import Composite, Mapped
from warehouse.configuration.streams import ValueType

Type: TypeAlias = types.TypeEngine[Any]
SourceColumn: TypeAlias = KeyedColumnElement[Any]  # of a table, or of a query
MYSQL = {"mysql", "mariadb"}  # the dialects of its kind
DUCKDB = "duckdb"  # also of files, whose columns may all be text

READABLE: Mapping[ValueType, tuple[type[Type], ...]] = {
    "id": (types.Integer, types.String, types.Uuid),
    "instant": (types.DateTime, types.Date),
    "date": (types.Date,),
    "amount": (types.Integer, types.Numeric, types.Float),
    "boolean": (types.Boolean, types.Integer, types.Numeric, types.Float, types.String),
    "text": (types.String,),
    "number": (types.Integer, types.Numeric, types.Float),
}
EXPECTED: Mapping[ValueType, str] = {
    "id": "an integer, text or UUID",
    "instant": "a timestamp or date",
    "date": "a date without a time",
    "amount": "a number",
    "boolean": "a boolean, 0/1 or 't'/'f'",
    "text": "text",
    "number": "a number",
}
# SQLite has no type for instants: they are ISO 8601 text, whatever the column calls itself.
READABLE_IN_SQLITE: Mapping[ValueType, tuple[type[Type], ...]] = {
    **READABLE,
    "instant": (*READABLE["instant"], types.String),
    "date": (*READABLE["date"], types.String),
}
# Of an unknown type PostgreSQL and MySQL can say the text, but neither compare it with instants nor add it up.
JUDGED_BY_TEXT: tuple[ValueType, ...] = ("id", "boolean", "text")
NUMBERS: tuple[type[Type], ...] = (types.Integer, types.Numeric, types.Float)
BYTES: tuple[type[Type], ...] = (types.LargeBinary, types.BINARY, types.VARBINARY)  # a BINARY is no LargeBinary
OF_UUIDS: tuple[type[Type], ...] = (types.String, types.Uuid, *BYTES)
BY_BYTES = "C"  # PostgreSQL's collation that takes nothing for equal but what is
AFFINITIES = ("INT", "CHAR", "CLOB", "TEXT", "BLOB", "REAL", "FLOA", "DOUB")  # by these SQLite knows a type
NAME = re.compile(r"[\w ]+")


def raw(column: SourceColumn) -> TypeCoerce[Any]:
    """Return a column as it is stored: without SQLAlchemy's reading of it, which would raise on what it can't read."""
    return type_coerce(column, types.NullType())


def is_readable(column_type: Type, role: ValueType, dialect: str) -> bool:
    """Say whether a role takes a column's type; whether it takes the values is R19's business.

    Args:
        column_type: the type, as `resolve` left it.
        role: what the column's values are read as.
        dialect: SQLAlchemy's name of the source's dialect.
    """
    if isinstance(column_type, types.NullType):
        return dialect == "sqlite" or role in JUDGED_BY_TEXT
    if dialect == DUCKDB and isinstance(column_type, types.String):
        return True
    if role == "id" and isinstance(column_type, types.Numeric) and not isinstance(column_type, types.Float):
        return not column_type.scale  # of NUMERIC(20, 0), or without a scale at all
    if role == "boolean" and is_bit(column_type):
        return True
    readable = READABLE_IN_SQLITE if dialect == "sqlite" else READABLE
    return isinstance(column_type, readable[role])


def readable_by(
    role: ValueType | Literal["duration"], table: Mapped | Composite | None
) -> tuple[Callable[[Type, str], bool], str]:
    """Return what says whether a role takes a column's type, as the role is mapped, and what it takes in words.

    Args:
        role: what the role's values are read as.
        table: how it is mapped, None by a name alone.
    """
    if role == "duration" and (not isinstance(table, Mapped) or table.unit is None):
        return _is_length, "an INTERVAL, a TIME of MySQL, or text in ISO 8601, such as PT90S; a number needs a unit,"
    of_table = _readable_by_table(table) if isinstance(table, Mapped) else None
    if of_table is not None:
        return of_table
    assert role != "duration"  # noqa: S101 - see above
    return lambda column_type, dialect: is_readable(column_type, role, dialect), EXPECTED[role]


def _is_of(column_type: Type, dialect: str, kinds: tuple[type[Type], ...]) -> bool:
    return (
        isinstance(column_type, kinds)
        or (dialect == "sqlite" and isinstance(column_type, types.NullType | types.DateTime))
        or (dialect == DUCKDB and isinstance(column_type, types.String))
    )


def _readable_by_table(table: Mapped) -> tuple[Callable[[Type, str], bool], str] | None:
    if table.date is not None:
        return lambda column_type, dialect: is_readable(column_type, "date", dialect), EXPECTED["date"]
    if table.true or table.false:
        return lambda _type, _dialect: True, "anything"
    of_kinds: tuple[tuple[bool, tuple[type[Type], ...], str], ...] = (
        (table.format is not None, (types.String,), "text"),
        (table.unit is not None, NUMBERS, "a number"),
        (table.at_least is not None or table.times is not None, (*NUMBERS, types.String), "a number"),
        # of a type that nobody knows, such as MariaDB's UUID, values are judged
        (table.as_ is not None, (*OF_UUIDS, types.NullType), "text, a UUID or 16 bytes"),
    )
    for is_so, kinds, words in of_kinds:
        if is_so:
            return partial(_is_of, kinds=kinds), words
    return None


def _is_length(column_type: Type, dialect: str) -> bool:
    """A TIME of PostgreSQL is a time of the day; of MySQL it goes up to 838 hours."""
    lengths: tuple[type[Type], ...] = (types.Interval, postgresql.INTERVAL, types.String)
    return isinstance(column_type, (*lengths, types.Time) if dialect in MYSQL else lengths) or (
        dialect == "sqlite" and isinstance(column_type, types.NullType)
    )


def is_text(column: SourceColumn, dialect: str) -> bool:
    """Say whether a column's instants are texts, which the source can order only as such."""
    return dialect == "sqlite" or (dialect == DUCKDB and isinstance(column.type, types.String))


def is_bit(column_type: Type) -> bool:
    """Say whether a type is one bit, which is 0 or 1."""
    if isinstance(column_type, postgresql.BIT):
        return not column_type.varying and column_type.length in {None, 1}
    return isinstance(column_type, mysql.BIT) and column_type.length in {None, 1}


def may_end_in_zeros(column_type: Type, role: ValueType) -> bool:
    """Say whether PostgreSQL may spell a whole number, where that matters, with a fraction of zeros.

    Args:
        column_type: the type.
        role: what the column's values are read as.
    """
    if not isinstance(column_type, types.Numeric | types.Float):
        return False
    return role == "boolean" or (role == "id" and column_type.scale is None)


def resolve(table: Table, connection: Connection) -> None:
    """Give the columns of a reflected table the types that they have beneath, NullType where that is not known.

    Args:
        table: as SQLAlchemy reflected it.
        connection: of its source.
    """
    declared = _declared(table, connection) if connection.dialect.name == "sqlite" else {}
    for column in table.columns:
        while isinstance(column.type, postgresql.DOMAIN):
            column.type = column.type.data_type
        if column.name in declared and not _is_known_in_sqlite(declared[column.name]):
            column.type = types.NullType()


def _declared(table: Table, connection: Connection) -> dict[str, str]:
    """The types of a SQLite table's columns, in the words of whoever made it."""
    preparer = connection.dialect.identifier_preparer
    schema = f"{preparer.quote(table.schema)}." if table.schema else ""
    rows = connection.exec_driver_sql(f"pragma {schema}table_xinfo({preparer.quote_identifier(table.name)})")
    return {name: declared for _, name, declared, *_ in rows}


def _is_known_in_sqlite(declared: str) -> bool:
    """Whether SQLAlchemy or SQLite itself know a type by its name, and did not just fall back to NUMERIC."""
    name = NAME.match(declared.upper())
    is_named = name is not None and name[0].strip() in sqlite.dialect.ischema_names
    return is_named or any(affinity in declared.upper() for affinity in AFFINITIES)
