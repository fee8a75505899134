"""FAULTS 59: a type that nobody knows is judged by its values; one that is known to be wrong still stops before a row.

On SQLite, a real PostgreSQL and a real MariaDB, each with the types that are its own. What comes is compared to the
value, and with what the source says of it again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from tests.support.platforms.sources import (
    FIRST,
    QUIZZES_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    lake_files,
    landed_rows,
    server_platform,
    xp_rows,
)
from warehouse.configuration.configuration import Configuration
from warehouse.errors import SourceDriftError
from warehouse.lake.lake import Lake

A, B = "0f8fad5b-d9cb-469f-a165-70867728950e", "1f8fad5b-d9cb-469f-a165-70867728950e"
NOON = "2026-06-01 12:00:00"


@pytest.fixture
def postgres(postgres_url: str, tmp_path: Path) -> Iterator[Platform]:
    with server_platform(postgres_url, tmp_path) as found:
        yield found


@pytest.fixture
def mariadb(mariadb_url: str, tmp_path: Path) -> Iterator[Platform]:
    with server_platform(mariadb_url, tmp_path) as found:
        yield found


def landed(platform: Platform, stream: str, columns: str) -> list[tuple[Any, ...]]:
    """What lands of a stream; its source must say the same of it again."""
    configuration = platform.configuration()
    land_users(Night.of(configuration), FIRST)
    land(Night.of(configuration), configuration.streams[stream], [FIRST])
    assert compare(Night.of(configuration)).drifts == []
    return landed_rows(configuration, stream, columns)


def learners(configuration: Configuration) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        query = "select user_id, is_public from read_parquet($place) where reason is null order by all"
        return connection.execute(query, {"place": str(Lake.of(configuration).users)}).fetchall()


def figures(configuration: Configuration, stream: str) -> dict[str, str]:
    """What the source itself said of the day that landed."""
    return dict(Lake.of(configuration).landings(configuration)[stream, FIRST].source[FIRST.isoformat()])


SQLITE = {  # by role the name that a column's type has, and what may stand there
    "UUID": ("UUID", "TIMESTAMPTZ", "NUMBER"),
    "GUID": ("GUID", "TIMESTAMP WITH TIME ZONE", "MONEY"),
    "no type": ("", "", ""),
    "names of Rails and Prisma": ("STRING", "TIMESTAMP_S", "DECIMAL(20)"),
    "the affinity's own": ("NUMERIC", "DATETIME", "NUMERIC"),
}


@pytest.mark.parametrize(("identifier", "instant", "amount"), SQLITE.values(), ids=SQLITE)
def test_types_that_sqlite_does_not_know_are_judged_by_their_values(
    sqlite_source: Platform, identifier: str, instant: str, amount: str
) -> None:
    """FAULTS 59: they were numbers to us, and stopped the stream or were read as such."""
    sqlite_source.make(
        "users", {"user_id": identifier, "timezone": "", "is_public": "BIT"}, [(A, "UTC", 1), (B, None, 0)]
    )
    types = {"event_id": identifier, "user_id": identifier, "occurred_at": instant, "amount": amount}
    sqlite_source.make("xp", types, [(B, A, f"{NOON}Z", 5), ("1", A, NOON, 7), (A, B, NOON, "x")])
    assert landed(sqlite_source, "xp", "event_id, user_id, instant::varchar, amount") == [
        ("1", A, NOON, 7),
        (B, A, NOON, 5),
    ]
    configuration = sqlite_source.configuration()
    assert learners(configuration) == [(A, True), (B, False)]
    said = figures(configuration, "xp")
    assert (said["rows"], said["amount"]) == ("3", "12")


def test_computed_columns_of_a_sqlite_view_are_judged_by_their_values(sqlite_source: Platform) -> None:
    """FAULTS 59: they have no type at all; epochs become instants in the view."""
    sqlite_source.make("users", USERS_TYPES, [("7", "UTC")])
    sqlite_source.make("xp", XP_TYPES)
    sqlite_source.run(
        "drop table {xp}",
        "create table made (id integer, owner integer, at integer, points integer)",
        "insert into made values (1, 7, 1780315200, 10), (2, 7, 1780315201, 20), (3, 7, null, 30)",
        "create view {xp} as select 'e-' || id as event_id, owner + 0.0 as user_id, "
        "datetime(at, 'unixepoch') as occurred_at, points / 10 as amount from made",
    )
    assert landed(sqlite_source, "xp", "event_id, user_id, instant::varchar, amount") == [
        ("e-1", "7", NOON, 1),
        ("e-2", "7", "2026-06-01 12:00:01", 2),
    ]
    assert figures(sqlite_source.configuration(), "xp")["amount"] == "3"


def test_domains_of_postgresql_are_what_they_are_based_on(postgres: Platform) -> None:
    """FAULTS 59: of ids, instants, numbers and texts, one over another too."""
    schema = postgres.schema
    bases = {"of_id": "uuid", "of_when": "timestamptz", "of_points": "numeric(20, 0)", "of_name": "varchar(20)"}
    postgres.run(*[f"create domain {schema}.{name} as {base}" for name, base in bases.items()])
    postgres.run(f"create domain {schema}.of_big_points as {schema}.of_points check (value > -1000)")
    postgres.make("users", {"user_id": f"{schema}.of_id", "timezone": f"{schema}.of_name"}, [(A, "UTC")])
    types = {
        "event_id": f"{schema}.of_name",
        "user_id": f"{schema}.of_id",
        "occurred_at": f"{schema}.of_when",
        "amount": f"{schema}.of_big_points",
    }
    postgres.make("xp", types, [("1", A, f"{NOON}Z", 5), ("2", A, f"{NOON}Z", 7)])
    expected = [("1", A, NOON, 5), ("2", A, NOON, 7)]
    assert landed(postgres, "xp", "event_id, user_id, instant::varchar, amount") == expected
    assert figures(postgres.configuration(), "xp")["amount"] == "12"


def test_a_domain_over_a_wrong_type_stops(postgres: Platform) -> None:
    """FAULTS 59, 20: what it is based on is known."""
    postgres.run(f"create domain {postgres.schema}.epoch as bigint")
    postgres.make("users", USERS_TYPES)
    postgres.make("xp", {**XP_TYPES, "occurred_at": f"{postgres.schema}.epoch"})
    configuration = postgres.configuration()
    with pytest.raises(SourceDriftError, match=r'column "occurred_at" is BIGINT.*expected a timestamp or date'):
        land(Night.of(configuration), configuration.streams["xp"], [FIRST])


def test_one_bit_is_a_boolean(platform: Platform) -> None:
    """FAULTS 59: Hibernate's and MySQL's way to say so."""
    bit = "bit(1)"
    platform.make("users", {"user_id": "text", "is_public": bit})
    platform.make("quizzes", {**QUIZZES_TYPES, "passed": bit})
    one, zero = ("1", "0") if platform.is_sqlite else ("b'1'", "b'0'")
    platform.run(
        f"insert into {{users}} values ('ann', {one}), ('ben', {zero}), ('eve', null)",
        f"insert into {{quizzes}} values ('1', 'ann', '{NOON}', {one}), ('2', 'ann', '{NOON}', {zero})",
        f"insert into {{quizzes}} values ('3', 'ann', '{NOON}', null)",
    )
    assert landed(platform, "quizzes", "event_id, passed") == [("1", True), ("2", False)]
    configuration = platform.configuration()
    assert learners(configuration) == [("ann", True), ("ben", False), ("eve", False)]
    said = figures(configuration, "quizzes")
    assert (said["rows"], said["passed"]) == ("3", "1")


@pytest.mark.parametrize("sql_type", ["bit(8)", "bit varying(1)"])
def test_more_than_one_bit_is_none(postgres: Platform, sql_type: str) -> None:
    """FAULTS 59, 20."""
    postgres.make("users", USERS_TYPES)
    postgres.make("quizzes", {**QUIZZES_TYPES, "passed": sql_type})
    configuration = postgres.configuration()
    with pytest.raises(SourceDriftError, match=r'column "passed" is BIT.*expected a boolean'):
        land(Night.of(configuration), configuration.streams["quizzes"], [FIRST])


def test_whole_numbers_of_any_size_are_ids(platform: Platform) -> None:
    """FAULTS 59: NUMERIC(20, 0), as Oracle and Rails leave behind."""
    whole = "decimal(20, 0)" if platform.is_mariadb else "numeric(20,0)"
    big = 9223372036854775807
    platform.make("users", {**USERS_TYPES, "user_id": whole}, [(big, "UTC"), (7, "UTC")])
    rows = [(1, big, f"{NOON}Z", 5), (100, 7, f"{NOON}Z", 6)]
    platform.make("xp", {**XP_TYPES, "event_id": whole, "user_id": whole}, rows)
    found = landed(platform, "xp", "event_id, user_id, amount")
    assert found == [("1", str(big), 5), ("100", "7", 6)]
    assert [user for user, _ in learners(platform.configuration())] == ["7", str(big)]


def test_a_number_without_a_scale_is_an_id_if_it_is_whole(postgres: Platform) -> None:
    """FAULTS 59: however it is spelled, it is one learner's."""
    postgres.make("users", {**USERS_TYPES, "user_id": "bigint"}, [(7, "UTC")])
    postgres.make("xp", {**XP_TYPES, "user_id": "numeric"}, [("1", "7.00", f"{NOON}Z", 5), ("2", "7", f"{NOON}Z", 5)])
    assert landed(postgres, "xp", "event_id, user_id") == [("1", "7"), ("2", "7")]


def test_a_number_with_a_scale_is_no_id(platform: Platform) -> None:
    """FAULTS 59, 20: known to be wrong, so no row is read."""
    platform.make("users", USERS_TYPES)
    platform.make("xp", {**XP_TYPES, "user_id": "decimal(12, 2)"}, xp_rows(0))
    configuration = platform.configuration()
    with pytest.raises(
        SourceDriftError, match=r'column "user_id" is (DECIMAL|NUMERIC).*expected an integer, text or UUID'
    ):
        land(Night.of(configuration), configuration.streams["xp"], [FIRST])
    assert lake_files(configuration) == {}


def test_types_of_mariadb_that_sqlalchemy_does_not_know_are_read_as_text(mariadb: Platform) -> None:
    """FAULTS 59: its own UUID, and an address that serves as a name; no warning of a library reaches anybody."""
    mariadb.make("users", {"user_id": "text", "timezone": "text"}, [(A, "UTC")])
    mariadb.make("xp", XP_TYPES)
    mariadb.run(
        "drop table {xp}",
        "create table {xp} (event_id inet6, user_id uuid, occurred_at datetime, amount bigint)",
        f"insert into {{xp}} values ('::1', '{A}', '{NOON}', 5), ('::2', '{A}', '{NOON}', 6)",
    )
    assert landed(mariadb, "xp", "event_id, user_id, amount") == [("::1", A, 5), ("::2", A, 6)]


def test_types_of_postgresql_that_sqlalchemy_does_not_know_are_read_as_text(postgres: Platform) -> None:
    """FAULTS 59: also where PostgreSQL cannot hash them; what has to be compared or added up stops as before."""
    schema = postgres.schema
    postgres.run(f"create type {schema}.pair as (a int, b json)")
    postgres.make("users", {"user_id": "text", "timezone": "text"}, [("ann", "UTC")])
    types = {**XP_TYPES, "event_id": f"{schema}.pair"}
    postgres.make("xp", types)
    postgres.run(
        f"insert into {{xp}} values (row(1, '{{{{}}}}'), 'ann', '{NOON}Z', 5)".replace("{{}}", "[]"),
        f"insert into {{xp}} values (row(2, '[]'), 'ann', '{NOON}Z', 6)",
    )
    assert landed(postgres, "xp", "event_id, amount") == [("(1,[])", 5), ("(2,[])", 6)]
    postgres.make("xp", {**XP_TYPES, "amount": f"{schema}.pair"})
    configuration = postgres.configuration()
    with pytest.raises(SourceDriftError, match=r'column "amount" is NullType.*expected a number'):
        land(Night.of(configuration), configuration.streams["xp"], [FIRST])
