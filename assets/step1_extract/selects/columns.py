"""Before the first row is read: the table is found once, reflected, and every mapped column has a type we can read."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self

from sqlalchemy import Connection, FromClause, MetaData, Table, select, text
from sqlalchemy.exc import CompileError, InternalError, NoSuchTableError, OperationalError, ProgrammingError, SAWarning

from assets.step1_extract.files.relations import Relation, relation_of
from assets.step1_extract.selects.derived import EVERY_DAY, columns_of, derived
from assets.step1_extract.selects.types import DUCKDB, MYSQL, SourceColumn, Type, readable_by, resolve
from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.configuration.roles import Filter
from warehouse.configuration.sources import source_settings
from warehouse.configuration.streams import INPUTS, ROLES_OF_TABLES, Role
from warehouse.errors import SourceDriftError

IN_SEARCH_PATH = text(engine.sql(source_settings.RESOLVE_IN_POSTGRES))


@dataclass(frozen=True)
class MappedTable:
    """A stream's table as the source has it now.

    Args:
        table: the reflected table, or a query as one.
        columns: the columns that are mapped by their name alone, by role, in the order of the roles.
        inputs: every column that a role is read from, as `Stream.inputs` names them.
        filters: what rows have to fulfil, each with its column.
        others: names of the table's columns that no role maps, for the run's metadata.
        types: type and nullability of every column of the table, mapped or not, as the source spells them.
        query: where it is one, as configured.
        relation: what is read where DuckDB reads it.
    """

    table: FromClause
    columns: Mapping[Role, SourceColumn]
    inputs: Mapping[str, SourceColumn]
    filters: Sequence[tuple[Filter, SourceColumn]]
    others: tuple[str, ...]
    types: Mapping[str, str]
    query: str | None = None
    relation: Relation | None = None

    def between(self, begin: date, end: date, dialect: str) -> Self:
        """Return the table for the days from `begin` up to and without `end`, by which a query may bound itself."""
        if self.relation is not None:
            table = self.relation.between(begin, end)
        elif self.query is not None:
            kinds = {column.name: column.type for column in self.table.columns}
            table = derived(self.query, kinds, begin, end, dialect)
        else:
            return self
        return replace(
            self,
            table=table,
            columns={role: table.c[column.name] for role, column in self.columns.items()},
            inputs={name: table.c[column.name] for name, column in self.inputs.items()},
            filters=[(row_filter, table.c[column.name]) for row_filter, column in self.filters],
        )

    @property
    def used(self) -> list[SourceColumn]:
        """Every column that matters: those of the roles in their order, then those that only a filter has.

        A column of two roles is there twice, as it always was: a checksum that was kept must not change.
        """
        names = {column.name for column in self.inputs.values()}
        of_filters = {column.name: column for _, column in self.filters if column.name not in names}
        return [*self.inputs.values(), *of_filters.values()]


def reflect(connection: Connection, stream: Stream) -> MappedTable:
    """Reflect a stream's table and check its mapped columns (FAULTS 20).

    Raises:
        SourceDriftError: the table or a column is not there, or a column's type is outside what its role takes.
    """
    dialect = connection.dialect.name
    table, spelled, relation = table_of(connection, stream)
    roles = {role.name: role for role in ROLES_OF_TABLES[stream.kind]}
    in_order = sorted(stream.inputs.items(), key=lambda item: list(roles).index(item[0]) if item[0] in roles else 99)
    inputs = {label: _column(table, name, label, stream) for label, name in in_order}
    for label, column in inputs.items():
        _refuse_type(column, label, stream, dialect)
    by_name = {label for label, mapped in stream.columns.items() if isinstance(mapped, str) and label in roles}
    columns = {roles[label]: column for label, column in inputs.items() if label in by_name}
    filters = [(row_filter, _column(table, row_filter.column, "where", stream)) for row_filter in stream.where]
    mapped = MappedTable(table, columns, inputs, filters, (), spelled, stream.query, relation)
    if dialect == "postgresql":
        connection.execute(select(*mapped.used).limit(0))  # says whether policies would filter, and reads nothing
    used = {column.name for column in mapped.used}
    return replace(mapped, others=tuple(name for name in spelled if name not in used))


def table_of(connection: Connection, stream: Stream) -> tuple[FromClause, dict[str, str], Relation | None]:
    """Return a stream's table, or its query as one, and the types of its columns as the source spells them.

    With them comes what DuckDB reads, None of any other dialect.

    Raises:
        SourceDriftError: the table is not there, or the source does not take the query.
    """
    table: FromClause
    if connection.dialect.name == DUCKDB:
        relation = relation_of(connection, stream)
        return relation.between(*EVERY_DAY), dict(relation.spelled), relation
    if stream.query is not None:
        table = derived(stream.query, _columns_of_query(connection, stream), *EVERY_DAY, connection.dialect.name)
        return table, {column.name: _spelled(column, connection) for column in table.columns}, None
    table = reflected = _reflected(connection, stream)
    spelled = {column.name: _spelled(column, connection) for column in table.columns}
    resolve(reflected, connection)
    return table, spelled, None


def every_mistake(table: FromClause, stream: Stream, dialect: str) -> Iterator[tuple[str, SourceDriftError]]:
    """Yield what `reflect` would raise for each column of a mapping, and not only for the first.

    Args:
        table: as `table_of`.
        stream: the stream.
        dialect: SQLAlchemy's name of the source's dialect.

    Returns:
        With each error what it is about: the `columns`, or their `types`.
    """
    for label, name in [*stream.inputs.items(), *(("where", row_filter.column) for row_filter in stream.where)]:
        about = "columns"
        try:
            column = _column(table, name, label, stream)
            about = "types"
            if label != "where":
                _refuse_type(column, label, stream, dialect)
        except SourceDriftError as error:
            yield about, error


def _columns_of_query(connection: Connection, stream: Stream) -> dict[str, Type]:
    """Return the types of a query's columns, by name.

    Raises:
        SourceDriftError: the source does not take the query.
    """
    try:
        return columns_of(connection, stream.name, stream.query or "")
    except (ProgrammingError, OperationalError, InternalError) as error:
        if source_settings.is_row_security(error.orig) or error.connection_invalidated:
            raise
        reason = " ".join(str(error.orig).split())
        message = f"stream {stream.name}: source {stream.source} does not take its query: {reason}; correct it"
        raise SourceDriftError(message) from None


def _reflected(connection: Connection, stream: Stream) -> Table:
    """Reflect a table, which is named with its schema from here on, whatever a session's search path or database is.

    Raises:
        SourceDriftError: there is none.
    """
    schema, _, name = (stream.table or "").rpartition(".")
    missing = f"stream {stream.name}: there is no table {stream.relation}; correct the mapping's table"
    if not schema and connection.dialect.name == "postgresql":
        schema = connection.execute(IN_SEARCH_PATH, {"name": name}).scalar() or ""
        if not schema:
            raise SourceDriftError(missing)
    if not schema and connection.dialect.name in MYSQL:
        schema = connection.engine.url.database or ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # that it does not know a type, which may be of no column of ours
        try:
            listeners = [("column_reflect", _name_as_it_is)] if connection.dialect.name in MYSQL else []
            return Table(
                *(name, MetaData()),
                schema=schema or None,
                autoload_with=connection,
                resolve_fks=False,
                listeners=listeners,
            )
        except NoSuchTableError:
            raise SourceDriftError(missing) from None


def _name_as_it_is(_inspector: object, _table: Table, column: dict[str, Any]) -> None:
    """SQLAlchemy leaves the backticks of a name doubled, as MySQL's DDL has them."""
    column["name"] = column["name"].replace("``", "`")


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what has changed in a table, beside what stops a stream: a sentence for each column (FAULTS 20).

    Args:
        before: type of each column, as `MappedTable.types` said at the last landing; empty if that is not known.
        now: as it says now.
    """
    if not before:
        return []
    lines = [f'column "{name}" ({spelled}) was added' for name, spelled in now.items() if name not in before]
    lines += [f'column "{name}" is gone' for name in before if name not in now]
    both = [name for name in now if name in before]
    return lines + [f'column "{name}" was {before[name]}, is {now[name]}' for name in both if before[name] != now[name]]


def _column(table: FromClause, name: str, label: str, stream: Stream) -> SourceColumn:
    if name not in table.columns:
        names = ", ".join(table.columns.keys())
        where = f"not in {stream.relation}, found {names}"
        message = f'stream {stream.name}: column "{name}" ({label}) is {where}; map another'
        raise SourceDriftError(message)
    return table.columns[name]


def _refuse_type(column: SourceColumn, label: str, stream: Stream, dialect: str) -> None:
    """Make sure that a column's type is one that its role takes, as it is mapped."""
    role = label.partition(".")[0]
    table = stream.tables.get(role)
    kinds = {known.name: known.type for known in ROLES_OF_TABLES[stream.kind]} | INPUTS.get(stream.kind, {})
    is_readable_so, expected = readable_by(kinds[role], table)
    if not is_readable_so(column.type, dialect):
        where = f"is {column.type!r} in {stream.relation}"
        message = f'stream {stream.name}: column "{column.name}" {where}, expected {expected} for {label}'
        raise SourceDriftError(message)


def _spelled(column: SourceColumn, connection: Connection) -> str:
    try:
        spelled = column.type.compile(connection.dialect)
    except CompileError:  # of a type that SQLAlchemy does not know
        spelled = repr(column.type)
    return spelled if getattr(column, "nullable", True) else f"{spelled} NOT NULL"
