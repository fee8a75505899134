"""The demo platform as its file shows it: who learns there, how much, and which few rows break rules."""

import sqlite3
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.demo import platform as demo_platform
from pipelines.demo.days import STRANGER_ID, rows_of_date
from pipelines.demo.people import learners
from pipelines.demo.platform import Platform, demo_configuration, make_platform

LAST_DAY = date(2026, 11, 22)
INSTANT_COLUMNS = {
    "xp_events": "created_at",
    "english_sessions": "started_at",
    "math_sessions": "started_at",
    "coding_sessions": "started_at",
    "quiz_attempts": "submitted_at",
}
SESSION_TABLES = [table for table in INSTANT_COLUMNS if table.endswith("_sessions")]
SESSION_IS_BROKEN = """(user_id is null or started_at is null
    or coalesce(ended_at < started_at or julianday(ended_at) - julianday(started_at) > 1, false))"""
IS_BROKEN = {
    "xp_events": "(user_id is null or created_at is null or typeof(amount) <> 'integer')",
    **dict.fromkeys(SESSION_TABLES, SESSION_IS_BROKEN),
    "quiz_attempts": "(user_id is null or submitted_at is null)",
}

Rows = list[tuple[Any, ...]]


def rows_of(path: Path, sql: str) -> Rows:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def content_of(path: Path) -> dict[str, Rows]:
    return {table: rows_of(path, f"select * from {table} order by rowid") for table in ("users", *INSTANT_COLUMNS)}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("platform") / "platform.sqlite"


@pytest.fixture(scope="module")
def platform(path: Path) -> Platform:
    return make_platform(path, last_day=LAST_DAY)


@pytest.fixture
def database(path: Path, platform: Platform) -> Iterator[sqlite3.Connection]:
    assert platform.last_day == LAST_DAY
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def one(database: sqlite3.Connection, sql: str, *parameters: str) -> Any:
    return database.execute(sql, parameters).fetchone()[0]


def test_the_same_arguments_give_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    once, again, other = (tmp_path / name for name in ("once", "again", "other"))
    make_platform(once, users=12, days=40, last_day=LAST_DAY)
    make_platform(again, users=12, days=40, last_day=LAST_DAY)
    make_platform(other, users=12, days=40, last_day=LAST_DAY, seed=1)
    assert content_of(once) == content_of(again)
    assert content_of(once)["xp_events"] != content_of(other)["xp_events"]


def test_more_days_leave_the_shared_days_as_they_were(tmp_path: Path) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    first_day = make_platform(short, users=12, days=100, last_day=LAST_DAY).first_day
    make_platform(long, users=12, days=200, last_day=LAST_DAY)
    for table, instant in INSTANT_COLUMNS.items():
        shared = f"select * from {table} where {instant} >= '{first_day}' order by rowid"
        assert rows_of(short, shared) == rows_of(long, shared)
    assert content_of(short)["users"] == content_of(long)["users"]


def test_the_platform_of_the_next_day_has_the_same_past(tmp_path: Path) -> None:
    today, tomorrow = tmp_path / "today", tmp_path / "tomorrow"
    make_platform(today, users=12, days=60, last_day=LAST_DAY)
    make_platform(tomorrow, users=12, days=61, last_day=LAST_DAY + timedelta(days=1))
    for table, instant in INSTANT_COLUMNS.items():
        past = f"select * from {table} where {instant} < '{LAST_DAY + timedelta(days=1)}' order by rowid"
        assert rows_of(today, past) == rows_of(tomorrow, past) != []


def test_more_people_leave_the_others_as_they_were(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    make_platform(few, users=5, days=20, last_day=LAST_DAY)
    make_platform(many, users=30, days=20, last_day=LAST_DAY)
    assert content_of(few)["users"] == content_of(many)["users"][:5]
    of_the_first = "where user_id = (select id from users order by rowid limit 1) order by rowid"
    for table in INSTANT_COLUMNS:
        own_rows = f"select * from {table} {of_the_first}"
        assert rows_of(few, own_rows) == rows_of(many, own_rows)


def test_a_local_date_reaches_exactly_as_far_as_the_platform_looks() -> None:
    people = learners(80, LAST_DAY, seed=2019)
    offsets = {
        (row[2].date() - day).days
        for day in (LAST_DAY - timedelta(days=ago) for ago in range(365))
        for rows in rows_of_date(people, day, seed=2019).values()
        for row in rows
        if row[2]
    }
    assert offsets == set(range(-demo_platform.LOCAL_DATES_AFTER, demo_platform.LOCAL_DATES_BEFORE + 1))


@pytest.mark.slow
def test_the_report_counts_the_rows_of_every_table(path: Path, platform: Platform) -> None:
    assert platform.rows == {table: len(rows) for table, rows in content_of(path).items()}
    assert platform.first_day == date(2025, 11, 23)


def test_a_year_of_forty_people_has_a_believable_volume(platform: Platform) -> None:
    assert platform.rows["users"] == 40
    assert 30_000 <= platform.rows["xp_events"] <= 60_000
    assert 10_000 <= sum(platform.rows[table] for table in SESSION_TABLES) <= 20_000
    assert min(platform.rows[table] for table in SESSION_TABLES) > 3_000
    assert 5_000 <= platform.rows["quiz_attempts"] <= 10_000


@pytest.mark.parametrize(("table", "instant"), INSTANT_COLUMNS.items())
def test_every_instant_that_places_a_row_lies_within_the_days(
    database: sqlite3.Connection, platform: Platform, table: str, instant: str
) -> None:
    earliest, latest = database.execute(f"select min({instant}), max({instant}) from {table}").fetchone()
    assert datetime.fromisoformat(earliest).date() == platform.first_day
    assert datetime.fromisoformat(latest).date() == LAST_DAY
    spelled = "____-__-__ __:__:__.______"
    assert one(database, f"select count(*) from {table} where {instant} not like '{spelled}'") == 0


@pytest.mark.parametrize("table", SESSION_TABLES)
def test_a_session_ends_no_later_than_the_morning_after_the_last_day(database: sqlite3.Connection, table: str) -> None:
    latest = one(database, f"select max(last_activity_at, max(ended_at)) from {table} where not {IS_BROKEN[table]}")
    assert datetime.fromisoformat(latest) < datetime.combine(LAST_DAY, datetime.min.time()) + timedelta(hours=36)


@pytest.mark.parametrize("table", INSTANT_COLUMNS)
def test_few_rows_are_broken_and_some_are(database: sqlite3.Connection, platform: Platform, table: str) -> None:
    broken = one(database, f"select count(*) from {table} where {IS_BROKEN[table]}")
    assert 2 <= broken < 0.005 * platform.rows[table]


@pytest.mark.parametrize("table", INSTANT_COLUMNS)
def test_every_kind_of_break_occurs(database: sqlite3.Connection, table: str) -> None:
    kinds = ["user_id is null", f"{INSTANT_COLUMNS[table]} is null"]
    if table in SESSION_TABLES:
        kinds += ["ended_at < started_at", "julianday(ended_at) - julianday(started_at) > 1"]
    if table == "xp_events":
        kinds += ["typeof(amount) <> 'integer'"]
    assert [kind for kind in kinds if not one(database, f"select count(*) from {table} where {kind}")] == []


@pytest.mark.parametrize("table", INSTANT_COLUMNS)
def test_some_rows_come_twice_equal_or_changed_on_the_same_day(database: sqlite3.Connection, table: str) -> None:
    versions: dict[str, Rows] = defaultdict(list)
    for row in database.execute(f"select * from {table}"):
        versions[row[0]].append(row)
    doubles = [rows for rows in versions.values() if len(rows) > 1]
    assert 2 <= len(doubles) <= 10
    assert all(len({row[2][:10] for row in rows}) == 1 for rows in doubles)
    assert {len(set(rows)) for rows in doubles} == {1, 2}


@pytest.mark.parametrize("table", INSTANT_COLUMNS)
def test_a_handful_of_rows_is_of_nobody_among_the_users(database: sqlite3.Connection, table: str) -> None:
    unknown = database.execute(
        f"select user_id from {table} where user_id is not null and user_id not in (select id from users)"
    ).fetchall()
    assert set(unknown) == {(STRANGER_ID,)}
    assert len(unknown) <= 5


def test_people_live_in_many_zones_the_odd_ones_included(database: sqlite3.Connection) -> None:
    zones = {zone for (zone,) in database.execute("select timezone from users")}
    assert zones >= {"Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Mars/Phobos", None}
    assert len(zones) >= 15


def test_one_learner_is_absent_one_is_deleted_and_one_came_late(
    database: sqlite3.Connection, platform: Platform
) -> None:
    people = database.execute("""
        select deleted_at, min(created_at), max(created_at) from users left join xp_events on user_id = users.id
        group by users.id""").fetchall()
    assert sum(first is None for _, first, _ in people) == 1
    gone = [(deleted_at, last) for deleted_at, _, last in people if deleted_at]
    assert len(gone) == 1
    assert gone[0][1] < gone[0][0]
    assert sum(first is not None and first[:10] > "2026-08-01" for _, first, _ in people) == 1
    assert platform.first_day < date(2026, 8, 1)


def test_the_showcase_learner_is_public_busy_and_keeps_long_streaks(
    database: sqlite3.Connection, platform: Platform
) -> None:
    user = database.execute("select username, is_public from users where id = ?", [platform.showcase_id]).fetchone()
    assert user == (platform.showcase_username, 1)
    dates = database.execute(
        "select distinct date(created_at) from xp_events where user_id = ? order by 1", [platform.showcase_id]
    ).fetchall()
    active = [date.fromisoformat(text) for (text,) in dates]
    assert 300 < len(active) < 360
    longest = streak = 1
    for yesterday, today in pairwise(active):
        streak = streak + 1 if today - yesterday == timedelta(days=1) else 1
        longest = max(longest, streak)
    assert 30 <= longest <= 120


def test_a_night_owl_often_learns_over_local_midnight(database: sqlite3.Connection) -> None:
    parts = [f"select * from {table} where not {IS_BROKEN[table]}" for table in SESSION_TABLES]
    sessions = database.execute(f"""
        select started_at, last_activity_at from ({" union all ".join(parts)})
        where user_id = (select id from users where username = 'bruno' and timezone = 'America/New_York')""").fetchall()
    local_dates = [
        [datetime.fromisoformat(f"{text}+00:00").astimezone(ZoneInfo("America/New_York")).date() for text in session]
        for session in sessions
    ]
    assert sum(start != end for start, end in local_dates) > 50


def test_sessions_are_left_open_and_overlap(database: sqlite3.Connection) -> None:
    parts = [f"select *, '{table}' as source from {table} where not {IS_BROKEN[table]}" for table in SESSION_TABLES]
    sessions = f"({' union all '.join(parts)})"
    still_open = "ended_at is null and last_activity_at is not null"
    assert 200 < one(database, f"select count(*) from {sessions} where {still_open}") < 2_000
    assert one(database, f"""
        select count(*) from {sessions} a join {sessions} b on a.user_id = b.user_id and a.id < b.id
        where a.user_id = (select id from users order by rowid limit 1)
        and a.started_at < b.last_activity_at and b.started_at < a.last_activity_at""") > 10  # fmt: skip


def test_some_xp_is_taken_back(database: sqlite3.Connection) -> None:
    assert 20 < one(database, "select count(*) from xp_events where amount < 0") < 300


def test_the_file_stays_as_it_was_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "platform.sqlite"
    make_platform(path, users=2, days=3, last_day=LAST_DAY)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(demo_platform, "rows_of_date", fail)
        with pytest.raises(OSError, match="disk full"):
            make_platform(path, users=3, days=3, last_day=LAST_DAY)
    assert path.read_bytes() == before
    make_platform(path, users=3, days=3, last_day=LAST_DAY)
    assert len(content_of(path)["users"]) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["platform.sqlite"]


@pytest.mark.parametrize(("users", "days"), [(0, 1), (1, 0)])
def test_a_platform_of_nobody_or_no_day_is_refused(tmp_path: Path, users: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least 1 user and 1 day"):
        make_platform(tmp_path / "platform.sqlite", users=users, days=days, last_day=LAST_DAY)
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_reads_every_table_by_columns_that_exist(database: sqlite3.Connection) -> None:
    secret = "x" * 31 + '"'
    text = demo_configuration("var/my demo", "sqlite:////C:\\var\\platform.sqlite", date(2025, 11, 23), secret)
    configuration = tomllib.loads(text)
    assert set(configuration) == {"pulse", "sources", "streams", "auth"}
    assert configuration["pulse"]["data_dir"] == "var/my demo"
    assert configuration["pulse"]["first_day"] == date(2025, 11, 23)
    assert configuration["sources"] == {"platform": {"url": "sqlite:////C:\\var\\platform.sqlite"}}
    assert configuration["auth"] == {"algorithms": ["HS256"], "secret": secret}
    assert set(configuration["streams"]) == {"users", *INSTANT_COLUMNS}
    for table, stream in configuration["streams"].items():
        assert stream["table"] == table
        columns = [name for _, name, *_ in database.execute(f"pragma table_info({table})")]
        assert sorted(stream["columns"].values()) == sorted(columns)
