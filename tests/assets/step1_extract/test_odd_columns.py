"""Columns that a database has in its own way, behind roles that are mapped by tables: collations, types, odd values.

What the values mean is `values/test_roles.py`'s; here a database could make something else of them (R1, R3, R19, R23,
R26).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import NotSupportedError

from assets.night.night import Night
from assets.reconcile.compare import compare
from tests.support.platforms.sources import FIRST, Platform, night, published, server_platform, sqlite_platform
from warehouse.configuration.configuration import Configuration, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ANN = UUID("0a000000-0000-4000-8000-00000000000b")
NOON = 1780315200  # of FIRST
XP = "select user_id, sum(xp_earned)::bigint from daily_activity group by all order by all"
REASONS = "select stream, reason, count(*) from quarantine group by all order by all"


@pytest.fixture
def sqlite(tmp_path: Path) -> Platform:
    return sqlite_platform(tmp_path)


@pytest.fixture
def postgres(postgres_url: str, tmp_path: Path) -> Iterator[Platform]:
    with server_platform(postgres_url, tmp_path) as found:
        yield found


@pytest.fixture
def mariadb(mariadb_url: str, tmp_path: Path) -> Iterator[Platform]:
    with server_platform(mariadb_url, tmp_path) as found:
        yield found


def filled(platform: Platform, table: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Make a table of the platform's and fill it; no value of a row is a literal."""
    marks = ", ".join(f":v{place}" for place in range(len(rows[0])))
    with platform.changing() as connection:
        connection.execute(text(f"create table {platform.table(table)} ({columns})"))
        for row in rows:
            values = {f"v{place}": value for place, value in enumerate(row)}
            connection.execute(text(f"insert into {platform.table(table)} values ({marks})"), values)


def configured(platform: Platform, users: str, xp: str, where: str = "[]") -> Configuration:
    """Map the tables `learners` and `happened`."""
    lines = [
        f'[pulse]\nfirst_day = {FIRST}\n[sources.platform]\nurl = "{platform.url}"',
        f'[streams.users]\nkind = "users"\nsource = "platform"\ntable = "{platform.table("learners")}"',
        f'columns = {users}\n[streams.xp]\nkind = "xp"\nsource = "platform"\ntable = "{platform.table("happened")}"',
        f"where = {where}\ncolumns = {xp}",
    ]
    place = platform.folder / "pulse.toml"
    place.write_text("\n".join(lines), encoding="utf-8")
    return load(place, uses=["sources"])


PLAIN_USERS = '{ user_id = "id" }'
PLAIN_XP = '{ event_id = "id", user_id = "learner", occurred_at = { column = "at", unit = "s" }, amount = "points" }'


def states(platform: Platform, collation: str) -> Configuration:
    """Rows that only their bytes tell from `done`, each with points of its own."""
    filled(platform, "learners", "id varchar(10)", [("ann",)])
    rows = [("done", 1), ("DONE", 10), ("done ", 100), ("d\u00f6ne", 1000), ("d\u00d6ne", 10_000)]
    columns = f"id integer, learner varchar(10), at bigint, points integer, state varchar(20) {collation}"
    events = [(number, "ann", NOON, points, state) for number, (state, points) in enumerate(rows)]
    filled(platform, "happened", columns, events)
    return configured(platform, PLAIN_USERS, PLAIN_XP, '[{ column = "state", is = ["done", "d\u00f6ne"] }]')


@pytest.mark.slow
def test_a_collation_of_postgresql_that_takes_cases_for_equal_changes_no_filter(postgres: Platform) -> None:
    """R23 too: the checksum sees a change that the collation does not."""
    made = "create collation {}.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
    try:
        postgres.run(made.replace("{}", postgres.schema))
    except NotSupportedError:
        pytest.skip("this PostgreSQL was built without ICU, so it has no such collation")
    configuration = states(postgres, f"collate {postgres.schema}.any_case")
    assert night(configuration, FIRST) is not None
    assert published(configuration, XP) == [("ann", 1001)]
    assert compare(Night.of(configuration)).drifts == []
    postgres.run(f"update {postgres.table('happened')} set learner = learner, state = 'DONE' where points = 1")
    assert len(compare(Night.of(configuration)).drifts) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "collation", ["character set latin1", "character set utf8mb4 collate utf8mb4_general_ci", "character set utf8mb3"]
)
def test_a_character_set_of_mariadb_changes_no_filter(mariadb: Platform, collation: str) -> None:
    configuration = states(mariadb, collation)
    assert night(configuration, FIRST) is not None
    assert published(configuration, XP) == [("ann", 1001)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "value"), [("binary(16)", ANN.bytes), ("uuid", str(ANN)), ("varbinary(16)", ANN.bytes)]
)
def test_a_uuid_of_mariadb_is_one_in_any_of_its_types(mariadb: Platform, kind: str, value: object) -> None:
    """R26."""
    filled(mariadb, "learners", f"id {kind}", [(value,)])
    columns = f"`a``b; -- %s :x` {kind}, learner {kind}, at bigint, points integer"
    filled(mariadb, "happened", columns.replace(":", r"\:"), [(value, value, NOON, 7)])
    uuid = '{ column = "learner", as = "uuid" }'
    xp = PLAIN_XP.replace('"id"', '{ column = "a`b; -- %s :x", as = "uuid" }').replace('"learner"', uuid)
    configuration = configured(mariadb, '{ user_id = { column = "id", as = "uuid" } }', xp)
    assert night(configuration, FIRST) is not None
    assert published(configuration, XP) == [(str(ANN), 7)]


@pytest.mark.slow
def test_a_numeric_id_of_postgresql_has_no_zeros_behind_a_prefix_or_in_a_key(postgres: Platform) -> None:
    """R26: 7.0 is 7."""
    filled(postgres, "learners", "id numeric", [("7.0",)])
    columns = "id numeric, learner numeric, at double precision, points integer"
    filled(postgres, "happened", columns, [("1.00", "7", NOON, 5), ("1", "7.000", NOON, 5)])
    xp = PLAIN_XP.replace('"id"', '["id", "learner"]').replace('"learner",', '{ column = "learner", prefix = "b:" },')
    configuration = configured(postgres, '{ user_id = { column = "id", prefix = "b:" } }', xp)
    assert night(configuration, FIRST) is not None
    assert published(configuration, XP) == [("b:7", 5)], "one event, twice"


def test_what_is_no_number_in_sqlite_has_no_day_instead_of_being_lost(sqlite: Platform) -> None:
    """R1, R19: a text is read as text, and bytes are unreadable; SQL and we have to agree."""
    filled(sqlite, "learners", "id text", [("ann",)])
    values = (NOON, "2026-06-01 12:00", str(NOON), str(NOON).encode(), "soon", None)
    events = [(number, "ann", value, 10**number) for number, value in enumerate(values)]
    filled(sqlite, "happened", "id integer, learner text, at, points integer", events)
    configuration = configured(sqlite, PLAIN_USERS, PLAIN_XP)
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert published(configuration, XP) == [("ann", 11)]
    assert published(configuration, REASONS) == [("xp", "missing_time", 4)]


@pytest.mark.parametrize(
    ("mapped", "deleted", "kept"),
    [
        ('deleted_at = { column = "gone", unit = "s" }', (NOON, "soon"), (0, None, 0.0)),
        ('is_deleted = "gone"', (1, "true", "perhaps"), (0, None, "f")),
        ('is_deleted = { column = "gone", true = ["yes", 1] }', ("yes", 1), ("Yes", None, "", 2)),
    ],
)
def test_who_is_deleted(sqlite: Platform, mapped: str, deleted: Sequence[object], kept: Sequence[object]) -> None:
    """R3: zero and what stands in no list are not deleted; what cannot be read is."""
    values = [*deleted, *kept]
    filled(sqlite, "learners", "id integer, gone", [*enumerate(values)])
    events = [(number, number, NOON, 1) for number in range(len(values))]
    filled(sqlite, "happened", "id integer, learner integer, at integer, points integer", events)
    configuration = configured(sqlite, f'{{ user_id = "id", {mapped} }}', PLAIN_XP)
    assert night(configuration, FIRST) is not None
    shown = published(configuration, "select user_id::integer from users order by 1")
    assert shown == [(number,) for number in range(len(deleted), len(values))]
