"""Looking at a source: its tables with columns, types, keys and a sample of rows, read-only and a table at a time.

A table that cannot be read is no failure: it is left out, with the reason. Values are shortened in the source,
and those of types that no role takes are not asked for.
"""

import warnings
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    MetaData,
    Select,
    Table,
    case,
    cast,
    func,
    inspect,
    select,
    text,
    types,
)
from sqlalchemy.exc import DBAPIError, SAWarning, SQLAlchemyError

from assets.step1_extract.selects.types import BYTES, MYSQL, Type, is_bit, raw, resolve
from pipelines.propose.look.reading import limit_statement
from pipelines.propose.look.tables import Column, LookedAt, Source, shown
from warehouse.configuration.sources import source_settings
from warehouse.errors import PulseError

OF_A_VIEW = "a view; map it by hand where it says more than its tables"
PARTITIONS = text("""
select c.relname from pg_catalog.pg_class c inner join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relispartition and n.nspname = :schema
""")
ROWS = 100  # from each end of a table's key
LONGEST_TEXT = 100
BYTES_OF_ID = 17  # one more than a UUID has
SAMPLED: tuple[type[Type], ...] = (
    types.Integer, types.Numeric, types.Float, types.String, types.Boolean, types.DateTime, types.Date, types.Uuid,
    types.Interval, *BYTES,
)  # fmt: skip


def look_at(connection: Connection, schema: str | None) -> Source:
    """Look at every table of a schema; at its views if our role can read no table.

    Args:
        connection: of the source, used in its thread.
        schema: its name, None for the usual one.

    Raises:
        PulseError: there is neither.
    """
    inspector = inspect(connection)
    usual = schema or inspector.default_schema_name
    parts = _partitions(connection, usual)
    tables = [name for name in sorted(inspector.get_table_names(schema)) if name not in parts]
    views = sorted(inspector.get_view_names(schema))
    if not tables and not views:
        others = [name for name in inspector.get_schema_names() if name not in (usual, "information_schema")]
        message = f"there is no table in schema {usual}; its others are {', '.join(map(shown, others)) or 'none'}"
        raise PulseError(f"{message}, name one with --schema")
    looks, left_out = _looks(connection, tables, schema)
    if looks:
        return Source(looks, left_out | dict.fromkeys(views, OF_A_VIEW))
    looks, views_left_out = _looks(connection, views, schema)
    return Source(looks, left_out | views_left_out)


def _looks(connection: Connection, names: Sequence[str], schema: str | None) -> tuple[list[LookedAt], dict[str, str]]:
    """Return the tables or views that can be read, and why the others cannot."""
    looks: list[LookedAt] = []
    left_out: dict[str, str] = {}
    for name in names:
        if reason := _unusable(name, schema):
            left_out[name] = reason
            continue
        try:
            looks.append(_look_at_table(connection, name, schema))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            left_out[name] = _reason(error)
            connection.rollback()
        except SQLAlchemyError:
            left_out[name] = "its columns cannot be read"
    return looks, left_out


def _partitions(connection: Connection, schema: str | None) -> set[str]:
    """Return the tables of PostgreSQL that are parts of others, whose rows would count twice."""
    if connection.dialect.name != "postgresql":
        return set()
    return set(connection.execute(PARTITIONS, {"schema": schema}).scalars())


def readable(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """Ask for the beginning of a value as it is stored, as far as its driver has something for it."""
    stored = raw(column)  # type: ignore[arg-type] # of a table
    kind = column.type
    if dialect == "sqlite":
        is_long = func.typeof(stored).in_(["text", "blob"])
        return case((is_long, func.substr(stored, 1, LONGEST_TEXT)), else_=stored)
    if is_bit(kind):
        return cast(stored, types.Integer) if dialect in MYSQL else cast(column, types.Text)
    if isinstance(kind, BYTES):
        return func.substr(stored, 1, BYTES_OF_ID)
    if dialect == "postgresql" and isinstance(kind, types.DateTime | types.Date | types.Interval | types.Uuid):
        return cast(column, types.Text)  # which also holds infinity
    if isinstance(kind, types.String):
        return func.left(cast(column, types.Text) if dialect == "postgresql" else stored, LONGEST_TEXT)
    return stored


def _look_at_table(connection: Connection, name: str, schema: str | None) -> LookedAt:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # that it does not know a type
        table = Table(name, MetaData(), schema=schema, autoload_with=connection, resolve_fks=False)
    resolve(table, connection)
    dialect = connection.dialect.name
    rows = _sample(connection, table)
    columns = {
        column.name: Column(
            column.name,
            column.type,
            bool(column.nullable),
            [row[column.name] for row in rows if row.get(column.name) is not None],
            sum(1 for row in rows if column.name in row and row[column.name] is None),
            dialect,
        )
        for column in table.columns
        if not _unusable(column.name, None, is_column=True)
    }
    unique = [tuple(index.columns.keys()) for index in table.indexes if index.unique]
    unique += [tuple(c.columns.keys()) for c in table.constraints if type(c).__name__ == "UniqueConstraint"]  # type: ignore[attr-defined]
    indexed = [index.columns.keys()[:1] for index in table.indexes] + [list(table.primary_key.columns.keys()[:1])]
    return LookedAt(
        f"{schema}.{name}" if schema else name,
        name,
        columns,
        tuple(table.primary_key.columns.keys()),
        sorted(unique),
        _references(table),
        frozenset(column for names in indexed for column in names),
        rows,
        table,
    )


def _references(table: Table) -> dict[str, tuple[str, str]]:
    references = {}
    for key in table.foreign_key_constraints:
        for element in key.elements:
            target, _, column = element.target_fullname.rpartition(".")
            if len(key.elements) == 1:
                references[element.parent.name] = (target.removeprefix(f"{table.schema}."), column)
    return references


def _sample(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Return rows from both ends of the key where it has one column, else any."""
    dialect = connection.dialect.name
    columns = [column for column in table.columns if _is_sampled(column.type, dialect)]
    if not columns:
        return []
    query: Select[Any] = select(
        *(readable(column, dialect).label(f"c{number}") for number, column in enumerate(columns))
    )
    key = list(table.primary_key.columns)
    if len(key) == 1:
        stored = raw(key[0])
        queries = [query.order_by(end).limit(ROWS) for end in (stored, stored.desc())]
    else:
        queries = [query.limit(2 * ROWS)]
    limit_statement(connection)
    rows = [tuple(row) for each in queries for row in connection.execute(each)]
    if len(key) == 1:
        rows = list(dict.fromkeys(rows))  # a small table came twice
    names = [column.name for column in columns]
    return [dict(zip(names, map(_as_text, row), strict=True)) for row in rows]


def _as_text(value: object) -> object:
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def _is_sampled(kind: Type, dialect: str) -> bool:
    return dialect == "sqlite" or isinstance(kind, SAMPLED) or (is_bit(kind) and not isinstance(kind, types.JSON))


def _unusable(name: str, schema: str | None, *, is_column: bool = False) -> str | None:
    """Return why a name cannot stand in a configuration, None if it can."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if not name or "\0" in name:
        return "its name cannot be written"
    if "." in f"{schema or ''}{name}" and not is_column:
        return "its name has a dot, which separates a schema; map it by a query"
    return None


def _reason(error: DBAPIError) -> str:
    if source_settings.is_row_security(error.orig):
        return "row level security filters it for our role; see docs/guide/connect.md"
    return "our role cannot read it, or not in time"
