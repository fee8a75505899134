"""Settings of servers turned against us, databases of other encodings, and what must come of rows all the same."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import duckdb
import sqlalchemy as sa

from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.step1_extract.source.sessions import engine_of
from assets.step1_extract.source.snapshot import snapshot
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from tests.support.platforms.roles import as_role, name_of, reader_of, user_of_mariadb
from tests.support.platforms.sources import FIRST, NOON, QUIZZES_TYPES, USERS_TYPES, XP_TYPES, Platform, landed_rows
from warehouse.configuration.authentication import ApiKeyColumns, ApiKeys
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake

numbers = count()
HASH = "0" * 64
ZOE = "Zo\u00eb \U0001f98a"  # of four bytes in UTF-8
TYPES = {**XP_TYPES, "amount": "double precision", "updated_at": "timestamptz"}
ROWS = [
    ("a", ZOE, NOON, 5, "2026-06-02T03:04:05.000006Z"),
    ("b", "ann\\", "2026-06-01T23:59:59.999999Z", 7, None),
    ("c", "ann\\", "2026-06-01T00:00:00Z", 0.1, NOON),
]
POSTGRES = {
    "timezone": ("Pacific/Kiritimati", "UTC"),
    "datestyle": ("SQL, DMY", "ISO, YMD"),
    "intervalstyle": ("sql_standard", "postgres"),
    "extra_float_digits": ("-15", "3"),
    "bytea_output": ("escape", "hex"),
    "standard_conforming_strings": ("off", "on"),
    "row_security": ("on", "off"),
    "client_encoding": ("latin1", "UTF8"),
}
MARIADB = {
    "sql_mode": ("PAD_CHAR_TO_FULL_LENGTH,ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE", ""),
    "time_zone": ("+11:00", "+00:00"),
    "tx_isolation": ("READ-COMMITTED", "REPEATABLE-READ"),
    "sql_select_limit": ("1", 2**64 - 1),
    "sql_auto_is_null": ("1", 0),
    "character_set_results": ("latin1", "utf8mb4"),
    "character_set_client": ("latin1", "utf8mb4"),
    "character_set_connection": ("latin1", "utf8mb4"),
}


def with_rows(platform: Platform) -> Platform:
    users = {**USERS_TYPES, "user_id": "char(20)" if platform.is_mariadb else "text"}
    types = {**TYPES, "user_id": users["user_id"]}
    platform.make("users", users, [(ZOE, "UTC"), ("ann\\", "Asia/Tokyo")])
    platform.make("xp", types, ROWS)
    platform.make("quizzes", QUIZZES_TYPES, [(str(n), ZOE, NOON, 1) for n in range(3)])
    return platform


def everything(platform: Platform) -> dict[str, Any]:
    """All that is landed of a platform, what its source says of it, and whether it says the same again."""
    configuration = platform.configuration()
    for name in ("xp", "quizzes"):
        land(Night.of(configuration), configuration.streams[name], [FIRST])
    land_users(Night.of(configuration), FIRST)
    lake = Lake.of(configuration)
    landings = lake.landings(configuration)
    return {
        "xp": landed_rows(configuration, "xp", "event_id, user_id, instant, amount, updated_at"),
        "quizzes": landed_rows(configuration, "quizzes", "event_id, user_id"),
        "hashes": [landing.content_hash for landing in landings.values()],
        "figures": [landing.source for landing in landings.values()],
        "users": learners(lake),
        "drifts": list(map(str, compare(Night.of(configuration)).drifts)),
    }


def learners(lake: Lake) -> list[Any]:
    query = "select user_id, timezone from read_parquet($place) order by all"
    with duckdb.connect() as connection:
        return connection.execute(query, {"place": str(lake.users)}).fetchall()


def right(found: Mapping[str, Any]) -> bool:
    return (
        [row[:2] for row in found["xp"]] == [("a", ZOE), ("b", "ann\\")]
        and [row[3] for row in found["xp"]] == [5, 7]
        and found["users"] == [(ZOE, "UTC"), ("ann\\", "Asia/Tokyo")]
        and len(found["quizzes"]) == 3
        and found["drifts"] == []
    )


@contextmanager
def against_us(platform: Platform, settings: Mapping[str, tuple[str, str]], level: str) -> Iterator[Platform]:
    """A role for which a level of the server has every setting turned against us."""
    with reader_of(platform) as reader:
        role = sa.make_url(reader.url).username
        target = {"server": "system", "database": "database postgres", "role": f"role {role}"}[level]
        reset = {name: f"alter {target} reset {name}" for name in settings}
        server = sa.create_engine(platform.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with server.connect() as connection:
            try:
                for name, (value, _) in settings.items():
                    connection.exec_driver_sql(f"alter {target} set {name} = '{value}'")
                connection.exec_driver_sql("select pg_reload_conf()")
                yield reader
            finally:
                for statement in reset.values():
                    connection.exec_driver_sql(statement)
                connection.exec_driver_sql("select pg_reload_conf()")
        server.dispose()


def shown_of(platform: Platform, query: sa.Select[Any]) -> list[Any]:
    """What both connections of a stream answer."""
    engine, longest = engine_of(platform.url, platform.folder, timedelta(seconds=30)), timedelta(seconds=30)
    with engine.connect() as connection:
        reflecting = connection.execute(query).scalar()
        connection.rollback()
        with snapshot(connection, longest) as source:
            found = [reflecting, source.rows(query)[0][0]]
    engine.dispose()
    return found


@contextmanager
def database_in(postgres: Platform, encoding: str) -> Iterator[Platform]:
    """A database of its own, in an encoding of its own; the test's own connections write in UTF-8."""
    name = f"in_{encoding.lower()}_{os.getpid()}_{next(numbers)}"
    server = sa.create_engine(postgres.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql(
            f"create database {name} encoding '{encoding}' template template0 lc_collate 'C' lc_ctype 'C'"
        )
        try:
            url = sa.make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
            yield Platform(f"{url}&client_encoding=utf8", postgres.folder)
        finally:
            connection.exec_driver_sql(f"drop database {name} with (force)")
    server.dispose()


def as_it_is(platform: Platform) -> Platform:
    """As a night finds it, whose URL says nothing of an encoding."""
    return replace(platform, url=platform.url.removesuffix("&client_encoding=utf8"))


def sql_ascii(platform: Platform) -> str:
    """How bytes of any kind are written there."""
    url = sa.make_url(platform.url).set(drivername="postgresql").update_query_dict({"client_encoding": "SQL_ASCII"})
    return url.render_as_string(hide_password=False)


def reasons(configuration: Configuration) -> list[tuple[str, str]]:
    found = []
    for name in ("xp", "quizzes"):
        place = str(Lake.of(configuration).landing(name, FIRST))
        with duckdb.connect() as connection:
            query = "select reason from read_parquet($place) where reason is not null"
            found += [(name, reason) for (reason,) in connection.execute(query, {"place": place}).fetchall()]
    return found


@contextmanager
def global_settings(platform: Platform, settings: Mapping[str, tuple[str, Any]]) -> Iterator[None]:
    """A server with every setting turned against us, for the length of the block."""
    engine = sa.create_engine(platform.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        # one test at a time, in whatever process: or else one would put back what another has bent
        assert connection.exec_driver_sql("select get_lock('bent settings of the tests', 300)").scalar() == 1
        before = {name: connection.exec_driver_sql(f"select @@global.{name}").scalar() for name in settings}
        try:
            for name, (bent, _) in settings.items():
                connection.execute(sa.text(f"set global {name} = :value"), {"value": as_number(bent)})
            yield
        finally:
            for name, value in before.items():
                connection.execute(sa.text(f"set global {name} = :value"), {"value": as_number(value)})
    engine.dispose()


def as_number(value: Any) -> Any:
    return int(value) if str(value).isdigit() else value


@contextmanager
def told_at_first(mariadb: Platform, statement: str) -> Iterator[tuple[str, Platform]]:
    """A user, as grants know them, and what they see, to whose sessions the server first says something."""
    with user_of_mariadb(mariadb) as user, global_settings(mariadb, {"init_connect": (statement, "")}):
        url = sa.make_url(as_role(mariadb.url, name_of(user))).set(database=mariadb.schema)
        yield user, replace(mariadb, url=url.render_as_string(hide_password=False))


COLUMNS = ApiKeyColumns(key_hash="sha256", user_id="owner", expires_at="expires_at")


def keys_of(platform: Platform, owned_by: str = ZOE) -> ApiKeys:
    table, owner = platform.table("api_keys"), "char(20)" if platform.is_mariadb else "text"
    instant = "timestamp null" if platform.is_mariadb else "timestamptz"
    platform.run(
        f"create table {table} (sha256 varchar(64), owner {owner}, expires_at {instant})",
        f"insert into {table} values ('{HASH}', '{owned_by}', '2026-06-01 12:00:00')",
    )
    return ApiKeys(source="keys", table=table, columns=COLUMNS)
