"""The URL of a source, looked at before anything is connected: its driver, the driver's arguments, its port.

What a driver would only say when it connects is a mistake of the configuration (FAULTS 58). Nothing of the URL
is repeated but names of drivers and arguments. What stands between `//` and `/` beside the port, which may hold a
password, is not judged here.
"""

import importlib
import inspect
import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

DUCKDB = "duckdb"  # read by the DuckDB that we have, whatever dialect of it is installed
URL = re.compile(r"(?P<backend>[a-z0-9_]+)(?:\+(?P<driver>[a-z0-9_]+))?://(?P<rest>.*)", re.ASCII | re.DOTALL)
PORT = re.compile(r":(\d+)$", re.ASCII)
HIGHEST_PORT = 65535
WHOLE_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)


class Driver(NamedTuple):
    """A Python module that talks to a database, and the package that has it."""

    module: str
    package: str


DEFAULT_DRIVERS = {  # of SQLAlchemy, but for MySQL and MariaDB, where it is ours
    "sqlite": "pysqlite",
    "postgresql": "psycopg",
    "mysql": "pymysql",
    "mariadb": "pymysql",
    "oracle": "oracledb",
    "mssql": "pyodbc",
}
DRIVERS = {
    "pysqlite": Driver("sqlite3", "python"),
    "psycopg": Driver("psycopg", "psycopg[binary]"),
    "psycopg2": Driver("psycopg2", "psycopg2-binary"),
    "pg8000": Driver("pg8000", "pg8000"),
    "pymysql": Driver("pymysql", "pymysql"),
    "mysqldb": Driver("MySQLdb", "mysqlclient"),
    "mysqlconnector": Driver("mysql.connector", "mysql-connector-python"),
    "mariadbconnector": Driver("mariadb", "mariadb"),
    "oracledb": Driver("oracledb", "oracledb"),
    "cx_oracle": Driver("cx_Oracle", "cx_Oracle"),
    "pyodbc": Driver("pyodbc", "pyodbc"),
    "pymssql": Driver("pymssql", "pymssql"),
}
# Dialects that SQLAlchemy does not have itself, and the package that brings dialect and driver.
PACKAGES = {
    "snowflake": "snowflake-sqlalchemy",
    "bigquery": "sqlalchemy-bigquery",
    "clickhouse": "clickhouse-sqlalchemy",
    "clickhousedb": "clickhouse-connect",
    "redshift": "sqlalchemy-redshift",
    "databricks": "databricks-sqlalchemy",
    "trino": "trino",
    "cockroachdb": "sqlalchemy-cockroachdb",
}
ASYNCHRONOUS = {"asyncpg", "aiosqlite", "aiomysql", "asyncmy", "aioodbc"}
TLS_OF_MYSQL = frozenset({"ssl_capath", "ssl_cipher", "ssl_check_hostname"})  # which SQLAlchemy makes objects of
OBJECTS_OF_PYMYSQL = frozenset({"self", "ssl", "conv", "cursorclass", "auth_plugin_map", "defer_connect"})
NUMBERS = {
    "psycopg": {"connect_timeout", "tcp_user_timeout", "keepalives", "keepalives_idle", "keepalives_interval"}
    | {"keepalives_count", "port", "sslcompression", "sslsni"},
    "pymysql": {"connect_timeout", "read_timeout", "write_timeout", "client_flag", "port"},
}
CHOICES: Mapping[str, Mapping[str, Collection[str]]] = {
    "psycopg": {"sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")},
    # PyMySQL takes any text for yes, `false` too
    "pymysql": dict.fromkeys(("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity"), ("true",)),
}


def url_mistakes(url: str) -> list[str]:
    """Return what is wrong about the URL of a source, as far as that is known without connecting.

    Args:
        url: resolved; one that is not of the form of a URL is not judged.
    """
    if url != url.strip():
        return ["white space at an end of it, take it away"]
    match = URL.fullmatch(url)
    if match is None:
        return []
    backend, rest = match["backend"], match["rest"]
    if backend == DUCKDB:
        return list(_duckdb_mistakes(match["driver"], rest))
    driver = match["driver"] or DEFAULT_DRIVERS.get(backend)
    if missing := _missing(backend, driver):
        return [missing]
    before, _, query = rest.partition("?")
    authority = before.partition("/")[0]
    wrong = [] if backend == "sqlite" or _is_port_good(authority) else ["its port is none from 1 to 65535"]
    return wrong + list(_argument_mistakes(driver, query))


def _duckdb_mistakes(driver: str | None, rest: str) -> Iterator[str]:
    """Yield what is wrong about a URL of DuckDB, which names a file and has nothing else."""
    path, _, query = rest.partition("?")
    if driver is not None:
        yield "DuckDB is read without a driver, write duckdb:///platform.duckdb"
    if not path.startswith("/") or path == "/" or path.endswith(":memory:"):
        yield "it names no file, write duckdb:///platform.duckdb, or an absolute path as in duckdb:////srv/p.duckdb"
    if query:
        yield "a DuckDB file takes no arguments behind a ?; leave them out"


def _missing(backend: str, driver: str | None) -> str | None:
    if backend in PACKAGES and backend not in _others():
        return f'the dialect "{backend}" is not installed, install the package {PACKAGES[backend]}'
    if driver is None:
        if backend in _others():
            return None  # a dialect of somebody else, who knows its driver
        hint = ", write postgresql://" if backend == "postgres" else ""
        backends = ", ".join([*DEFAULT_DRIVERS, DUCKDB, *PACKAGES])
        return f'SQLAlchemy knows no database "{backend}"{hint}, known are {backends}'
    if driver in ASYNCHRONOUS:
        return f'the driver "{driver}" is asynchronous, write {backend}:// for one that is not'
    known = DRIVERS.get(driver)
    if known is not None and not _is_installed(known.module):
        return f'the driver "{driver}" is not installed, install the package {known.package}'
    return None


@cache
def _others() -> frozenset[str]:
    return frozenset(point.name.partition(".")[0] for point in metadata.entry_points(group="sqlalchemy.dialects"))


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is not there
        return False


def _is_port_good(authority: str) -> bool:
    port = PORT.search(authority.rpartition("@")[2])
    return port is None or (len(port[1]) <= len(str(HIGHEST_PORT)) and 1 <= int(port[1]) <= HIGHEST_PORT)


def _argument_mistakes(driver: str | None, query: str) -> Iterator[str]:
    """Yield what is wrong about the arguments behind the `?`; their values are not repeated."""
    reader = "psycopg" if driver == "psycopg2" else driver  # both hand them to libpq
    given = parse_qsl(query, keep_blank_values=True)
    if not given or reader not in ("psycopg", "pymysql"):
        return
    known = _of_libpq() if reader == "psycopg" else _of_pymysql()
    for name, value in given:
        choices = CHOICES[reader].get(name)
        if name not in known:
            close = get_close_matches(name, known, n=3) or sorted(known)
            yield f'the driver {driver} has no argument "{name}", it has {", ".join(close)}'
        elif choices and value not in choices:
            yield f'the argument "{name}" of the driver {driver} is one of {", ".join(choices)}'
        elif name in NUMBERS[reader] and not WHOLE_NUMBER.fullmatch(value) and "," not in value:
            yield f'the argument "{name}" of the driver {driver} is a whole number'
        elif reader == "pymysql" and name == "charset" and not _is_charset(value):
            yield f'the argument "charset" of the driver {driver} is none that it knows, write utf8mb4'


@cache
def _of_libpq() -> frozenset[str]:
    """Return what libpq takes, which psycopg and ADBC share."""
    pq: Any = importlib.import_module("psycopg").pq
    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())


@cache
def _of_pymysql() -> frozenset[str]:
    connection: Any = importlib.import_module("pymysql.connections").Connection
    return frozenset(inspect.signature(connection.__init__).parameters) - OBJECTS_OF_PYMYSQL | TLS_OF_MYSQL


def _is_charset(name: str) -> bool:
    charsets: Any = importlib.import_module("pymysql.charset")
    try:
        return charsets.charset_by_name(name) is not None
    except KeyError:
        return False
