"""Our sessions in a source's database: they cannot write, whatever their role may, and a query that hangs ends.

On SQLite, a real PostgreSQL and a real MariaDB, each through exactly the connections that a night opens.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import adbc_driver_manager
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from assets.night.night import Night
from assets.step1_extract.source.sessions import engine_of
from assets.step1_extract.source.snapshot import CursorSnapshot, PostgresSnapshot, Snapshot, snapshot
from assets.step2_land.land import land
from tests.support.platforms.sources import (
    FIRST,
    PLATFORMS,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    platform_of,
    server_platform,
    xp_rows,
)
from warehouse.errors import SourceUnavailableError

LONGEST = timedelta(seconds=30)


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """An empty database of each kind, with learners and some XP."""
    with platform_of(request, tmp_path) as found:
        yield with_rows(found)


def with_rows(platform: Platform) -> Platform:
    platform.make("users", USERS_TYPES)
    platform.make("xp", XP_TYPES, xp_rows(3))
    return platform


def statements(platform: Platform) -> list[str]:
    table = platform.table("xp")
    temporary = ["create temp table xp_3 (a int)"] if platform.is_sqlite else []  # a read-only file alone lets it pass
    return [
        *temporary,
        f"update {table} set amount = 0",
        f"insert into {table} (event_id) values ('x')",
        f"delete from {table}",
        f"drop table {table}",
        f"create table {table}_2 (a int)",
    ]


def amounts(platform: Platform) -> list[int]:
    with platform.changing() as connection:
        return [amount for (amount,) in connection.execute(sa.text(f"select amount from {platform.table('xp')}"))]


def test_the_connection_that_reflects_cannot_write(platform: Platform) -> None:
    """FAULTS 24: neither at once nor in a later transaction; though the role may."""
    engine = engine_of(platform.url, platform.folder, LONGEST)
    with engine.connect() as connection:
        for statement in statements(platform):
            with pytest.raises(DBAPIError, match=r"(?i)read.?only"):
                connection.execute(sa.text(statement))
            connection.rollback()
    engine.dispose()
    assert amounts(platform) == [1, 1, 1]


def test_the_snapshot_that_reads_rows_cannot_write(platform: Platform) -> None:
    """FAULTS 24: in PostgreSQL a session of its own, by another driver."""
    engine = engine_of(platform.url, platform.folder, LONGEST)
    errors = (adbc_driver_manager.Error, engine.dialect.loaded_dbapi.Error)
    for statement in statements(platform):
        with engine.connect() as connection, snapshot(connection, LONGEST) as source, cursor_of(source) as cursor:
            with pytest.raises(errors, match=r"(?i)read.?only"):
                cursor.execute(statement)
            cursor.execute("rollback")
    engine.dispose()
    assert amounts(platform) == [1, 1, 1]


@contextmanager
def cursor_of(source: Snapshot) -> Iterator[Any]:
    """Give a cursor of the driver that reads the rows."""
    if isinstance(source, PostgresSnapshot):
        with source.connection.cursor() as cursor:
            yield cursor
        return
    assert isinstance(source, CursorSnapshot)
    with closing(source.connection.connection.cursor()) as cursor:
        yield cursor


def test_a_pooled_session_of_postgresql_is_left_as_it_was(postgres_url: str, tmp_path: Path) -> None:
    """Behind PgBouncer others use it after us: every setting of ours ends with our transaction."""
    shown = "select current_setting('default_transaction_read_only'), current_setting('statement_timeout')"
    with server_platform(postgres_url, tmp_path) as found:
        engine = engine_of(found.url, found.folder, LONGEST)
        with engine.connect() as connection, snapshot(connection, LONGEST) as source, cursor_of(source) as cursor:
            cursor.execute(shown)
            assert cursor.fetchone() == ("off", "30s")
            cursor.execute("rollback")
            cursor.execute(shown)
            assert cursor.fetchone() == ("off", "0")
        engine.dispose()


def test_the_server_is_told_who_asks(platform: Platform) -> None:
    """By its list of sessions an administrator sees whose they are."""
    if platform.is_sqlite:
        pytest.skip("SQLite has no sessions")
    engine = engine_of(platform.url, platform.folder, LONGEST)
    query = "select application_name from pg_stat_activity where pid <> pg_backend_pid()"
    if platform.is_mariadb:
        query = "select attr_value from performance_schema.session_connect_attrs where attr_name = 'program_name'"
        with platform.changing() as other:
            if not other.execute(sa.text("select @@performance_schema")).scalar():
                pytest.skip("this MariaDB keeps no attributes of its sessions")
    with engine.connect() as connection, snapshot(connection, LONGEST), platform.changing() as other:
        names = [name for (name,) in other.execute(sa.text(query))]
    engine.dispose()
    assert names.count("learning-pulse") >= (1 if platform.is_mariadb else 2)


def test_a_table_that_somebody_holds_ends_the_landing_with_an_error(platform: Platform) -> None:
    """FAULTS 12: which names source and stream; nothing has landed."""
    platform.settings = "statement_timeout_seconds = 1"
    configuration = platform.configuration()
    holding = {
        "sqlite": "begin exclusive",
        "mysql": f"lock tables {platform.table('xp')} write",
        "postgresql": f"lock table {platform.table('xp')} in access exclusive mode",
    }
    with platform.changing() as other:
        other.exec_driver_sql(holding[other.dialect.name])
        with pytest.raises(
            SourceUnavailableError, match=r"stream xp: source platform failed: .*(lock|timeout|exceeded)"
        ):
            land(Night.of(configuration), configuration.streams["xp"], [FIRST])
    assert not list((configuration.data_dir / "lake" / "xp").glob("*"))


def test_a_query_that_hangs_ends_the_landing_with_an_error(platform: Platform) -> None:
    """FAULTS 12: a view of the source's that takes its time."""
    if platform.is_sqlite:
        pytest.skip("SQLite runs in our own process and has no limit for a statement")
    sleep = "sleep(60)" if platform.is_mariadb else "pg_sleep(60)::text <> 'x'"
    view = platform.table("slow")
    platform.run(f"create view {view} as select * from {{xp}} where amount >= 0 and {sleep}")
    platform.settings = "statement_timeout_seconds = 1"
    configuration = platform.configuration()
    place = configuration.path
    place.write_text(place.read_text().replace(f'"{platform.table("xp")}"', f'"{view}"'))
    stream = configuration.streams["xp"].model_copy(update={"table": view})
    with pytest.raises(SourceUnavailableError, match=r"stream xp: source platform failed: .*(timeout|exceeded)"):
        land(Night.of(configuration), stream, [FIRST])
