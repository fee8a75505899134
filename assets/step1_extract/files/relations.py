"""What DuckDB reads for a stream, as one derived table: a table or query of a database, or files of these days.

Every column is read in one of a few types (`column_types.py`), so that the selects need to know no others.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
from sqlalchemy import Connection, FromClause, column, text, types
from sqlalchemy.exc import DBAPIError, ProgrammingError

from assets.step1_extract.files.column_types import Type, expression, plain_type, sql_type
from assets.step1_extract.files.listing import Listing, listed
from assets.step1_extract.files.reading import FilesOfStream, files_of
from warehouse import clock
from warehouse.configuration.configuration import Stream
from warehouse.configuration.queries import bound
from warehouse.configuration.sources.patterns import DAY, format_of
from warehouse.errors import SourceDriftError, SourceUnavailableError

NAME = "source_rows"
INSTANT = "timestamptz '{day} 00:00:00+00'"  # as `:from` and `:to` are spelled
FIRST, LAST = date.min, date.max


@dataclass(frozen=True)
class Relation:
    """A stream's rows as DuckDB reads them.

    Args:
        sql: the select of all columns, for the days from one up to another, exclusive.
        types: the type of each column, in their order.
        spelled: the type of every column of the source, as DuckDB spells it.
        listing: the files, None of a database.
    """

    sql: Callable[[date, date], str]
    types: Mapping[str, Type]
    spelled: Mapping[str, str] = field(default_factory=dict)
    listing: Listing | None = None

    @property
    def has_days(self) -> bool:
        """Whether every row is of a file of one day, which is its column `DAY`."""
        return self.listing is not None and self.listing.has_days

    def between(self, begin: date, end: date) -> FromClause:
        """Return the derived table for the days from `begin` up to and without `end`."""
        typed = [column(name, kind) for name, kind in self.types.items()]
        if self.has_days:
            typed.append(column(DAY, types.Date()))
        return text(self.sql(begin, end).replace(":", r"\:")).columns(*typed).subquery(NAME)


@contextmanager
def holding_still(relation: Relation | None) -> Iterator[None]:
    """Make sure that the files of a relation are afterwards what they were; a database is held by being open.

    Raises:
        SourceUnavailableError: one came, went or was changed meanwhile, whatever else has failed because of that.
    """
    listing = relation.listing if relation is not None else None
    try:
        yield
    except (duckdb.Error, DBAPIError, SourceUnavailableError):
        if listing is not None:
            listing.refuse_changed()
        raise
    if listing is not None:
        listing.refuse_changed()


def relation_of(connection: Connection, stream: Stream) -> Relation:
    """Return what DuckDB reads for a stream.

    Args:
        connection: of a source of DuckDB (`assets/step1_extract/source/duckdb_sessions.py`).
        stream: any stream of it.

    Raises:
        SourceDriftError: there is no such table, the query is not taken, or a file has not the mapped columns.
        SourceUnavailableError: no file is matched, or a folder cannot be read.
    """
    if stream.files is not None:
        return _of_files(connection, stream, stream.files)
    return _of_database(connection, stream)


def _of_files(connection: Connection, stream: Stream, pattern: str) -> Relation:
    driver: Any = connection.connection.driver_connection
    listing = listed(stream.name, driver.folder, pattern, clock.last_day_over())
    kind = format_of(pattern)
    assert kind is not None  # noqa: S101 - as the configuration has been validated
    try:
        files: FilesOfStream = files_of(driver.session, stream, listing, kind)
    except (duckdb.Error, SourceDriftError, OSError):
        listing.refuse_changed()  # it is being written: then that is what is wrong
        raise
    return Relation(files.sql, files.types, files.spelled, listing)


def _of_database(connection: Connection, stream: Stream) -> Relation:
    def base(begin: date, end: date) -> str:
        if stream.query is None:
            return ".".join(quoted_name(part) for part in (stream.table or "").split("."))
        literals = [INSTANT.format(day=day.isoformat()) for day in (begin, end)]
        return f"(\n{bound(stream.query, *literals)}\n)"

    spelled = _described(connection, stream, f"select * from {base(FIRST, LAST)} limit 0")
    wanted = {name: plain_type(kind) for name, kind in spelled.items()}
    columns = ", ".join(
        f"{expression(quoted_name(name), kind, wanted[name])} as {quoted_name(name)}" for name, kind in spelled.items()
    )
    kinds = {name: sql_type(kind, wanted[name]) for name, kind in spelled.items()}
    return Relation(lambda begin, end: f"select {columns} from {base(begin, end)}", kinds, spelled)


def _described(connection: Connection, stream: Stream, sql: str) -> dict[str, str]:
    try:
        fields = connection.exec_driver_sql(sql).cursor.description
    except ProgrammingError as error:
        reason = " ".join(str(error.orig).partition("\n")[0].split())
        what = "there is no table" if stream.query is None else f"source {stream.source} does not take its query:"
        way_out = f"{stream.relation}; correct the mapping's table" if stream.query is None else f"{reason}; correct it"
        raise SourceDriftError(f"stream {stream.name}: {what} {way_out}") from None
    names = [str(described[0]) for described in fields]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f'stream {stream.name}: its query has two columns "{twice[0]}"; name one of them otherwise, with `as`'
        raise SourceDriftError(message)
    return {str(described[0]): str(described[1]) for described in fields}


def quoted_name(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
