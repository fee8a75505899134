"""Dates without a time, from real databases to what is published: own dates of XP, totals by day (R2, R5, R19, R20).

What the numbers are, row by row, is the matter of `tests/golden`, and of the random worlds in `tests/oracle`. Here:
what the databases have for a date, and what becomes of a lake when such a stream comes, changes and goes.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assets.night.night import Night
from assets.reconcile.reconcile import reconcile
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import DAY, PLATFORMS, Platform, night, platform_of, published
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import CheckFailedError, SourceDriftError
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 4)
HEAD = """
[pulse]
first_day = 2026-06-01
[sources.platform]
url = "{url}"
[streams.users]
kind = "users"
source = "platform"
table = "{users}"
columns = {{ user_id = "id", timezone = "tz" }}
"""
STREAM = """
[streams.{name}]
kind = "{kind}"
source = "platform"
table = "{table}"
columns = {{ {columns} }}
"""
SCORES = 'event_id = "id", user_id = "learner", amount = "score", occurred_at = { column = "day", date = "local" }'
SCORES_AT = 'event_id = "id", user_id = "learner", amount = "score", occurred_at = "day"'
DAYS = 'user_id = "learner", on = "day", seconds = "spent", sessions = { value = 1 }'
MADE = (
    "create table {users} (id integer, tz varchar(40))",
    "insert into {users} values (1, 'America/New_York'), (2, 'Pacific/Kiritimati')",
    "create table {xp} (id integer, learner integer, day date, score integer)",
    "insert into {xp} values (1, 1, '2026-06-02', 12), (2, 2, '2026-06-02', 3), (3, 1, null, 5)",
    "create table {sessions} (learner integer, day date, spent integer)",
    "insert into {sessions} values (1, '2026-06-02', 60), (2, '2026-06-03', 70), (1, '2026-06-03', 80)",
)
ALL_DAYS = "select user_id, activity_date::varchar, xp_earned, learning_time, sessions from daily_activity order by all"
PUBLISHED = [
    ("1", "2026-06-02", 12, 60, 1),
    ("1", "2026-06-03", 0, 80, 1),
    ("2", "2026-06-02", 3, 0, 0),
    ("2", "2026-06-03", 0, 70, 1),
]


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as found:
        found.run(*MADE)
        yield found


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Platform:
    found = Platform(f"sqlite:///{tmp_path}/platform.db", tmp_path)
    found.run(*MADE)
    return found


def configured(platform: Platform, **streams: tuple[str, str, str]) -> Configuration:
    """Write and load a file with these streams: kind, table and columns by name."""
    text = HEAD.format(url=platform.url, users=platform.table("users"))
    for name, (kind, table, columns) in streams.items():
        text += STREAM.format(name=name, kind=kind, table=platform.table(table), columns=columns)
    path = platform.folder / "pulse.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, uses=["sources"])


def both(platform: Platform) -> Configuration:
    return configured(platform, scores=("xp", "xp", SCORES), days=("daily", "sessions", DAYS))


def test_a_date_of_each_database_is_the_learners_own(platform: Platform) -> None:
    """Without a time it has no zone: in New York and on Kiritimati it is the same date."""
    configuration = both(platform)
    assert night(configuration, LAST) is not None
    assert published(configuration, ALL_DAYS) == PUBLISHED
    assert published(configuration, "select stream, event_id, reason from quarantine") == [
        ("scores", "3", "missing_time")
    ]
    comparison, _ = reconcile(Night.of(configuration))
    assert [str(drift) for drift in comparison.drifts] == []


def test_a_total_that_changed_has_drifted_and_is_restated(platform: Platform) -> None:
    """R23: the sums of the source are compared."""
    configuration = both(platform)
    night(configuration, LAST)
    platform.run("update {sessions} set spent = 90 where learner = 1 and day = '2026-06-02'")
    comparison, _ = reconcile(Night.of(configuration))
    (line,) = [str(drift) for drift in comparison.drifts if drift.landing.day == date(2026, 6, 2)]
    assert line.startswith("days 2026-06-02: seconds 60 → 90")
    restated = published(configuration, "select activity_date::varchar, measure, old, new, reason from restatements")
    assert restated == [("2026-06-02", "learning_time", 60, 90, "source")]


@pytest.mark.parametrize(
    ("name", "table", "kind", "columns"), [("scores", "xp", "xp", SCORES), ("days", "sessions", "daily", DAYS)]
)
def test_a_timestamp_is_no_own_date(platform: Platform, name: str, table: str, kind: str, columns: str) -> None:
    timestamp = "datetime" if platform.is_sqlite or platform.is_mariadb else "timestamptz"
    platform.run(
        f"drop table {{{table}}}",
        f"create table {{{table}}} (id integer, learner integer, day {timestamp}, score integer, spent integer)",
    )
    configuration = configured(platform, **{name: (kind, table, columns)})
    role = "on" if kind == "daily" else "occurred_at"
    with pytest.raises(SourceDriftError, match=rf'column "day" is .*, expected a date without a time for {role}'):
        night(configuration, LAST)


def test_what_no_database_can_bring_as_a_date_has_no_day(platform: Platform) -> None:
    """R19: a date that does not exist, or has a time, or is infinite."""
    bad = "'2026-06-02 10:00'" if platform.is_sqlite else "'0000-00-00'" if platform.is_mariadb else "'infinity'"
    platform.run(f"insert into {{xp}} values (4, 1, {bad}, 1)", f"insert into {{sessions}} values (1, {bad}, 1)")
    configuration = both(platform)
    night(configuration, LAST, "accept_quarantine")
    assert published(configuration, ALL_DAYS) == PUBLISHED
    undated = published(configuration, "select stream, event_id, reason from quarantine order by all")
    assert undated == [("days", "1", "missing_time"), *(("scores", number, "missing_time") for number in "34")]


def test_a_stream_that_becomes_one_of_own_dates_is_rolled_up_again(in_sqlite: Platform) -> None:
    """R23, R5: its rows are the same ones, and stand on other dates."""
    dates = "select activity_date::varchar from daily_activity where user_id = '1' order by 1"
    night(configured(in_sqlite, scores=("xp", "xp", SCORES_AT)), LAST)
    assert published(configured(in_sqlite, scores=("xp", "xp", SCORES_AT)), dates) == [("2026-06-01",)]
    configuration = configured(in_sqlite, scores=("xp", "xp", SCORES))
    night(configuration, LAST)
    assert published(configuration, dates) == [("2026-06-02",)]


@pytest.mark.slow
def test_totals_come_to_a_lake_and_go_again(in_sqlite: Platform) -> None:
    """R23: files of the lake that were made without them are made again, and so are those that were made with them."""
    without = configured(in_sqlite, scores=("xp", "xp", SCORES_AT))
    first = night(without, LAST)
    assert night(both(in_sqlite), LAST) is not None
    assert published(both(in_sqlite), ALL_DAYS) == PUBLISHED
    again = night(configured(in_sqlite, scores=("xp", "xp", SCORES_AT)), LAST, "accept_shrink")
    assert first is not None
    assert again is not None
    assert again.logical_hash == first.logical_hash


@pytest.mark.slow
def test_a_learner_is_erased_from_totals_as_if_never_there(in_sqlite: Platform) -> None:
    configuration = both(in_sqlite)
    night(configuration, LAST)
    assert erase(configuration, "1").failure is None
    assert published(configuration, ALL_DAYS) == [row for row in PUBLISHED if row[0] == "2"]
    left = landing_of(configuration, "days", date(2026, 6, 3))
    in_sqlite.run(
        "delete from {users} where id = 1",
        "delete from {xp} where learner = 1",
        "delete from {sessions} where learner = 1",
    )
    night(configuration, LAST)
    landed = landing_of(configuration, "days", date(2026, 6, 3))
    alike = replace(left, extracted_at=landed.extracted_at, source=landed.source, judged_by=landed.judged_by)
    assert alike == landed
    assert left.sums["seconds"] == 70


def landing_of(configuration: Configuration, stream: str, day: date) -> Landing:
    return Lake.of(configuration).landings(configuration)[stream, day]


def test_too_many_totals_that_cannot_be_block_with_the_total_that_is_wrong(in_sqlite: Platform) -> None:
    """R22."""
    in_sqlite.run(*["insert into {sessions} values (1, '2026-06-02', -5)"] * 4)
    fault = re.escape('days: 4 of 7 rows: 4 bad_amount (seconds "-5")')
    with pytest.raises(CheckFailedError, match=fault):
        night(both(in_sqlite), LAST)


def test_totals_whose_date_is_not_filled_any_more_block(in_sqlite: Platform) -> None:
    """R22: the new day brings no row, and rows without a date come."""
    configuration = both(in_sqlite)
    night(configuration, LAST)
    in_sqlite.run(*["insert into {sessions} values (1, null, 5)"] * 5)
    with pytest.raises(CheckFailedError, match=r"days: 5 new rows without on, and none with one from 2026-06-05"):
        night(configuration, LAST + DAY)


def test_unknown_learners_are_counted_in_rows_of_totals(in_sqlite: Platform) -> None:
    """R21: a row is one row, whatever it counts; learners of other streams are not taken for those of this one."""
    in_sqlite.run(
        "insert into {sessions} values (9, '2026-06-02', 5)", "insert into {xp} values (5, 8, '2026-06-02', 1)"
    )
    configuration = configured(
        in_sqlite, scores=("xp", "xp", SCORES), days=("daily", "sessions", f"{DAYS}, quizzes = {{ value = 7 }}")
    )
    manifest = night(configuration, LAST)
    assert manifest is not None
    assert manifest.unknown_rows == {"scores": (1, 3), "days": (1, 4)}
    assert published(configuration, "select unknown_user_rows from version_info") == [(2,)]
