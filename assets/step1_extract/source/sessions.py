"""Step 1, before anything is asked: sessions that can only read, say who they are, and do not wait for ever.

The role of a source's URL may be allowed to write; no session of ours can, and a query that hangs ends with an error.
Every setting on which numbers rest is ours, too (`warehouse/configuration/sources/source_settings.py`).
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from assets.step1_extract.selects.figures import RowsChecksum
from assets.step1_extract.source.duckdb_sessions import duckdb_engine
from assets.step1_extract.values.texts import QUESTIONS, of_storage
from assets.step1_extract.values.values import text_or_bytes
from warehouse.configuration.sources import source_settings
from warehouse.configuration.sources.duckdb_files import duckdb_file
from warehouse.configuration.sources.source_settings import RowSecurity

APPLICATION_NAME = "learning-pulse"
CONNECT_TIMEOUT = timedelta(seconds=10)
LONGEST_WAIT_FOR_A_LOCK = timedelta(seconds=60)
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
# Said to libpq, which psycopg and ADBC share; a server that has gone without a word is noticed within a minute.
OF_LIBPQ: Mapping[str, str] = {
    "application_name": APPLICATION_NAME,
    "connect_timeout": str(CONNECT_TIMEOUT.seconds),
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}


def engine_of(
    url: str,
    folder: Path,
    longest: timedelta,
    row_security: RowSecurity = "refuse",
    temp_dir: Path | None = None,
) -> Engine:
    """Return a SQLAlchemy engine that keeps no connections; in the databases that we know they can only read.

    Args:
        url: any SQLAlchemy URL; `postgresql://` means psycopg, `mysql://` and `mariadb://` mean PyMySQL. What its query
            says of timeouts and name wins; what it says of encodings does not.
        folder: what a relative path of a file is relative to, the configuration file's folder.
        longest: how long a statement may take.
        row_security: whether PostgreSQL's policies may filter what is read.
        temp_dir: where DuckDB may spill; None if nowhere.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "duckdb":
        return duckdb_engine(duckdb_file(url, folder), folder, temp_dir)
    if parsed.get_backend_name() == "sqlite":
        file = sqlite_file(url, folder)
        return create_engine("sqlite://", creator=lambda: _open_sqlite(file, longest))
    parsed = _in_utf8(parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername)))
    engine = create_engine(_named(parsed), poolclass=NullPool, connect_args=_of_pymysql(parsed, longest))
    if engine.dialect.name == "postgresql":
        _restrict_transactions(engine, longest, row_security)
    if engine.dialect.name in {"mysql", "mariadb"}:
        _restrict_sessions(engine, longest)
    if engine.dialect.driver == "pymysql":
        event.listen(engine, "handle_error", _forget_what_is_lost)
    return engine


def sqlite_file(url: str, folder: Path) -> Path:
    """Return the file that a URL of SQLite names.

    Args:
        url: any SQLAlchemy URL of SQLite.
        folder: what a relative path is relative to.
    """
    return folder / (make_url(url).database or "")


def settings_of_postgres(longest: timedelta, row_security: RowSecurity) -> list[str]:
    """Return what makes a transaction of PostgreSQL read as we do, and give up.

    Only ever of the transaction: behind a pooler such as PgBouncer the session is used by others after us.

    Args:
        longest: how long a statement may take.
        row_security: whether policies may filter what is read.
    """
    return [
        *source_settings.of_postgres(row_security),
        f"set local statement_timeout = '{longest.total_seconds():.0f}s'",
        f"set local lock_timeout = '{_longest_wait(longest):.0f}s'",
    ]


def _restrict_transactions(engine: Engine, longest: timedelta, row_security: RowSecurity) -> None:
    engine.update_execution_options(postgresql_readonly=True)

    @event.listens_for(engine, "begin")
    def limit(connection: Connection) -> None:
        connection.exec_driver_sql("; ".join(settings_of_postgres(longest, row_security)))


def _restrict_sessions(engine: Engine, longest: timedelta) -> None:
    # first of all, because SQLAlchemy looks at sql_mode to know how names are quoted
    @event.listens_for(engine, "connect", insert=True)
    def restrict(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        is_mariadb = "MariaDB" in str(getattr(connection, "server_version", ""))
        seconds = longest.total_seconds()
        limit = f"max_statement_time = {seconds:.0f}" if is_mariadb else f"max_execution_time = {seconds * 1000:.0f}"
        with closing(connection.cursor()) as cursor:
            for statement in source_settings.MYSQL:
                cursor.execute(statement)
            cursor.execute("set session transaction read only")
            cursor.execute(f"set session {limit}")
            cursor.execute(f"set session lock_wait_timeout = {_longest_wait(longest):.0f}")


def _forget_what_is_lost(context: ExceptionContext) -> None:
    """PyMySQL reads a result to its end to close it; if the connection is lost, all that comes is tracebacks."""
    result = getattr(getattr(context.execution_context, "cursor", None), "_result", None)
    if context.is_disconnect and result is not None:
        result.unbuffered_active = False


def _longest_wait(longest: timedelta) -> float:
    """Seconds for which to wait for a lock."""
    return min(longest, LONGEST_WAIT_FOR_A_LOCK).total_seconds()


def _named(url: URL) -> URL:
    if url.get_driver_name() not in {"psycopg", "psycopg2"}:
        return url
    return url.set(query={**OF_LIBPQ, **url.query})


def _in_utf8(url: URL) -> URL:
    """Every driver reads text as UTF-8, and gets it so, whatever a URL says."""
    if url.get_backend_name() in {"mysql", "mariadb"}:
        return url.difference_update_query(["use_unicode"]).update_query_dict({"charset": "utf8mb4"})
    if url.get_driver_name() in {"psycopg", "psycopg2"}:
        return url.update_query_dict(source_settings.LIBPQ)
    return url


def _of_pymysql(url: URL, longest: timedelta) -> dict[str, object]:
    if url.get_driver_name() != "pymysql":
        return {}
    options = {
        "program_name": APPLICATION_NAME,
        "connect_timeout": CONNECT_TIMEOUT.seconds,
        # a server that has gone without a word: the statement's own limit comes first where there is a server
        "read_timeout": (longest + LONGEST_WAIT_FOR_A_LOCK).total_seconds(),
    }
    return {name: value for name, value in options.items() if name not in url.query}


def _open_sqlite(path: Path, longest: timedelta) -> sqlite3.Connection:
    """Open a SQLite file that has to exist, for reading only; text that is not UTF-8 comes as bytes."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_longest_wait(longest))
    connection.text_factory = text_or_bytes
    try:
        connection.execute("pragma query_only = on")
        (encoding,) = connection.execute("pragma encoding").fetchone()  # in which a text becomes a blob
    except sqlite3.Error:
        connection.close()
        raise
    for name, (question, texts) in QUESTIONS.items():
        connection.create_function(name, 1 + texts, of_storage(question, encoding), deterministic=True)
    connection.create_aggregate("rows_checksum", -1, RowsChecksum)  # type: ignore[arg-type] # typeshed: integers only
    return connection
