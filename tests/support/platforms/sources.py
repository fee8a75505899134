"""Source databases that tests fill row by row, with the `pulse.toml` that reads them: SQLite, PostgreSQL, MariaDB.

Columns are named by their roles and typed as PostgreSQL spells it; instants are ISO 8601 text, which the databases that
have a type for instants are given as such. What must come of the rows is the tests' matter.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from assets.all_steps import run_night
from assets.night.night import Night
from assets.night.progress import Listener, Progress, Silent
from assets.step0_plan.plan import Run
from tests.support.slowly import slowly
from warehouse import engine
from warehouse.configuration.configuration import Configuration, load
from warehouse.configuration.streams import ROLES, Kind
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse

FIRST = date(2026, 6, 1)
DAY = timedelta(days=1)
NOON = "2026-06-01T12:00:00Z"
KINDS: Mapping[str, Kind] = {"users": "users", "xp": "xp", "sessions": "sessions", "quizzes": "quizzes"}
SQLITE_TYPES = {"timestamptz": "text", "timestamp(0)": "datetime", "uuid": "text"}  # where SQLite has no such type
MARIADB_TYPES = {
    "timestamptz": "timestamp(6) null default null",
    "timestamp": "datetime(6)",
    "timestamp(0)": "datetime",
    "numeric": "decimal(65, 10)",
    "uuid": "char(36)",
}
USERS_TYPES = {"user_id": "text", "timezone": "text"}
XP_TYPES = {"event_id": "text", "user_id": "text", "occurred_at": "timestamptz", "amount": "bigint"}
SESSIONS_TYPES = {"event_id": "text", "user_id": "text", "started_at": "timestamptz", "ended_at": "timestamptz"}
QUIZZES_TYPES = {"event_id": "text", "user_id": "text", "occurred_at": "timestamptz", "passed": "integer"}
PLATFORMS = slowly(["sqlite", "postgresql", "mariadb"], quick=1)
schemas = count()


@dataclass
class Platform:
    """A source database, and the folder of the configuration that reads it.

    Args:
        url: of the database.
        folder: where `pulse.toml` and the data folder are.
        schema: in PostgreSQL the schema, in MariaDB the database that is the test's own.
        mapped: the tables that are configured, by name, with the columns of their roles and their types.
        zones: the zones that streams declare.
        settings: lines of `[sources.platform]` beside its url.
    """

    url: str
    folder: Path
    schema: str = ""
    mapped: dict[str, dict[str, str]] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)
    settings: str = ""

    @property
    def backend(self) -> str:
        return self.url.partition(":")[0].partition("+")[0]

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def is_mariadb(self) -> bool:
        return self.url.startswith("mysql")

    def table(self, name: str) -> str:
        return f"{self.schema}.{name}" if self.schema else name

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Give a connection that writes, as the platform itself does; MariaDB takes what it would warn of."""
        lenient = {"init_command": "set sql_mode = '', time_zone = '+00:00'"} if self.is_mariadb else {}
        with create_engine(self.url, connect_args=lenient, poolclass=NullPool).begin() as connection:
            yield connection

    def run(self, *statements: str) -> None:
        """Change the source; `{xp}` and the like are its tables."""
        with self.changing() as connection:
            for statement in statements:
                connection.execute(text(statement.format(**{name: self.table(name) for name in KINDS})))

    def make(self, name: str, columns: Mapping[str, str], rows: Sequence[tuple[object, ...]] = ()) -> None:
        """Make a table anew with columns named by their roles, and fill it."""
        self.mapped[name] = dict(columns)
        others = SQLITE_TYPES if self.is_sqlite else MARIADB_TYPES if self.is_mariadb else {}
        defined = ", ".join(f"{column} {others.get(one, one)}" for column, one in columns.items())
        self.run(f"drop table if exists {{{name}}}", f"create table {{{name}}} ({defined})")
        self.add(name, rows)

    def add(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Add rows, their values in the order of the columns; texts are read as the columns' types."""
        columns = self.mapped[name]
        marks, values = ", ".join(f":{column}" for column in columns), list(rows)
        names: Sequence[str] = list(columns)
        if self.is_mariadb:
            values = [tuple(map(_for_mariadb, columns.values(), row)) for row in rows]
        elif not self.is_sqlite:  # as the types of the columns, whatever the driver would make of a text
            marks = ", ".join(f"(jsonb_populate_record(null::{self.table(name)}, :row)).{column}" for column in columns)
            values = [(json.dumps(dict(zip(columns, row, strict=True))),) for row in rows]
            names = ["row"]
        insert = f"insert into {self.table(name)} ({', '.join(columns)}) select {marks}"
        if values:
            with self.changing() as connection:
                connection.execute(text(insert), [dict(zip(names, row, strict=True)) for row in values])

    def configuration(self, **pulse: object) -> Configuration:
        """Write and load the `pulse.toml` that reads every table that was made."""
        settings = {"first_day": FIRST, **pulse}
        lines = ["[pulse]", *(f"{key} = {value}" for key, value in settings.items())]
        lines += ["[sources.platform]", f'url = "{self.url}"', self.settings]
        for name, columns in self.mapped.items():
            roles = ", ".join(f'{column} = "{column}"' for column in columns if column in roles_of(KINDS[name]))
            lines += [f"[streams.{name}]", f'kind = "{KINDS[name]}"', 'source = "platform"']
            lines += [f'table = "{self.table(name)}"', f"columns = {{ {roles} }}"]
            lines += [f'timezone = "{self.zones[name]}"'] if name in self.zones else []
        place = self.folder / "pulse.toml"
        place.write_text("\n".join(lines), encoding="utf-8")
        return load(place, uses=["sources"])


def roles_of(kind: Kind) -> set[str]:
    return {role.name for role in ROLES[kind]}


def sqlite_platform(folder: Path) -> Platform:
    """An empty SQLite database."""
    return Platform(f"sqlite:///{folder}/platform.db", folder)


@contextmanager
def platform_of(request: pytest.FixtureRequest, folder: Path) -> Iterator[Platform]:
    """An empty database of the kind that a fixture's parameter names, for the length of the block."""
    if request.param == "sqlite":
        yield sqlite_platform(folder)
        return
    url = request.getfixturevalue({"postgresql": "postgres_url", "mariadb": "mariadb_url"}[request.param])
    with server_platform(url, folder) as found:
        yield found


@contextmanager
def server_platform(url: str, folder: Path) -> Iterator[Platform]:
    """An empty schema of a real PostgreSQL, or an empty database of a real MariaDB, for the length of the block."""
    for name, driver in {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}.items():
        url = url.replace(f"{name}://", f"{driver}://")
    found = Platform(url, folder, f"landing_{os.getpid()}_{next(schemas)}")
    unicode = " character set utf8mb4" if found.is_mariadb else ""  # a server may well have latin1 for its default
    found.run(f"create schema {found.schema}{unicode}")
    try:
        yield found
    finally:
        found.run(f"drop schema {found.schema}" + ("" if found.is_mariadb else " cascade"))


def _for_mariadb(sql_type: str, value: object) -> object:
    """An instant without its zone, in UTC; what is no ISO 8601 text is left to the database."""
    if not isinstance(value, str) or not sql_type.startswith(("timestamp", "date")):
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return value
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


class Notes(Silent):
    """Remembers the lines that a person would read."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def noted(self, line: str) -> None:
        self.lines.append(line)


def night(
    configuration: Configuration, last: date, *accepted: str, listener: Listener | None = None
) -> Manifest | None:
    return run_night(Night.of(configuration, Progress(listener)), Run(last, last, accepted=accepted))


def published(configuration: Configuration, query: str) -> list[tuple[Any, ...]]:
    """Ask the version that the pointer names."""
    with duckdb.connect(Warehouse.of(configuration).pointer.resolve(), read_only=True) as connection:
        return connection.execute(query).fetchall()


def xp_by_day(configuration: Configuration) -> dict[date, int]:
    """Return the XP of all learners by date."""
    rows = published(configuration, "select activity_date, sum(xp_earned)::bigint from daily_activity group by 1")
    return dict(rows)


def xp_rows(number: int, day: date = FIRST, *, prefix: str = "e", user: str = "ann", amount: object = 1) -> list[Any]:
    """Return that many rows of a day, a second apart."""
    return [
        (f"{prefix}{n}", user, f"{day}T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z", amount) for n in range(number)
    ]


def only_xp(source: Platform, rows: Sequence[tuple[object, ...]] = (), **pulse: object) -> Configuration:
    """Make a platform of one learner and one stream."""
    source.make("users", USERS_TYPES, [("ann", "UTC")])
    source.make("xp", XP_TYPES, rows)
    return source.configuration(**pulse)


def lake_files(configuration: Configuration) -> dict[str, bytes]:
    root = configuration.data_dir / "lake"
    return {str(place.relative_to(root)): place.read_bytes() for place in root.rglob("*.parquet")}


def landed_rows(configuration: Configuration, stream: str, columns: str) -> list[tuple[Any, ...]]:
    """Read what landed, in the order of the ids."""
    places = engine.files(sorted((Lake.of(configuration).root / stream).glob("2*.parquet")))
    with duckdb.connect() as connection:
        query = f"select {columns} from {places} where reason is null order by event_id"
        return connection.execute(query).fetchall()
