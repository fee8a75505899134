"""Looking at a source: only reading, within limits; what our role may not read is left out, other schemas are named."""

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from pipelines.propose.look import look as looking
from pipelines.propose.look.look import look_at
from pipelines.propose.look.reading import reading
from tests.support.platforms.proposals import database_of, proposed, sqlite_database, stream_of, written
from tests.support.platforms.sources import night, published
from warehouse.errors import ConfigurationError, PulseError, SourceUnavailableError

SECRET = "s3cr3t-of-this-test"
OF_POSTGRES = [
    "create table users (id uuid primary key, username text, deleted_at timestamptz not null default 'infinity')",
    "create table xp (id bigserial primary key, user_id uuid not null, at timestamptz not null, xp int not null)",
    "create table filtered (id bigserial primary key, user_id uuid not null, at timestamptz not null, xp int not null)",
    "create table hidden (id bigserial primary key, user_id uuid not null, at timestamptz not null, xp int not null)",
    "create schema other",
    "create table other.learner (id int primary key)",
    "create table other.xp (id int primary key, learner_id int, at timestamptz, xp int, extra jsonb, tags text[])",
    "insert into users values ('00000000-0000-4000-8000-00000000000A', 'ana')",
    "insert into xp (user_id, at, xp) select id, '2026-11-05 12:00+00', 5 from users",
    "insert into other.learner values (1)",
    "insert into other.xp values (1, 1, '2026-11-05 12:00+00', 7)",
    "alter table filtered enable row level security",
    "create policy nothing on filtered using (false)",
    "drop role if exists init_reader",
    "create role init_reader login",
    "grant select on users, xp, filtered to init_reader",
]
VIEWS = [
    "create view learners as select * from users",
    "create view seen_xp as select * from xp",
    "drop role if exists init_of_views",
    "create role init_of_views login",
    "grant select on learners, seen_xp to init_of_views",
]
PARTS = [
    "create table users (id int primary key, username text)",
    "create table xp (id int, user_id int, at timestamptz, xp int, primary key (id, at)) partition by range (at)",
    "create table xp_of_2026 partition of xp for values from ('2026-01-01') to ('2027-01-01')",
]
OF_MARIADB = [
    "create table users (id binary(16) primary key, username varchar(50))",
    "create table xp_events (id binary(16) primary key, user_id binary(16) not null, at datetime not null, xp int)",
    "insert into users values (unhex('0a00000000004000800000000000000b'), 'ana')",
    "insert into xp_events select unhex('1a00000000004000800000000000000b'), id, '2026-11-05 12:00:00', 5 from users",
]


def test_a_look_writes_nothing(tmp_path: Path) -> None:
    url = sqlite_database(tmp_path, "create table users (id integer primary key)")
    with reading(url, tmp_path) as (thread, connection), pytest.raises(sa.exc.OperationalError, match="readonly"):
        thread.call(lambda: connection.exec_driver_sql("delete from users"))


def test_both_ends_of_a_table_are_seen_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = "with recursive n (value) as (select 1 union all select value + 1 from n where value < 50)"
    rows = f"insert into users {numbers} select value, hex(zeroblob(500)) from n"
    url = sqlite_database(tmp_path, f"create table users (id integer primary key, about text); {rows}")
    monkeypatch.setattr(looking, "ROWS", 3)
    with reading(url, tmp_path) as (thread, connection):
        (users,) = thread.call(lambda: look_at(connection, None)).tables
    assert users.columns["id"].values == [1, 2, 3, 50, 49, 48]
    assert {len(value) for value in users.columns["about"].values} == {looking.LONGEST_TEXT}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///nowhere.sqlite", "there is no file"),
        (f"postgresql://reader:{SECRET}@127.0.0.1:1/platform", "is it up?"),
        (f"mysql://reader:{SECRET}@127.0.0.1:1/platform", "is it up?"),
    ],
)
def test_a_source_that_fails_says_so_without_its_password(url: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError) as error:
        proposed(url, tmp_path)
    assert message in str(error.value)
    assert SECRET not in str(error.value)


def test_what_no_driver_takes_is_no_url(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SOURCE_URL: the driver"):
        proposed("oracle://a@db/app", tmp_path)


def test_an_empty_database_says_that_it_is(tmp_path: Path) -> None:
    with pytest.raises(
        PulseError, match="there is no table in schema main; its others are none, name one with --schema"
    ):
        proposed(sqlite_database(tmp_path, ""), tmp_path)


@pytest.mark.slow
def test_what_our_role_may_not_read_is_left_out(postgres_url: str, tmp_path: Path) -> None:
    with database_of(postgres_url, "init_of_rights", OF_POSTGRES) as url:
        reader = sa.make_url(url).set(username="init_reader").render_as_string(hide_password=False)
        proposal = proposed(reader, tmp_path)
        assert [stream.table for stream in proposal.streams] == ["users", "xp"]
        assert proposal.left_out == {
            "filtered": "row level security filters it for our role; see docs/guide/connect.md",
            "hidden": "our role cannot read it, or not in time",
        }
        user_id = stream_of(proposal, "xp").columns["user_id"]
        assert (user_id.sureness, user_id.reason) == ("likely", "by its name; 1 of 1 sampled ids are in users.id")


@pytest.mark.slow
def test_views_are_looked_at_where_our_role_reads_no_table(postgres_url: str, tmp_path: Path) -> None:
    with database_of(postgres_url, "init_of_views", [*OF_POSTGRES[:2], *OF_POSTGRES[7:9], *VIEWS]) as url:
        reader = sa.make_url(url).set(username="init_of_views").render_as_string(hide_password=False)
        configuration = written(proposed(reader, tmp_path), tmp_path)
        assert [stream.table for stream in configuration.streams.values()] == ["learners", "seen_xp"]
        assert night(configuration, date(2026, 11, 6)) is not None
        assert published(configuration, "select sum(xp_earned) from daily_activity") == [(5,)]


@pytest.mark.slow
def test_parts_of_a_table_are_not_counted_beside_it(postgres_url: str, tmp_path: Path) -> None:
    with database_of(postgres_url, "init_of_parts", PARTS) as url:
        proposal = proposed(url, tmp_path)
    assert [stream.table for stream in proposal.streams] == ["users", "xp"]
    assert proposal.left_out == {}
    event_id = stream_of(proposal, "xp").columns["event_id"]
    assert (event_id.value, event_id.sureness) == ("id", "check")


@pytest.mark.slow
def test_another_schema_is_looked_at_if_it_is_named(postgres_url: str, tmp_path: Path) -> None:
    with database_of(postgres_url, "init_of_schemas", OF_POSTGRES) as url:
        proposal = proposed(url, tmp_path, schema="other")
        assert [stream.table for stream in proposal.streams] == ["other.learner", "other.xp"]
        configuration = written(proposal, tmp_path)
        assert night(configuration, date(2026, 11, 6)) is not None
        assert published(configuration, "select user_id, xp_earned from daily_activity") == [("1", 7)]
        with pytest.raises(PulseError, match="there is no table in schema nowhere; its others are other, public"):
            proposed(url, tmp_path, schema="nowhere")


@pytest.mark.slow
def test_ids_of_16_bytes_are_read_as_uuids(mariadb_url: str, tmp_path: Path) -> None:
    with database_of(mariadb_url, "init_of_bytes", OF_MARIADB) as url:
        configuration = written(proposed(url, tmp_path), tmp_path)
        assert night(configuration, date(2026, 11, 6)) is not None
        learner = str(UUID("0a00000000004000800000000000000b"))
        assert published(configuration, "select user_id, xp_earned from daily_activity") == [(learner, 5)]
