"""One consistent read-only snapshot of a source: PostgreSQL through ADBC, everything else through a cursor.

A snapshot runs SQLAlchemy selects and gives raw batches, whose columns are named by role and whose values are still
what the driver gave. What the values mean is `step1_values.py`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import adbc_driver_postgresql
import adbc_driver_postgresql.dbapi
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, Select, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from assets.step1_figures import RowsChecksum
from assets.step1_values import is_unreadable_instant

ROWS_PER_BATCH = 50_000
APPLICATION_NAME = "learning-pulse"
# How a transaction that sees one state, and may not write, is begun.
BEGIN_SNAPSHOT = {
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


def engine_of(url: str, folder: Path) -> Engine:
    """Return a SQLAlchemy engine that keeps no connections.

    Args:
        url: any SQLAlchemy URL; `postgresql://` means psycopg, `mysql://` and `mariadb://` mean PyMySQL.
        folder: what a relative SQLite path is relative to, the configuration file's folder.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=lambda: _open_sqlite(folder / (parsed.database or "")))
    drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
    return create_engine(parsed.set(drivername=drivers.get(parsed.drivername, parsed.drivername)), poolclass=NullPool)


@contextmanager
def snapshot(connection: Connection) -> Iterator[Snapshot]:
    """Open one consistent read-only snapshot of the source that `connection` reflects."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        with _postgres_snapshot(connection.engine.url) as opened:
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
def _postgres_snapshot(url: URL) -> Iterator[PostgresSnapshot]:
    uri = url.set(drivername="postgresql").update_query_dict({"application_name": APPLICATION_NAME})
    opened = adbc_driver_postgresql.dbapi.connect(uri.render_as_string(hide_password=False), autocommit=True)
    with opened as connection:
        for statement in ("begin isolation level repeatable read read only", "set local timezone = 'UTC'"):
            with connection.cursor() as cursor:
                cursor.execute(statement)
        yield PostgresSnapshot(connection)


def _postgres_text(query: Select[*tuple[Any, ...]]) -> str:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - only where PostgreSQL is read

    return str(query.compile(dialect=postgresql.dialect(paramstyle="named"), compile_kwargs={"literal_binds": True}))


def _open_sqlite(path: Path) -> sqlite3.Connection:
    """Open a SQLite file that has to exist, for reading only; text that is not UTF-8 comes as bytes."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.text_factory = _text_or_bytes
    connection.create_function("is_unreadable_instant", 2, is_unreadable_instant, deterministic=True)
    connection.create_aggregate("rows_checksum", 1, RowsChecksum)  # type: ignore[arg-type] # typeshed: integers only
    return connection


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
