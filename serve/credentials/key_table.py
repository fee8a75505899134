"""The table of API keys in its database: one read-only query by hash through SQLAlchemy, and the text of failures.

Time limits and waiting are in `key_store.py`. SQLAlchemy is imported only where keys are configured.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serve.credentials.api_keys import Row
from warehouse import engine
from warehouse.configuration.authentication import ApiKeys
from warehouse.configuration.configuration import Source
from warehouse.configuration.sources import source_settings, sqlite_files
from warehouse.configuration.sources.source_url import masked
from warehouse.identifiers import BYTES_OF_UUID

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine, Select
    from sqlalchemy.engine import URL

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
MYSQL = {"mysql", "mariadb"}
OF_PYMYSQL = {"connect_timeout": 2, "read_timeout": 2, "write_timeout": 2, "charset": "utf8mb4"}
# A connection that is cut without a word must not keep a look-up for ever.
CONNECT: dict[str, dict[str, Any]] = {
    "postgresql+psycopg": {
        **source_settings.LIBPQ,
        "application_name": "learning-pulse keys",
        "connect_timeout": 2,
        "tcp_user_timeout": 2000,
        "prepare_threshold": None,  # so that a pooler may stand between
    },
    "mysql+pymysql": OF_PYMYSQL,
    "mariadb+pymysql": OF_PYMYSQL,
}
ENCODING = "case current_setting('server_encoding') when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end"


class KeyTable:
    """The table of `[auth.api_keys]`.

    Args:
        settings: of that section.
        source: the source that it names.
        folder: what a SQLite file is relative to.
        seconds: how long the database has for an answer.
        connections: how many there may be at most.

    Raises:
        ModuleNotFoundError: the database's driver is not there.
        sqlalchemy.exc.ArgumentError: the url is none.
    """

    def __init__(self, settings: ApiKeys, source: Source, folder: Path, seconds: float, connections: int) -> None:
        self._settings = settings
        self._source = source
        self._folder = folder
        self._engine = _engine(source.url, folder, seconds, connections)
        self._dialect = self._engine.dialect.name
        self._begin = _begin(self._dialect, source, seconds)
        self._query: Select[Any] | None = None

    def find(self, key_hash: str) -> Sequence[Row]:
        """Return the rows of a hash; may raise whatever a driver raises."""
        with self._engine.connect() as connection:
            try:
                if self._begin:
                    connection.exec_driver_sql(self._begin)
                query = self._query if self._query is not None else self._resolved(connection)
                rows = [Row(*map(_text, row)) for row in connection.execute(query, {"key_hash": key_hash})]
                if self._begin:
                    connection.exec_driver_sql("rollback")
            except BaseException:
                self._query = None  # the table may be another one when it comes back
                connection.invalidate()
                raise
            self._query = query
            return rows

    def close(self) -> None:
        """Close the connections that are kept."""
        self._engine.dispose()

    def explain(self, error: Exception) -> str:
        """Say what has gone wrong, with nothing of the url but host and database.

        Args:
            error: what `find` has raised.
        """
        cause = getattr(error, "orig", None) or error
        if source_settings.is_row_security(cause):
            return source_settings.row_security_mistake(self._settings.source, self._settings.table)
        if isinstance(cause, sqlite3.Error):
            trouble = sqlite_files.trouble(_sqlite_file(self._source.url, self._folder), cause)
            if trouble:
                return trouble
        line = (str(cause).splitlines() or [""])[0]
        return f"{type(cause).__name__}: {masked(line, self._source.url)}"

    def _resolved(self, connection: "Connection") -> "Select[Any]":
        """Return the look-up in the table with its schema: later a search path may lead to another table."""
        from sqlalchemy import text  # noqa: PLC0415

        schema, _, name = self._settings.table.rpartition(".")
        if self._dialect == "postgresql" and not schema:
            in_search_path = text(engine.sql(source_settings.RESOLVE_IN_POSTGRES))
            schema = connection.execute(in_search_path, {"name": name}).scalar() or ""
        if self._dialect in MYSQL and not schema:
            schema = self._engine.url.database or ""
        return _query(self._settings, self._dialect, schema, name)


def _begin(dialect: str, source: Source, seconds: float) -> str:
    """Return the SQL that begins a read-only transaction with our settings."""
    if dialect == "postgresql":
        limit = f"set local statement_timeout = {seconds * 1000:.0f}"
        return "; ".join(["begin read only", limit, *source_settings.of_postgres(source.row_security)])
    return "start transaction read only" if dialect in MYSQL else ""


def _engine(url: str, folder: Path, seconds: float, connections: int) -> "Engine":
    from sqlalchemy import create_engine, make_url  # noqa: PLC0415

    parsed: URL = make_url(url)
    kept: dict[str, Any] = {
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": seconds,
        "pool_pre_ping": True,
        "isolation_level": "AUTOCOMMIT",  # so that `BEGIN` below is the transaction's beginning
        "hide_parameters": True,
    }
    if parsed.get_backend_name() == "sqlite":
        file = _sqlite_file(url, folder)
        return create_engine("sqlite:///keys", creator=lambda: _open_sqlite(file, seconds), **kept)
    parsed = parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername))
    parsed = parsed.difference_update_query(["use_unicode", "charset", "client_encoding"])
    engine = create_engine(parsed, connect_args=CONNECT.get(parsed.drivername, {}), **kept)
    if engine.dialect.name in MYSQL:
        _set_sessions(engine)
    return engine


def _set_sessions(engine: "Engine") -> None:
    from sqlalchemy import event  # noqa: PLC0415

    @event.listens_for(engine, "connect", insert=True)  # before SQLAlchemy looks at sql_mode
    def _(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's
        with closing(connection.cursor()) as cursor:
            for statement in source_settings.MYSQL:
                cursor.execute(statement)


def _query(settings: ApiKeys, dialect: str, schema: str, name: str) -> "Select[Any]":
    """Return the look-up. Every column is read as text, so that no driver fails on a value that it cannot convert."""
    from sqlalchemy import bindparam, column, null, select, table  # noqa: PLC0415

    names = {role: settings.columns.name_of(role) for role in Row._fields}
    is_uuid = settings.columns.spelling.as_ == "uuid"
    expressions = [
        null()
        if name is None
        else (_uuid_as_text if is_uuid and role == "user_id" else _as_text)(column(name), dialect)
        for role, name in names.items()
    ]
    columns: list[ColumnElement[Any]] = [
        expression.label(role) for expression, role in zip(expressions, Row._fields, strict=True)
    ]
    return (
        select(*columns)
        .select_from(table(name, schema=schema or None))
        .where(column(settings.columns.key_hash) == bindparam("key_hash"))
        .limit(2)
    )


def _as_text(column: "ColumnElement[Any]", dialect: str) -> "ColumnElement[Any]":
    """In PostgreSQL as bytes: text of a database in SQL_ASCII may be invalid, and the whole query would fail."""
    from sqlalchemy import Text, cast, func, literal_column  # noqa: PLC0415

    if dialect == "postgresql":
        return func.convert_to(cast(column, Text), literal_column(ENCODING))
    return cast(column, Text) if dialect in {"sqlite", *MYSQL} else column


def _uuid_as_text(column: "ColumnElement[Any]", dialect: str) -> "ColumnElement[Any]":
    """Sixteen bytes as hex digits, anything else as its text."""
    from sqlalchemy import Text, case, cast, func  # noqa: PLC0415

    if dialect == "postgresql":
        return _as_text(func.regexp_replace(cast(column, Text), r"^\\x", ""), dialect)
    if dialect == "sqlite":
        return case((func.typeof(column) == "blob", func.hex(column)), else_=cast(column, Text))
    if dialect in MYSQL:
        return case((func.octet_length(column) == BYTES_OF_UUID, func.hex(column)), else_=cast(column, Text))
    return column


def _text(value: object) -> str | None:
    """Invalid bytes become a text that is no learner's id."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="surrogateescape")
    return value if isinstance(value, str) or value is None else str(value)


def _sqlite_file(url: str, folder: Path) -> Path:
    from sqlalchemy import make_url  # noqa: PLC0415

    return folder / (make_url(url).database or "")


def _open_sqlite(file: Path, seconds: float) -> sqlite3.Connection:
    """Open an existing SQLite file for reading only; text that is not UTF-8 matches no learner's id."""
    uri = f"{file.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=seconds, check_same_thread=False)
    connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    return connection
