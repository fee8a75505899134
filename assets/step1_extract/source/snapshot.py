"""One consistent read-only snapshot of a source: PostgreSQL through ADBC, everything else through a cursor.

A snapshot runs SQLAlchemy selects and gives raw batches, whose columns are named by role and whose values are still
what the driver gave. What the values mean is `assets/step1_extract/values/`.
"""

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Select
from sqlalchemy.engine import URL

from assets.step1_extract.source.sessions import OF_LIBPQ, settings_of_postgres
from assets.step1_extract.source.waiting import SourceThread
from warehouse.configuration.sources.source_settings import LIBPQ, RowSecurity

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection as PostgresConnection

ROWS_PER_BATCH = 50_000
# SQLAlchemy's reflection of MySQL leaves listeners to errors switched off.
WHILE_ROWS_COME: dict[str, Any] = {"yield_per": ROWS_PER_BATCH, "skip_user_error_events": False}
# How a transaction that sees one state, and may not write, is begun.
BEGIN_SNAPSHOT = {
    "postgresql": ["begin isolation level repeatable read read only"],
    "sqlite": ["begin"],
    "mysql": ["start transaction with consistent snapshot, read only"],
    "mariadb": ["start transaction with consistent snapshot, read only"],
}

RawBatch: TypeAlias = pa.RecordBatch | pd.DataFrame


class Snapshot(Protocol):
    """One state of a source, for as many selects as it takes."""

    def batches(self, query: Select[*tuple[Any, ...]]) -> Generator[RawBatch, None, None]:
        """Yield the rows of a select in batches, in the order that the select asks for."""

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return all rows of a small select."""


@contextmanager
def snapshot(connection: Connection, longest: timedelta, row_security: RowSecurity = "refuse") -> Iterator[Snapshot]:
    """Open one consistent read-only snapshot of the source that `connection` reflects.

    Args:
        connection: of an engine of `step1_sessions.engine_of`.
        longest: how long a statement may take.
        row_security: whether PostgreSQL's policies may filter what is read.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":
        with _postgres_snapshot(connection.engine.url, longest, row_security) as opened:
            yield opened
        return
    if dialect == "duckdb":
        yield DuckDBSnapshot(connection)
        return
    for statement in BEGIN_SNAPSHOT.get(dialect, []):
        connection.exec_driver_sql(statement)
    yield CursorSnapshot(connection)


@dataclass(frozen=True)
class CursorSnapshot:
    """A server-side cursor of any SQLAlchemy dialect, read in pandas chunks of Python objects."""

    connection: Connection

    def batches(self, query: Select[*tuple[Any, ...]]) -> Generator[RawBatch, None, None]:
        """Yield data frames of objects: `read_sql` would guess types, and turn the NULL of a text into NaN."""
        with self.connection.execution_options(**WHILE_ROWS_COME).execute(query) as result:
            for rows in result.partitions():
                yield pd.DataFrame(rows, columns=list(result.keys()), dtype=object)

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return all rows of a small select."""
        return [tuple(row) for row in self.connection.execute(query)]


@dataclass(frozen=True)
class PostgresSnapshot:
    """PostgreSQL's binary COPY in Arrow batches."""

    connection: "PostgresConnection"

    def batches(self, query: Select[*tuple[Any, ...]]) -> Generator[RawBatch, None, None]:
        """Yield Arrow record batches."""
        with self.connection.cursor() as cursor:
            cursor.execute(_postgres_text(query))
            yield from cursor.fetch_record_batch()

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return all rows of a small select."""
        with self.connection.cursor() as cursor:
            cursor.execute(_postgres_text(query))
            return [tuple(row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class DuckDBSnapshot:
    """A DuckDB file that is open for reading, which keeps everybody from writing to it, or files that hold still."""

    connection: Connection

    def batches(self, query: Select[*tuple[Any, ...]]) -> Generator[RawBatch, None, None]:
        """Yield Arrow record batches."""
        session: Any = self.connection.connection.driver_connection
        yield from session.batches(self._text(query), ROWS_PER_BATCH)

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return all rows of a small select."""
        return [tuple(row) for row in self.connection.exec_driver_sql(self._text(query))]

    def _text(self, query: Select[*tuple[Any, ...]]) -> str:
        """Return the SQL with its values: DuckDB does not take two parameters of one value for one expression."""
        return str(query.compile(self.connection, compile_kwargs={"literal_binds": True}))


@dataclass(frozen=True)
class ThreadSnapshot:
    """A snapshot that is read in its source's thread.

    Args:
        source: the snapshot, opened in that thread.
        thread: the source's.
    """

    source: Snapshot
    thread: SourceThread

    def batches(self, query: Select[*tuple[Any, ...]]) -> Generator[RawBatch, None, None]:
        """Yield the batches of the snapshot."""
        return self.thread.each(self.source.batches(query))

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return the rows of the snapshot."""
        return self.thread.call(lambda: self.source.rows(query))


@contextmanager
def _postgres_snapshot(url: URL, longest: timedelta, row_security: RowSecurity) -> Iterator[PostgresSnapshot]:
    with _connect(_conninfo(url)) as connection:
        for statement in (*BEGIN_SNAPSHOT["postgresql"], *settings_of_postgres(longest, row_security)):
            with connection.cursor() as cursor:
                cursor.execute(statement)
        yield PostgresSnapshot(connection)


def _connect(conninfo: str) -> "PostgresConnection":
    """Connect through ADBC, which is imported where there is a PostgreSQL, and without polars.

    It imports polars if that is installed, in case that somebody asks for its frames. Nobody does.
    """
    is_refused = "polars" not in sys.modules
    if is_refused:
        sys.modules["polars"] = None  # type: ignore[assignment] # what makes an import fail, as if not installed
    try:
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 - see above
    finally:
        if is_refused:
            del sys.modules["polars"]
    return dbapi.connect(conninfo, autocommit=True)


def _conninfo(url: URL) -> str:
    """What psycopg is told, for ADBC, so that both read a URL in one way: libpq would trip over a raw space."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - only where PostgreSQL is read
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg  # noqa: PLC0415

    _, parameters = PGDialect_psycopg().create_connect_args(url.set(query={**OF_LIBPQ, **url.query, **LIBPQ}))
    return make_conninfo(**{name: value for name, value in parameters.items() if name != "context"})


def _postgres_text(query: Select[*tuple[Any, ...]]) -> str:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - only where PostgreSQL is read

    return str(query.compile(dialect=postgresql.dialect(paramstyle="named"), compile_kwargs={"literal_binds": True}))
