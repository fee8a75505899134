"""A stream's `query`: what is one, where its bounds stand, and what happens when the source does not take it (R1)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.platforms.sources import (
    FIRST,
    PLATFORMS,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    night,
    platform_of,
    sqlite_platform,
    xp_by_day,
    xp_rows,
)
from warehouse.configuration.configuration import Configuration, load
from warehouse.configuration.queries import binds_of, bound, query_mistake, without_end
from warehouse.errors import ConfigurationError, SourceDriftError
from warehouse.lake.days import DAY

EVERYTHING = "select event_id, user_id, occurred_at, amount from {xp}"


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as found:
        found.make("users", USERS_TYPES, [("ann", "UTC")])
        found.make("xp", XP_TYPES, [*xp_rows(3), *xp_rows(2, FIRST + DAY, prefix="next")])
        yield found


def asked(platform: Platform, query: str) -> Configuration:
    """The configuration of the platform, with a query where the table of XP was."""
    path = platform.configuration().path
    text = path.read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if line.startswith("table") and platform.table("xp") in line)
    query = query.replace("{xp}", platform.table("xp"))
    path.write_text(text.replace(line, f"query = '''\n{query}'''"), encoding="utf-8")
    return load(path, uses=["sources"])


# --- the text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "select 1",
        "with a as (select 1) select * from a",
        "-- why\nselect 1 ; -- done\n",
        "(select 1) union all (select 2)",
        "select ';' as a, \";\" as b from t /* ; */",
        "select $$ ; ) $$, $a$ ; $$ ( $a$",
        "select 'it''s ; so', 'a\\'; b'",
    ],
)
def test_one_select_is_a_query(query: str) -> None:
    assert query_mistake(query) is None


@pytest.mark.parametrize(
    ("query", "mistake"),
    [
        ("", "begins otherwise"),
        ("delete from xp", "begins otherwise"),
        ("update xp set amount = 1", "begins otherwise"),
        ("select 1; drop table xp", "more than one statement"),
        ("select 1;;", "more than one statement"),
        ("select 1) as a, (select 2", "parentheses do not match"),
        ("select (1", "parentheses do not match"),
        ("-- select 1\ncreate view v as select 1", "begins otherwise"),
    ],
)
def test_what_is_no_single_select_is_a_mistake(query: str, mistake: str) -> None:
    assert mistake in (query_mistake(query) or "")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select :from, :to;", "select A, B"),
        (
            "select a::date, ':from', \":to\", `:from` -- :to\n where x >= :from",
            "select a::date, ':from', \":to\", `:from` -- :to\n where x >= A",
        ),
        ("select :fromage, x[1:to], '$.:to' /* :from */", "select :fromage, x[1:to], '$.:to' /* :from */"),
        ("select :to::timestamptz", "select B::timestamptz"),
    ],
)
def test_bounds_are_put_in_their_places_and_nowhere_else(query: str, expected: str) -> None:
    assert bound(query, "A", "B") == without_end(expected)


def test_which_bounds_a_query_uses() -> None:
    assert binds_of("select * from t where a >= :from and b = ':to'") == {":from"}


# --- asked of a source ------------------------------------------------------------------------------------------------


def test_a_query_is_read_like_a_table(platform: Platform) -> None:
    """R1: a filter, a percent sign, a colon in quotes, and a comment at its end do what they say."""
    configuration = asked(
        platform, EVERYTHING + " where amount % 100 = amount and user_id <> 'a:b%s' -- of all; it is (\n;"
    )
    assert night(configuration, FIRST + DAY) is not None
    assert xp_by_day(configuration) == {FIRST: 3, FIRST + DAY: 2}


@pytest.mark.slow
def test_a_query_bounds_itself(platform: Platform) -> None:
    """R1: what it leaves out beyond the day's bounds makes no difference."""
    column = "occurred_at"
    configuration = asked(platform, f"{EVERYTHING} where {column} >= :from and {column} < :to")
    assert night(configuration, FIRST + DAY) is not None
    assert xp_by_day(configuration) == {FIRST: 3, FIRST + DAY: 2}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select event_id, user_id, occurred_at from {xp}", 'column "amount" (amount) is not in its query in platform'),
        ("select nothing_of_the_kind from {xp}", "source platform does not take its query: "),
        ("select * from no_such_table", "source platform does not take its query: "),
    ],
)
def test_what_the_source_does_not_take_stops_before_the_first_row(platform: Platform, query: str, words: str) -> None:
    """FAULTS 20: a line with the stream and the source's own reason."""
    with pytest.raises(SourceDriftError) as caught:
        night(asked(platform, query), FIRST)
    assert words in str(caught.value)
    assert str(caught.value).startswith("stream xp: ")


@pytest.mark.slow
def test_two_columns_of_one_name_are_none(platform: Platform) -> None:
    """SQLite renames the second one; PostgreSQL would give both, and MariaDB says so itself."""
    configuration = asked(platform, "select a.*, b.amount from {xp} a inner join {xp} b on a.event_id = b.event_id")
    if platform.is_sqlite:
        assert night(configuration, FIRST) is not None
        return
    with pytest.raises(SourceDriftError, match=r'two columns "amount"|Duplicate column name .amount.'):
        night(configuration, FIRST)


def test_a_query_writes_nothing(tmp_path: Path) -> None:
    """FAULTS 9: it would have to be a select that writes, which our session does not let it."""
    platform = sqlite_platform(tmp_path)
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("xp", XP_TYPES, xp_rows(1))
    with pytest.raises(ConfigurationError, match="has more than one statement"):
        asked(platform, "select 1 from {xp}; delete from {xp}")
    with closing(sqlite3.connect(platform.url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute(f"select count(*) from {platform.table('xp')}").fetchone() == (1,)


def test_a_table_and_a_query_exclude_each_other(tmp_path: Path) -> None:
    platform = sqlite_platform(tmp_path)
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("xp", XP_TYPES, xp_rows(1))
    path = platform.configuration().path
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[streams.xp]", "[streams.xp]\nquery = 'select 1'"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"streams\.xp: it has a table and a query; leave one of them"):
        load(path)


def test_a_mapping_of_the_first_release_keeps_its_fingerprint(tmp_path: Path) -> None:
    """R23: an upgrade extracts nothing anew; this is what the first release said of such a stream."""
    platform = sqlite_platform(tmp_path)
    platform.make("users", USERS_TYPES)
    platform.make("xp", XP_TYPES)
    path = platform.configuration().path
    path.write_text(
        """
[pulse]
first_day = 2026-01-01
[sources.platform]
url = "sqlite:///platform.sqlite"
[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = { user_id = "id" }
[streams.xp_events]
kind = "xp"
source = "platform"
table = "xp_events"
columns = { event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount" }
""",
        encoding="utf-8",
    )
    assert load(path).streams["xp_events"].fingerprint == "55664e7a2332c643"
