"""FAULTS 53: what a server, a database, a role, the environment or a URL sets bends no number of ours.

On a real PostgreSQL and a real MariaDB, each setting turned against us where it can be, one at a time and all at once:
what lands, and what the source says of it, is what lands without. SQLite has settings of its file alone.
"""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.step1_extract.extract import open_stream
from assets.step1_extract.selects.columns import reflect
from assets.step1_extract.source.sessions import engine_of
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from serve.credentials.key_store import key_store
from tests.assets.step1_extract.settings_against_us import (
    HASH,
    MARIADB,
    POSTGRES,
    ZOE,
    against_us,
    as_it_is,
    database_in,
    everything,
    global_settings,
    keys_of,
    learners,
    reasons,
    right,
    shown_of,
    sql_ascii,
    told_at_first,
    with_rows,
)
from tests.support.platforms.roles import reader_of
from tests.support.platforms.sources import (
    FIRST,
    NOON,
    QUIZZES_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    landed_rows,
    night,
    published,
    server_platform,
    sqlite_platform,
    xp_by_day,
    xp_rows,
)
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Source
from warehouse.lake.lake import Lake

# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("level", slowly(["role", "database", "server"], quick=1))
def test_no_setting_of_postgresql_bends_a_number(postgres: Platform, level: str) -> None:
    """FAULTS 53: all of them at once."""
    before = everything(postgres)
    assert right(before)
    with against_us(postgres, POSTGRES, level) as reader:
        assert everything(reader) == before


@pytest.mark.parametrize("name", slowly(POSTGRES, quick=3))
def test_each_setting_of_postgresql_is_ours_in_both_drivers(postgres: Platform, name: str) -> None:
    """FAULTS 53: whatever it is for the role, in the transaction that reflects and in the one that reads."""
    value, ours = POSTGRES[name]
    with against_us(postgres, {name: (value, ours)}, "role") as reader:
        shown = sa.select(sa.func.current_setting(name))
        assert shown_of(reader, shown) == [ours, ours]


def test_the_session_is_left_as_the_role_has_it(postgres: Platform) -> None:
    """FAULTS 53: a pooler hands it on to others."""
    with against_us(postgres, POSTGRES, "role") as reader:
        engine = engine_of(reader.url, reader.folder, timedelta(seconds=30))
        with engine.connect() as connection:
            connection.exec_driver_sql("select 1")
            connection.rollback()
            raw = connection.connection.cursor()
            for name, (value, ours) in POSTGRES.items():
                raw.execute(f"show {name}")
                assert raw.fetchone() == ((ours if name == "client_encoding" else value),)
        engine.dispose()


ENVIRONMENT = {
    "PGOPTIONS": "-c timezone=Pacific/Kiritimati -c datestyle=SQL,DMY -c client_encoding=latin1",
    "PGCLIENTENCODING": "LATIN1",
    "PGTZ": "Pacific/Kiritimati",
    "PGDATESTYLE": "SQL, DMY",
}


@pytest.mark.parametrize("name", slowly(["PGOPTIONS", "PGCLIENTENCODING", "PGTZ", "PGDATESTYLE", "PGSERVICE"], quick=1))
def test_no_variable_of_libpq_bends_a_number(
    postgres: Platform, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """FAULTS 53: a service's file, too, which may say how texts are encoded."""
    before = everything(postgres)
    service = tmp_path / "pg_service.conf"
    service.write_text("[bent]\nclient_encoding=LATIN1\noptions=-c datestyle=SQL,DMY\n")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    monkeypatch.setenv(name, ENVIRONMENT.get(name, "bent"))
    assert everything(postgres) == before


@pytest.mark.slow
def test_no_encoding_in_a_url_bends_a_text(postgres: Platform, mariadb: Platform) -> None:
    """FAULTS 53."""
    for platform, query in ((postgres, "client_encoding=latin1"), (mariadb, "charset=latin1&use_unicode=0")):
        before = everything(platform)
        mark = "&" if "?" in platform.url else "?"
        assert everything(replace(platform, url=f"{platform.url}{mark}{query}")) == before


@pytest.mark.slow
def test_a_database_in_latin1_is_read_as_what_it_means(postgres: Platform) -> None:
    """FAULTS 53: its bytes were taken for UTF-8."""
    with database_in(postgres, "LATIN1") as latin:
        latin.make("users", USERS_TYPES, [("Zo\u00eb", "UTC")])
        latin.make("xp", XP_TYPES, [("e", "Zo\u00eb", NOON, 4)])
        configuration = as_it_is(latin).configuration()
        night(configuration, FIRST)
        assert published(configuration, "select user_id, xp_earned from daily_activity") == [("Zo\u00eb", 4)]
        settings = keys_of(latin, "Zo\u00eb")
        (row,) = key_store(settings, Source(url=as_it_is(latin).url), latin.folder).rows(HASH)
        assert row.user_id == "Zo\u00eb"


@pytest.mark.slow
def test_a_database_that_knows_no_encoding_gives_texts_and_quarantines_what_is_none(postgres: Platform) -> None:
    """FAULTS 53, R19: SQL_ASCII holds any bytes; UTF-8 is read, anything else is `bad_text`, and nothing is guessed."""
    with database_in(postgres, "SQL_ASCII") as ascii_only:
        ascii_only.make("users", {**USERS_TYPES, "username": "text"})
        ascii_only.make("xp", XP_TYPES)
        ascii_only.make("quizzes", {**QUIZZES_TYPES, "passed": "text"})
        with psycopg.connect(sql_ascii(ascii_only)) as raw:
            for user in (b"Zo\\xc3\\xab", b"\\xeb", b"ben"):
                raw.execute(b"insert into users values (E'%s', 'UTC', E'\\xeb')" % user)
            for event, user, amount in ((b"good", b"Zo\\xc3\\xab", b"4"), (b"bad", b"Zo\\xeb", b"9")):
                raw.execute(b"insert into xp values ('%s', E'%s', '2026-06-01 12:00Z', %s)" % (event, user, amount))
            for event, passed in ((b"good", b"t"), (b"bad", b"\\xff")):
                raw.execute(b"insert into quizzes values ('%s', 'ben', '2026-06-01 12:00Z', E'%s')" % (event, passed))
        configuration = as_it_is(ascii_only).configuration()
        land_users(Night.of(configuration), FIRST)
        found = {
            name: land(Night.of(configuration), configuration.streams[name], [FIRST]) for name in ("xp", "quizzes")
        }
        assert [(one.landings[0].rows, one.landings[0].quarantined) for one in found.values()] == [(1, 1), (1, 1)]
        assert landed_rows(configuration, "xp", "event_id, user_id") == [("good", "Zo\u00eb")]
        assert landed_rows(configuration, "quizzes", "event_id, passed") == [("good", True)]
        assert reasons(configuration) == [("xp", "bad_text"), ("quizzes", "bad_passed")]
        assert [user for user, *_ in learners(Lake.of(configuration)) if user] == ["Zo\u00eb", "ben"]
        assert compare(Night.of(configuration)).drifts == []


@pytest.mark.parametrize("kind", ["schema", "temporary"])
def test_a_table_is_found_once_and_then_named_with_its_schema(postgres_url: str, tmp_path: Path, kind: str) -> None:
    """FAULTS 53: a table of the same name, earlier in the search path of a later session, is never read."""
    with server_platform(postgres_url, tmp_path) as found:
        with_rows(found)
        other = f"{found.schema}_other"
        found.run(f"create schema {other}", f"create table {other}.xp (like {{xp}})")
        with reader_of(found) as reader:
            role = sa.make_url(reader.url).username
            found.run(f"grant usage on schema {other} to {role}", f"grant select on {other}.xp to {role}")
            found.run(*[f"alter role {role} set search_path = {found.schema}"])
            configuration = reader.configuration()
            place = configuration.path
            place.write_text(place.read_text().replace(f'"{found.schema}.xp"', '"xp"'))
            stream = configuration.streams["xp"].model_copy(update={"table": "xp"})
            if kind == "temporary":
                engine = engine_of(reader.url, tmp_path, timedelta(seconds=30))
                with engine.connect() as connection:  # a session that a pooler has handed on
                    connection.exec_driver_sql("set transaction read write")
                    connection.exec_driver_sql("create temp table xp (event_id text)")
                    assert reflect(connection, stream).table.schema == found.schema
                engine.dispose()
            else:
                with open_stream(configuration, stream) as reading:
                    assert reading.mapped.table.schema == found.schema
                    found.run(f"alter role {role} set search_path = {other}, {found.schema}")
                    assert sum(batch.num_rows for batch in reading.rows(FIRST, FIRST)) == 3
        found.run(f"drop schema {other} cascade")


# --- MariaDB ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow  # and of the whole server: whoever else asks it meanwhile is bent too
def test_no_setting_of_mariadb_bends_a_number(mariadb: Platform) -> None:
    """FAULTS 53: all of them at once; a limit of rows ends a table of learners early and says nothing."""
    before = everything(mariadb)
    assert right(before)
    with global_settings(mariadb, MARIADB):
        assert everything(mariadb) == before


@pytest.mark.parametrize("name", slowly(MARIADB, quick=3))
def test_each_setting_of_mariadb_is_ours(mariadb: Platform, name: str) -> None:
    """FAULTS 53: in the session that reads, whatever it was at its beginning."""
    value, ours = MARIADB[name]
    with told_at_first(mariadb, f"set session {name} = {value if value.isdigit() else repr(value)}") as (_, reader):
        shown: sa.Select[Any] = sa.select(sa.literal_column(f"@@session.{name}"))
        assert shown_of(reader, shown) == [ours, ours]


@pytest.mark.slow
def test_what_a_server_says_to_every_new_session_bends_no_number(mariadb: Platform) -> None:
    """FAULTS 53: all of it at once; the learners, of whom nobody counts how many came, too."""
    before = everything(mariadb)
    assert right(before)
    bent = ", ".join(
        f"session {name} = {value if value.isdigit() else repr(value)}" for name, (value, _) in MARIADB.items()
    )
    with told_at_first(mariadb, f"set {bent}") as (_, reader):
        assert everything(reader) == before


def test_a_table_is_one_of_the_database_that_the_url_names(mariadb: Platform) -> None:
    """FAULTS 53: whichever a server puts its sessions into; for streams and for keys."""
    other = f"{mariadb.schema}_other"
    mariadb.run(f"create database {other}", f"create table {other}.quizzes like {{quizzes}}")
    settings = keys_of(mariadb).model_copy(update={"table": "api_keys"})
    mariadb.run(f"create table {other}.api_keys like {mariadb.table('api_keys')}")
    try:
        with told_at_first(mariadb, f"use {other}") as (user, told):
            mariadb.run(f"grant select on {other}.* to {user}")
            configuration = told.configuration()
            stream = configuration.streams["quizzes"].model_copy(update={"table": "quizzes"})
            with open_stream(configuration, stream) as reader:
                assert sum(batch.num_rows for batch in reader.rows(FIRST, FIRST)) == 3
            assert len(key_store(settings, Source(url=told.url), told.folder).rows(HASH)) == 1
    finally:
        mariadb.run(f"drop database {other}")


@pytest.mark.parametrize("level", ["READ-COMMITTED", "READ-UNCOMMITTED"])
def test_rows_that_come_while_a_snapshot_is_read_are_not_in_it(mariadb: Platform, level: str) -> None:
    """FAULTS 53: counted 3, came 4, where the server reads what is committed meanwhile."""
    with told_at_first(mariadb, f"set session tx_isolation = '{level}'") as (_, told):
        configuration = told.configuration()
        with open_stream(configuration, configuration.streams["quizzes"]) as reader:
            counted = reader.figures(FIRST, FIRST)[FIRST.isoformat()]["rows"]
            mariadb.add("quizzes", [("late", ZOE, NOON, 1)])
            rows = sum(batch.num_rows for batch in reader.rows(FIRST, FIRST))
    assert (counted, rows) == ("3", 3)


# --- SQLite -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_a_sqlite_file_in_utf16_is_read_as_any_other(tmp_path: Path, encoding: str) -> None:
    """FAULTS 53: its instants came as bytes of UTF-16, and every row was asked for as one without a day."""
    source = sqlite_platform(tmp_path)
    with closing(sqlite3.connect(tmp_path / "platform.db")) as connection:
        connection.execute(f"pragma encoding = '{encoding}'")
        connection.execute("create table made (a)")
        connection.commit()
    source.make("users", USERS_TYPES, [(ZOE, "UTC")])
    source.make("xp", XP_TYPES, [*xp_rows(3, user=ZOE), ("never", ZOE, "17/11/2026", 1)])
    configuration = source.configuration()
    with open_stream(configuration, configuration.streams["xp"]) as reader:
        assert sum(batch.num_rows for batch in reader.undated()) == 1
    night(configuration, FIRST)
    assert published(configuration, "select user_id, xp_earned from daily_activity") == [(ZOE, 3)]
    assert compare(Night.of(configuration)).drifts == []
    assert xp_by_day(configuration) == {FIRST: 3}
