"""Before the first row is read: the table is found once, reflected, and every mapped column has a type we can read."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, select, text
from sqlalchemy.exc import CompileError, NoSuchTableError, SAWarning

from assets.step1_extract.types import EXPECTED, is_readable, resolve
from warehouse import engine
from warehouse.configuration import source_settings
from warehouse.configuration.configuration import Stream
from warehouse.configuration.streams import ROLES, Role
from warehouse.errors import SourceDriftError

IN_SEARCH_PATH = text(engine.sql(source_settings.RESOLVE_IN_POSTGRES))


@dataclass(frozen=True)
class MappedTable:
    """A stream's table as the source has it now.

    Args:
        table: the reflected table.
        columns: the mapped columns by role, in the order of the roles.
        others: names of the table's columns that no role maps, for the run's metadata.
        types: type and nullability of every column of the table, mapped or not, as the source spells them.
    """

    table: Table
    columns: Mapping[Role, Column[object]]
    others: tuple[str, ...]
    types: Mapping[str, str]


def reflect(connection: Connection, stream: Stream) -> MappedTable:
    """Reflect a stream's table and check its mapped columns (FAULTS 20).

    Raises:
        SourceDriftError: the table or a column is not there, or a column's type is outside what its role takes.
    """
    try:
        table = _reflected(connection, stream)
    except NoSuchTableError:
        message = f"stream {stream.name}: there is no table {stream.source}.{stream.table}; correct the mapping's table"
        raise SourceDriftError(message) from None
    spelled = {column.name: _spelled(column, connection) for column in table.columns}
    resolve(table, connection)
    roles = [role for role in ROLES[stream.kind] if role.name in stream.columns]
    columns = {role: _checked(table, role, stream, connection.dialect.name) for role in roles}
    if connection.dialect.name == "postgresql":
        connection.execute(select(*columns.values()).limit(0))  # says whether policies would filter, and reads nothing
    mapped = set(stream.columns.values())
    others = tuple(column.name for column in table.columns if column.name not in mapped)
    return MappedTable(table, columns, others, spelled)


def _reflected(connection: Connection, stream: Stream) -> Table:
    """Reflect a table, which is named with its schema from here on, whatever a session's search path or database is.

    Raises:
        NoSuchTableError: there is none.
    """
    schema, _, name = stream.table.rpartition(".")
    if not schema and connection.dialect.name == "postgresql":
        schema = connection.execute(IN_SEARCH_PATH, {"name": name}).scalar() or ""
        if not schema:
            raise NoSuchTableError(name)
    if not schema and connection.dialect.name in {"mysql", "mariadb"}:
        schema = connection.engine.url.database or ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # that it does not know a type, which may be of no column of ours
        return Table(name, MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False)


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what has changed in a table, beside what stops a stream: a sentence for each column (FAULTS 20).

    Args:
        before: type of each column, as `MappedTable.types` said at the last landing; empty if that is not known.
        now: as it says now.
    """
    if not before:
        return []
    found = [f'column "{name}" ({spelled}) was added' for name, spelled in now.items() if name not in before]
    found += [f'column "{name}" is gone' for name in before if name not in now]
    both = [name for name in now if name in before]
    return found + [f'column "{name}" was {before[name]}, is {now[name]}' for name in both if before[name] != now[name]]


def _checked(table: Table, role: Role, stream: Stream, dialect: str) -> Column[object]:
    name = stream.columns[role.name]
    where = f"{stream.source}.{stream.table}"
    if name not in table.columns:
        found = ", ".join(table.columns.keys())
        message = f'stream {stream.name}: column "{name}" ({role.name}) is not in {where}, found {found}; map another'
        raise SourceDriftError(message)
    column = table.columns[name]
    if not is_readable(column.type, role.type, dialect):
        expected = f"expected {EXPECTED[role.type]} for {role.name}"
        message = f'stream {stream.name}: column "{name}" is {column.type!r} in {where}, {expected}'
        raise SourceDriftError(message)
    return column


def _spelled(column: Column[Any], connection: Connection) -> str:
    try:
        spelled = column.type.compile(connection.dialect)
    except CompileError:  # of a type that SQLAlchemy does not know
        spelled = repr(column.type)
    return spelled if column.nullable else f"{spelled} NOT NULL"
