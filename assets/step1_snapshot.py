"""One consistent read-only snapshot of a source: PostgreSQL through ADBC, everything else through a cursor.

A snapshot runs SQLAlchemy selects and gives raw batches, whose columns are named by role and whose values are still
what the driver gave. What the values mean is `step1_values.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeAlias

import adbc_driver_postgresql
import adbc_driver_postgresql.dbapi
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Select
from sqlalchemy.engine import URL

from assets.step1_sessions import OF_LIBPQ, limits_of_postgres

ROWS_PER_BATCH = 50_000
# How a transaction that sees one state, and may not write, is begun.
BEGIN_SNAPSHOT = {
    "postgresql": ["begin isolation level repeatable read read only", "set local timezone = 'UTC'"],
    "sqlite": ["begin"],
    "mysql": ["set session time_zone = '+00:00'", "start transaction with consistent snapshot, read only"],
    "mariadb": ["set session time_zone = '+00:00'", "start transaction with consistent snapshot, read only"],
}

RawBatch: TypeAlias = pa.RecordBatch | pd.DataFrame


class Snapshot(Protocol):
    """One state of a source, for as many selects as it takes."""

    def batches(self, query: Select[*tuple[Any, ...]]) -> Iterator[RawBatch]:
        """Yield the rows of a select in batches, in the order that the select asks for."""

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return all rows of a small select."""


@contextmanager
def snapshot(connection: Connection, longest: timedelta) -> Iterator[Snapshot]:
    """Open one consistent read-only snapshot of the source that `connection` reflects.

    Args:
        connection: of an engine of `step1_sessions.engine_of`.
        longest: how long a statement may take.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":
        with _postgres_snapshot(connection.engine.url, longest) as opened:
            yield opened
        return
    for statement in BEGIN_SNAPSHOT.get(dialect, []):
        connection.exec_driver_sql(statement)
    yield CursorSnapshot(connection)


@dataclass(frozen=True)
class CursorSnapshot:
    """A server-side cursor of any SQLAlchemy dialect, read in pandas chunks of Python objects."""

    connection: Connection

    def batches(self, query: Select[*tuple[Any, ...]]) -> Iterator[RawBatch]:
        """Yield data frames of objects: `read_sql` would guess types, and turn the NULL of a text into NaN."""
        with self.connection.execution_options(yield_per=ROWS_PER_BATCH).execute(query) as result:
            for rows in result.partitions():
                yield pd.DataFrame(rows, columns=list(result.keys()), dtype=object)

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return all rows of a small select."""
        return [tuple(row) for row in self.connection.execute(query)]


@dataclass(frozen=True)
class PostgresSnapshot:
    """PostgreSQL's binary COPY in Arrow batches."""

    connection: adbc_driver_postgresql.dbapi.Connection

    def batches(self, query: Select[*tuple[Any, ...]]) -> Iterator[RawBatch]:
        """Yield Arrow record batches."""
        with self.connection.cursor() as cursor:
            cursor.execute(_postgres_text(query))
            yield from cursor.fetch_record_batch()

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return all rows of a small select."""
        with self.connection.cursor() as cursor:
            cursor.execute(_postgres_text(query))
            return [tuple(row) for row in cursor.fetchall()]


@contextmanager
def _postgres_snapshot(url: URL, longest: timedelta) -> Iterator[PostgresSnapshot]:
    uri = url.set(drivername="postgresql", query={**OF_LIBPQ, **url.query})
    opened = adbc_driver_postgresql.dbapi.connect(uri.render_as_string(hide_password=False), autocommit=True)
    with opened as connection:
        for statement in (*BEGIN_SNAPSHOT["postgresql"], *limits_of_postgres(longest)):
            with connection.cursor() as cursor:
                cursor.execute(statement)
        yield PostgresSnapshot(connection)


def _postgres_text(query: Select[*tuple[Any, ...]]) -> str:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - only where PostgreSQL is read

    return str(query.compile(dialect=postgresql.dialect(paramstyle="named"), compile_kwargs={"literal_binds": True}))
