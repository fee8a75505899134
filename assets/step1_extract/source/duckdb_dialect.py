"""As much of a SQLAlchemy dialect as reading needs of DuckDB: names are quoted, and selects are compiled.

The DuckDB that reads is the one that we have; the package `duckdb-engine` is not needed. A connection is one session,
which every cursor shares, so that it can be interrupted from another thread.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.engine import default, reflection
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedPrimaryKeyConstraint
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.sql.compiler import IdentifierPreparer, SQLCompiler
from sqlalchemy.sql.elements import TryCast

from assets.step1_extract.files.column_types import plain_type, sql_type

DRIVER = "learning_pulse"
COLUMNS = """
select column_name, data_type, is_nullable from duckdb_columns()
where schema_name = ? and table_name = ? order by column_index
"""
PRIMARY_KEY = """
select constraint_column_names from duckdb_constraints()
where constraint_type = 'PRIMARY KEY' and schema_name = ? and table_name = ?
"""
NAMES = {
    "schemas": "select distinct schema_name from duckdb_tables() union select distinct schema_name from duckdb_views()",
    "tables": "select table_name from duckdb_tables() where schema_name = ? order by table_name",
    "views": "select view_name from duckdb_views() where schema_name = ? and not internal order by view_name",
}


class Session:
    """A connection in the form that SQLAlchemy asks for, around one of DuckDB.

    Args:
        session: of DuckDB.
        folder: what the paths of a stream's files are relative to.
    """

    def __init__(self, session: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.session, self.folder = session, folder

    def cursor(self) -> "Cursor":
        """Return a cursor; all of them are this session."""
        return Cursor(self.session)

    def batches(self, sql: str, rows: int) -> pa.RecordBatchReader:
        """Return the rows of a select in Arrow batches of about so many."""
        return self.session.sql(sql).to_arrow_reader(rows)

    def interrupt(self) -> None:
        """End whatever the session does; called from another thread."""
        self.session.interrupt()

    def commit(self) -> None:
        """Nothing is written."""

    def rollback(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """Close the session."""
        self.session.close()


class Cursor:
    """A cursor in the form that SQLAlchemy asks for."""

    rowcount, arraysize, lastrowid = -1, 1, None

    def __init__(self, session: duckdb.DuckDBPyConnection) -> None:
        self._session = session

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """Name and type of each column."""
        return self._session.description

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement."""
        self._session.execute(sql, list(parameters))

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""
        return self._session.fetchone()

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """Return the next rows."""
        return self._session.fetchmany(size)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        return self._session.fetchall()

    def close(self) -> None:
        """The session goes on."""


class QuoteEveryName(IdentifierPreparer):
    """DuckDB has words of its own that are no names, and more with each version."""

    def _requires_quotes(self, _value: str) -> bool:
        return True


class Compiler(SQLCompiler):
    """Standard SQL, and `try_cast`, which is null where a value cannot be cast."""

    def visit_try_cast(self, cast: TryCast[Any], **kw: Any) -> str:  # noqa: ANN401 - as SQLAlchemy has it
        """Return the SQL of a cast that may fail."""
        return f"try_cast({self.process(cast.clause, **kw)} as {self.process(cast.typeclause, **kw)})"


class DuckDBDialect(default.DefaultDialect):
    """DuckDB, for reading."""

    name, driver = "duckdb", DRIVER
    preparer, statement_compiler = QuoteEveryName, Compiler
    supports_statement_cache = True
    supports_native_boolean = supports_native_decimal = True
    default_paramstyle = "qmark"

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Return the module of DuckDB."""
        return duckdb

    def initialize(self, _connection: Connection) -> None:
        """Ask nothing: version and schema are known."""
        self.server_version_info = tuple(int(part) for part in duckdb.__version__.split(".")[:2])
        self.default_schema_name = "main"

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **_kw: object) -> bool:
        """Say whether there is a table or view."""
        return bool(connection.exec_driver_sql(COLUMNS, (schema or "main", table_name)).fetchall())

    def get_schema_names(self, connection: Connection, **_kw: object) -> list[str]:
        """Return the names of the schemas that have tables or views."""
        return self._names(connection, "schemas", ())

    def get_table_names(self, connection: Connection, schema: str | None = None, **_kw: object) -> list[str]:
        """Return the names of a schema's tables."""
        return self._names(connection, "tables", (schema or "main",))

    def get_view_names(self, connection: Connection, schema: str | None = None, **_kw: object) -> list[str]:
        """Return the names of a schema's views."""
        return self._names(connection, "views", (schema or "main",))

    @reflection.cache
    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **_kw: object
    ) -> list[ReflectedColumn]:
        """Return the columns of a table or view."""
        rows = connection.exec_driver_sql(COLUMNS, (schema or "main", table_name)).fetchall()
        if not rows:
            raise NoSuchTableError(table_name)
        return [
            {"name": name, "type": sql_type(kind, plain_type(kind)), "nullable": is_nullable, "default": None}
            for name, kind, is_nullable in rows
        ]

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **_kw: object
    ) -> ReflectedPrimaryKeyConstraint:
        """Return the primary key of a table."""
        rows = connection.exec_driver_sql(PRIMARY_KEY, (schema or "main", table_name)).fetchall()
        return {"constrained_columns": list(rows[0][0]) if rows else [], "name": None}

    def get_foreign_keys(self, *_args: object, **_kw: object) -> list[Any]:
        """Say nothing of keys."""
        return []

    def get_indexes(self, *_args: object, **_kw: object) -> list[Any]:
        """Say nothing of indexes: a columnar database has other ways."""
        return []

    def _names(self, connection: Connection, what: str, parameters: tuple[str, ...]) -> list[str]:
        return [name for (name,) in connection.exec_driver_sql(NAMES[what], parameters).fetchall()]


registry.register(f"duckdb.{DRIVER}", __name__, DuckDBDialect.__name__)
