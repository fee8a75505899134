"""A stream's `query` as a table: its columns and their types by an empty result, and the bounds of days within it.

The source reads it as a derived table, in the session, snapshot and time limit of every other stream. What it costs is
the source's matter; `:from` and `:to` let it use an index on a column of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pymysql.constants import FIELD_TYPE, FLAG  # type: ignore[import-untyped]
from sqlalchemy import Connection, FromClause, Select, column, select, text, types
from sqlalchemy.dialects import mysql, postgresql

from assets.step1_extract.selects.types import MYSQL, Type
from warehouse.configuration.queries import bound
from warehouse.errors import SourceDriftError

NAME = "source_query"
EVERY_DAY = (date.min, date.max)  # bounds that leave nothing out but a row without an instant
BINARY = 63  # MySQL's number of the character set of what is no text
# How a bound is spelled in the source's own SQL: an instant in UTC where the dialect has one, else text.
LITERALS: Mapping[str, str] = {
    "postgresql": "timestamptz '{day} 00:00:00+00'",
    "mysql": "timestamp '{day} 00:00:00'",
    "mariadb": "timestamp '{day} 00:00:00'",
    "sqlite": "'{day}'",
}
OTHER_LITERAL = "timestamp '{day} 00:00:00'"
POSTGRES_TYPES = text("""
select oid::bigint as oid, pg_catalog.format_type(oid, null) as name from pg_catalog.pg_type where oid = any(:oids)
""")
MYSQL_TYPES: Mapping[int, type[Type]] = {
    **dict.fromkeys(
        (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR),
        types.BigInteger,
    ),
    **dict.fromkeys((FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE), types.Float),
    FIELD_TYPE.DATE: types.Date,
    FIELD_TYPE.NEWDATE: types.Date,
    FIELD_TYPE.DATETIME: mysql.DATETIME,
    FIELD_TYPE.TIMESTAMP: mysql.TIMESTAMP,
    FIELD_TYPE.JSON: types.JSON,
}


def derived(query: str, columns: Mapping[str, Type], begin: date, end: date, dialect: str) -> FromClause:
    """Return a query as a table.

    Args:
        query: as configured.
        columns: the types of its columns, by name; none for what they are not known of yet.
        begin: the UTC day at whose begin `:from` is.
        end: the UTC day at whose begin `:to` is, exclusive.
        dialect: SQLAlchemy's name of the source's dialect.
    """
    literal = LITERALS.get(dialect, OTHER_LITERAL)
    sql = bound(query, *(literal.format(day=day.isoformat()) for day in (begin, end)))
    typed = [column(name, kind) for name, kind in columns.items()]
    return text(sql.replace(":", r"\:")).columns(*typed).subquery(NAME)


def columns_of(connection: Connection, stream: str, query: str) -> dict[str, Type]:
    """Return the types of a query's columns by name, as its empty result has them; NullType where that is not known.

    Args:
        connection: of its source.
        stream: the stream's name.
        query: as configured.

    Raises:
        SourceDriftError: two of its columns have one name.
    """
    dialect = connection.dialect.name
    every: Select[Any] = select(text("*")).select_from(derived(query, {}, *EVERY_DAY, dialect)).limit(0)
    result = connection.execute(every)
    fields: Sequence[Any] = result.cursor.description
    names = [str(field[0]) for field in fields]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f'stream {stream}: its query has two columns "{twice[0]}"; name one of them otherwise, with `as`'
        raise SourceDriftError(message)
    kinds = _kinds(connection, result.cursor, fields)
    result.close()
    return dict(zip(names, kinds, strict=True))


def _kinds(connection: Connection, cursor: Any, fields: Sequence[Any]) -> list[Type]:  # noqa: ANN401 - a driver's
    if connection.dialect.name == "postgresql":
        oids = [int(field[1]) for field in fields]
        names = {row.oid: row.name for row in connection.execute(POSTGRES_TYPES, {"oids": oids})}
        return [_of_postgres(names.get(int(field[1]), ""), field) for field in fields]
    if connection.dialect.name in MYSQL:
        return [_of_mysql(field) for field in getattr(getattr(cursor, "_result", None), "fields", [])]
    return [types.NullType() for _ in fields]


def _of_postgres(name: str, field: Any) -> Type:  # noqa: ANN401 - psycopg's
    if name == "numeric":
        return types.Numeric(field[4], field[5])
    if name.startswith("timestamp"):
        return postgresql.TIMESTAMP(timezone=name.endswith("with time zone"))
    if name == "bit":
        return postgresql.BIT(field[3])
    kind: type[Type] = postgresql.dialect.ischema_names.get(name, types.NullType)
    return kind()


def _of_mysql(field: Any) -> Type:  # noqa: ANN401 - PyMySQL's
    if field.type_code == FIELD_TYPE.BIT:
        return mysql.BIT(field.length)
    if field.type_code in {FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL}:
        return types.Numeric(65, field.scale)
    if field.type_code in MYSQL_TYPES:
        return MYSQL_TYPES[field.type_code]()
    is_binary = field.charsetnr == BINARY and not field.flags & (FLAG.ENUM | FLAG.SET)
    return types.LargeBinary() if is_binary else types.String()
