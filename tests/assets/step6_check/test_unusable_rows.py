"""A source that yields nothing usable must not look like a quiet platform: FAULTS 44, 45, 48 and 49.

Undated rows, a majority that cannot be used, half a key for an id, numbers for yes and no: each blocks in one line with
reason and value, is let through once, and is past by an erasure.
"""

import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from assets.all_steps import run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    QUIZZES_TYPES,
    SESSIONS_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    night,
    only_xp,
    published,
    xp_rows,
)
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import CheckFailedError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

CASES = Path(__file__).parent / "cases"
MILLISECONDS = 1_795_161_600_000  # what Prisma writes into SQLite
DATETIME_TYPES = {**XP_TYPES, "occurred_at": "datetime"}


def refused(configuration: Configuration, last: date = FIRST) -> str:
    """Run a night that a check has to refuse, twice; return the line."""
    before = Warehouse.of(configuration).current()
    lines = []
    for _ in range(2):  # trying again does not help
        with pytest.raises(CheckFailedError) as caught:
            night(configuration, last)
        assert Warehouse.of(configuration).current() == before
        lines.append(re.sub(r"pulse-[\d-]+", "VERSION", str(caught.value)))
    assert lines[0] == lines[1]
    assert "\n" not in lines[0]
    return lines[0]


def blocked(configuration: Configuration, last: date = FIRST) -> str:
    """The example of a night that the quarantine alone has to refuse."""
    line = refused(configuration, last)
    found = re.fullmatch(
        r"version VERSION was not published: check quarantine_within_budget found 1 \(such as (.*)\): look at .*"
        "--accept-quarantine",
        line,
    )
    assert found, line
    return found[1]


def undated(number: int, instant: object, prefix: str = "u") -> list[tuple[object, ...]]:
    return [(f"{prefix}{n}", "ann", instant, 1) for n in range(number)]


# --- undated rows: FAULTS 44 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "instant",
    slowly([MILLISECONDS, "17/11/2026", "Tue Nov 17 2026 12:00:00 GMT+0300 (Africa/Nairobi)", b"2026-11-17"], quick=2),
)
def test_a_stream_of_unreadable_instants_blocks_with_reason_and_value(sqlite_source: Platform, instant: object) -> None:
    """FAULTS 44: 120 of 120 rows; a value is shown up to 40 characters."""
    sqlite_source.make("users", USERS_TYPES, [("ann", "UTC")])
    sqlite_source.make("xp", DATETIME_TYPES, undated(120, instant))
    spelled = instant.decode() if isinstance(instant, bytes) else str(instant)
    example = blocked(sqlite_source.configuration())
    assert example == f'xp: 120 of 120 rows: 120 missing_time (occurred_at "{spelled[:40]}")'


@pytest.mark.parametrize("platform", ["postgresql"], indirect=True)
def test_instants_out_of_the_calendar_block_in_postgresql(platform: Platform) -> None:
    """FAULTS 44: an `infinity` that nobody replaced."""
    sessions = [(f"s{n}", "ann", "infinity", None) for n in range(21)]
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("sessions", SESSIONS_TYPES, sessions)
    assert blocked(platform.configuration()).startswith("sessions: 21 of 21 rows: 21 missing_time (started_at ")


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["mariadb"], indirect=True)
def test_half_dates_are_unreadable_and_zero_dates_are_not_there_in_mariadb(platform: Platform) -> None:
    """FAULTS 44: `2026-06-00` is a value that nobody can read, `0000-00-00` is MySQL's way to say nothing."""
    half, zero = undated(21, "2026-06-00 00:00:00", "h"), undated(100, "0000-00-00 00:00:00", "z")
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("xp", {**XP_TYPES, "occurred_at": "timestamp"}, [*xp_rows(30), *zero])
    assert night(platform.configuration(), FIRST) is not None
    platform.add("xp", half)
    assert blocked(platform.configuration()) == (
        'xp: 21 of 51 rows: 21 missing_time (occurred_at "2026-06-00 00:00:00.000000")'
    )


@pytest.mark.slow
def test_unreadable_instants_count_in_the_budget_like_any_quarantine(sqlite_source: Platform) -> None:
    """FAULTS 44: 20 whatever their share, then one in a hundred of the rows landed since, them included."""
    configuration = only_xp(sqlite_source, [*xp_rows(30), *undated(20, "soon")])
    assert night(configuration, FIRST) is not None
    configuration = only_xp(sqlite_source, [*xp_rows(2079), *undated(41, "soon")])
    assert night(configuration, FIRST) is not None, "21 that the published version did not have, of 2100"
    sqlite_source.add("xp", undated(22, "later", prefix="l"))
    assert blocked(configuration) == 'xp: 22 of 2101 rows: 22 missing_time (occurred_at "later")'


def test_unreadable_instants_and_other_quarantine_are_one_budget(sqlite_source: Platform) -> None:
    """FAULTS 44: neither is above 20 rows, both together are."""
    bad = xp_rows(11, prefix="bad", amount="many")
    configuration = only_xp(sqlite_source, [*xp_rows(40), *bad, *undated(10, "soon")])
    assert blocked(configuration) == (
        'xp: 21 of 61 rows: 11 bad_amount (amount "many"), 10 missing_time (occurred_at "soon")'
    )


@pytest.mark.slow
def test_undated_rows_let_through_do_not_count_again_and_their_likes_do(sqlite_source: Platform) -> None:
    """FAULTS 44: known by their ids, whatever else changes in them; another row just like them is new."""
    configuration = only_xp(sqlite_source, [*xp_rows(30), *undated(50, "soon")])
    blocked(configuration)
    manifest = night(configuration, FIRST, "accept_quarantine")
    assert manifest is not None
    assert manifest.accepted == ("accept_quarantine",)
    sqlite_source.run("update {xp} set amount = 2, occurred_at = 'sooner' where event_id like 'u%'")
    again = night(configuration, FIRST + DAY)
    assert again is not None
    assert again.accepted == ()
    sqlite_source.add("xp", undated(21, "soon"))  # the same ids once more
    assert blocked(configuration, FIRST + DAY).startswith("xp: 21 of 51 rows: 21 missing_time")


def test_a_row_without_an_instant_that_gets_an_unreadable_one_is_new(sqlite_source: Platform) -> None:
    """FAULTS 44: attempts in progress are finished, with a spelling that nobody reads."""
    configuration = only_xp(sqlite_source, [*xp_rows(30), *undated(25, None)])
    assert night(configuration, FIRST) is not None
    sqlite_source.run("update {xp} set occurred_at = '17/11/2026' where occurred_at is null")
    assert blocked(configuration) == 'xp: 25 of 55 rows: 25 missing_time (occurred_at "17/11/2026")'


def test_rows_in_progress_are_normal(platform: Platform) -> None:
    """FAULTS 44: any number of nulls beside rows that have an instant, and more of them on every night."""
    configuration = only_xp(platform, [*xp_rows(1), *undated(200, None)])
    assert night(configuration, FIRST) is not None
    platform.add("xp", [*xp_rows(1, FIRST + DAY, prefix="next"), *undated(200, None, prefix="more")])
    assert night(configuration, FIRST + DAY) is not None


@pytest.mark.parametrize("nothing", slowly(["", "0", 0, "0000-00-00 00:00:00", "0000-00-00"], quick=2), ids=repr)
def test_what_says_nothing_in_sqlite_is_as_null(sqlite_source: Platform, nothing: object) -> None:
    """FAULTS 44: as in R3's `deleted_at`."""
    sqlite_source.make("users", USERS_TYPES, [("ann", "UTC")])
    sqlite_source.make("xp", {**XP_TYPES, "occurred_at": ""}, [*xp_rows(1), *undated(200, nothing)])
    assert night(sqlite_source.configuration(), FIRST) is not None


@pytest.mark.slow
def test_a_column_that_is_not_filled_any_more_blocks(platform: Platform) -> None:
    """FAULTS 44: new days bring five new nulls and no dated row. Four may be, and so may five beside one row."""
    configuration = only_xp(platform, [*xp_rows(30), *undated(3, None)])
    assert night(configuration, FIRST) is not None
    platform.add("xp", undated(4, None, prefix="four"))
    assert night(configuration, FIRST + DAY) is not None
    platform.add("xp", undated(5, None, prefix="five"))
    line = refused(configuration, FIRST + 2 * DAY)
    assert "check instants_filled found 1 (such as xp: 5 new rows without occurred_at, and none with one" in line
    assert "2026-06-03" in line
    assert "missing_time" in line
    assert "--accept-quarantine" in line
    platform.add("xp", xp_rows(1, FIRST + 2 * DAY, prefix="dated"))
    assert night(configuration, FIRST + 2 * DAY) is not None


def test_nulls_that_come_without_a_new_day_do_not_block(sqlite_source: Platform) -> None:
    """FAULTS 44: the same night again; a stopped column is seen by the next new day."""
    configuration = only_xp(sqlite_source, xp_rows(30))
    assert night(configuration, FIRST) is not None
    sqlite_source.add("xp", undated(50, None))
    assert night(configuration, FIRST) is not None


@pytest.mark.slow
def test_a_first_version_of_nulls_alone_blocks_until_it_is_let_through_once(sqlite_source: Platform) -> None:
    """FAULTS 44: the wrong column was mapped."""
    configuration = only_xp(sqlite_source, undated(5, None))
    assert "check instants_filled found 1 (such as xp: 5 new rows without occurred_at" in refused(configuration)
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert night(configuration, FIRST + DAY) is not None


# --- more than half: FAULTS 45 ----------------------------------------------------------------------------------------


def test_words_for_yes_and_no_block_however_few_they_are(platform: Platform) -> None:
    """FAULTS 45: 20 attempts of 'pass' and 'fail' were 0 quizzes, in silence."""
    attempts = [(f"q{n}", "ann", f"{FIRST}T12:00:{n:02}Z", "fail" if n % 2 else "pass") for n in range(20)]
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("quizzes", {**QUIZZES_TYPES, "passed": "varchar(10)"}, attempts)
    assert blocked(platform.configuration()) == (
        'quizzes: 20 of 20 rows: 20 bad_passed (passed "fail", "pass", neither yes nor no)'
    )


@pytest.mark.parametrize(("bad", "is_published"), [(3, True), (4, False)])
def test_half_of_what_is_new_may_be_bad_and_not_more(sqlite_source: Platform, bad: int, *, is_published: bool) -> None:
    """FAULTS 45."""
    configuration = only_xp(sqlite_source, [*xp_rows(3), *xp_rows(bad, prefix="bad", amount="many")])
    if is_published:
        assert night(configuration, FIRST) is not None
    else:
        assert blocked(configuration) == 'xp: 4 of 7 rows: 4 bad_amount (amount "many")'


def test_bad_rows_that_were_published_are_not_new_when_their_day_lands_again(sqlite_source: Platform) -> None:
    """FAULTS 45: good rows leave the lookback, the bad one is all that is left in it; it has been seen."""
    rows = [*xp_rows(3), *xp_rows(1, FIRST + DAY, prefix="bad", amount="many")]
    configuration = only_xp(sqlite_source, rows, lookback_days=1)
    assert night(configuration, FIRST + DAY) is not None
    assert night(configuration, FIRST + 2 * DAY) is not None


@pytest.mark.slow
def test_users_whose_ids_cannot_be_used_block(sqlite_source: Platform) -> None:
    """FAULTS 45: the users stream is a stream, too."""
    users = [("ann", "UTC"), (None, "UTC"), (b"\xff\xfe", "UTC")]
    configuration = only_xp(sqlite_source, xp_rows(3))
    sqlite_source.make("users", USERS_TYPES, users)
    assert blocked(configuration) == "users: 2 of 3 rows: 1 bad_text, 1 missing_id"
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert night(configuration, FIRST + DAY) is not None


@pytest.mark.parametrize(
    ("column", "type_", "value", "reason"),
    slowly(
        [
            ("ended_at", "text", "17/11/2026", 'bad_time (ended_at "17/11/2026")'),
            ("ended_at", "text", "2026-05-31T12:00:00Z", 'ended_before_started (ended_at "2026-05-31 12:00:00")'),
            ("ended_at", "text", "2026-06-09T12:00:00Z", 'longer_than_24h (ended_at "2026-06-09 12:00:00")'),
            ("updated_at", "text", "x" * 50, f'bad_time (updated_at "{"x" * 40}")'),
            ("user_id", "text", "a\0b", "bad_text"),
            ("event_id", "text", None, "missing_id"),
            ("user_id", "text", None, "missing_user"),
        ],
        quick=3,
    ),
)
def test_every_reason_is_shown_with_the_value_of_its_role_and_never_an_id(
    sqlite_source: Platform, column: str, type_: str, value: object, reason: str
) -> None:
    """FAULTS 45."""
    good = {"event_id": "s", "user_id": "ann", "started_at": f"{FIRST}T12:00:00Z", "ended_at": None, "updated_at": None}
    sqlite_source.make("users", USERS_TYPES, [("ann", "UTC")])
    types = {**SESSIONS_TYPES, "updated_at": "text", column: type_}
    sqlite_source.make("sessions", types, [tuple({**good, column: value}.values())])
    assert blocked(sqlite_source.configuration()) == f"sessions: 1 of 1 rows: 1 {reason}"


@pytest.mark.parametrize("told", slowly(["ann", "zoë 7", "q0", "an other"], quick=2))
def test_a_value_that_is_an_id_or_a_username_is_not_shown(sqlite_source: Platform, told: str) -> None:
    """FAULTS 45: somebody has mapped a column of names."""
    names = [("ann", "ann", "UTC"), ("an other", "zoë 7", "UTC")]
    sqlite_source.make("users", {"user_id": "text", "username": "text", "timezone": "text"}, names)
    sqlite_source.make("quizzes", {**QUIZZES_TYPES, "passed": "text"}, [("q0", "ann", f"{FIRST}T12:00:00Z", told)])
    line = refused(sqlite_source.configuration())
    assert "quizzes: 1 of 1 rows: 1 bad_passed (neither yes nor no)" in line
    assert told not in line.partition("such as ")[2].partition(": look at")[0].replace("quizzes", "").split()


def test_the_case_of_prisma_ends_in_a_line_with_reason_and_value(tmp_path: Path) -> None:
    """FAULTS 45: three of four instants are milliseconds, one is text."""
    with closing(sqlite3.connect(tmp_path / "app.sqlite")) as database:
        database.executescript((CASES / "prisma_sqlite" / "setup.sqlite.sql").read_text(encoding="utf-8"))
    configuration = configured(tmp_path, "prisma_sqlite", f"sqlite:///{tmp_path}/app.sqlite")
    assert blocked(configuration, date(2026, 11, 6)) == (
        'xp: 3 of 4 rows: 3 missing_time (occurred_at "1793847600000")'
    )


# --- half a key: FAULTS 48 --------------------------------------------------------------------------------------------


def configured(folder: Path, case: str, url: str) -> Configuration:
    """The configuration of a case, as somebody wrote it."""
    place = folder / "pulse.toml"
    written = (CASES / case / "pulse.toml").read_text(encoding="utf-8")
    place.write_text(written.replace("$URL", url), encoding="utf-8")
    return load(place, uses=["sources"])


def lessons(learners: int, each: int, day: date = FIRST) -> list[tuple[object, ...]]:
    """Rows of a key of two columns, with the lesson's for an id."""
    return [(str(lesson), f"l{n}", f"{day}T12:00:00Z", 10) for n in range(learners) for lesson in range(each)]


def school(source: Platform, rows: Sequence[tuple[object, ...]], learners: int = 30) -> Configuration:
    source.make("users", USERS_TYPES, [(f"l{n}", "UTC") for n in range(learners)])
    source.make("xp", XP_TYPES, rows)
    return source.configuration()


@pytest.mark.slow
def test_the_case_of_a_composite_key_ends_in_a_line_that_says_so(postgres_url: str, tmp_path: Path) -> None:
    """FAULTS 48: primary key (learner_id, lesson_id), event_id = "lesson_id"."""
    name = f"composite_{tmp_path.name}".replace("-", "_")
    engine = create_engine(
        postgres_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    url = re.sub(r"/[^/?]*(\?|$)", rf"/{name}\1", postgres_url, count=1) if "?" in postgres_url else postgres_url
    own = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    with own.begin() as connection:
        for statement in (CASES / "composite_key" / "setup.postgres.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    configuration = configured(tmp_path, "composite_key", url)
    assert blocked(configuration, date(2026, 11, 6)) == (
        'xp: 87 of 90 rows: 87 duplicates of rows of other learners (event_id "lesson_id" is no id of a row)'
    )


def test_duplicates_of_other_learners_count_in_the_budget(platform: Platform) -> None:
    """FAULTS 48: 21 of them here; the learner's own duplicates are as normal as ever."""
    own = [("own", "l0", f"{FIRST}T12:00:00Z", 10)] * 60
    assert night(school(platform, [*lessons(21, 1), *own]), FIRST) is not None, "20 of them"
    assert blocked(school(platform, [*lessons(22, 1), *own])) == (
        'xp: 21 of 82 rows: 21 duplicates of rows of other learners (event_id "event_id" is no id of a row)'
    )


def test_duplicates_of_other_learners_are_told_apart_by_the_row_that_won(sqlite_source: Platform) -> None:
    """FAULTS 48: those of the winner's learner are none; ids of UUID form match in any case (R26)."""
    uuid = "0A8FAD5B-D9CB-469F-A165-70867728950E"
    rows = [
        ("same", uuid, f"{FIRST}T12:00:00Z", 10),
        ("same", uuid.lower(), f"{FIRST}T12:00:00Z", 10),
        ("other", "l1", f"{FIRST}T12:00:00Z", 1),
        ("other", "l0", f"{FIRST}T12:00:00Z", 1),
        ("other", "l1", f"{FIRST}T12:00:00Z", 0),
    ]
    configuration = school(sqlite_source, rows)
    sqlite_source.add("users", [(uuid, "UTC")])
    assert night(configuration, FIRST) is not None
    (landing,) = Lake.of(configuration).landings(configuration).values()
    assert (landing.duplicates, landing.foreign_duplicates) == (3, 1)


@pytest.mark.slow
def test_duplicates_let_through_do_not_count_again_and_more_of_them_do(sqlite_source: Platform) -> None:
    """FAULTS 48."""
    configuration = school(sqlite_source, lessons(30, 3))
    assert blocked(configuration).startswith("xp: 87 of 90 rows: 87 duplicates")
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert night(configuration, FIRST + DAY) is not None
    sqlite_source.add("xp", lessons(22, 1, FIRST + DAY))
    assert blocked(configuration, FIRST + DAY).startswith("xp: 21 of 112 rows: 21 duplicates")


# --- numbers taken for yes and no: FAULTS 49 --------------------------------------------------------------------------


def scored(source: Platform, scores: Sequence[object], good: int = 0, type_: str = "integer") -> Configuration:
    """Attempts whose `passed` is a score, beside good ones."""
    rows = [(f"q{n}", "ann", f"{FIRST}T12:00:00Z", score) for n, score in enumerate(scores)]
    rows += [(f"good{n}", "ann", f"{FIRST}T13:00:00Z", n % 2) for n in range(good)]
    source.make("users", USERS_TYPES, [("ann", "UTC")])
    source.make("quizzes", {**QUIZZES_TYPES, "passed": type_}, rows)
    return source.configuration()


def test_scores_are_no_yes_and_no_however_few_they_are(platform: Platform) -> None:
    """FAULTS 49: three scores among thirty attempts that say 0 or 1, with the values seen."""
    assert blocked(scored(platform, [7, 3, 7], good=30)) == (
        'quizzes: 3 of 33 rows: 3 bad_passed (passed "3", "7", neither yes nor no)'
    )


def test_values_within_the_budget_are_quarantined_as_ever(sqlite_source: Platform) -> None:
    """FAULTS 49: one in a hundred."""
    assert night(scored(sqlite_source, [7], good=99), FIRST) is not None
    assert published(scored(sqlite_source, [7], good=99), "select reason from quarantine") == [("bad_passed",)]
    assert "quizzes: 2 of 102 rows: 2 bad_passed" in blocked(scored(sqlite_source, [7, 8], good=100))


def test_no_more_than_five_values_are_shown(sqlite_source: Platform) -> None:
    """FAULTS 49."""
    example = blocked(scored(sqlite_source, ["0.5", *range(2, 11)], type_="text"))
    assert example == (
        'quizzes: 10 of 10 rows: 10 bad_passed (passed "0.5", "10", "2", "3", "4" …, neither yes nor no)'
    )


def test_nulls_of_passed_stay_under_the_floor(platform: Platform) -> None:
    """FAULTS 49: ten attempts without an outcome beside thirty with one."""
    assert night(scored(platform, [None] * 10, good=30), FIRST) is not None


def test_scores_let_through_do_not_count_again(sqlite_source: Platform) -> None:
    """FAULTS 49."""
    configuration = scored(sqlite_source, [2, 3, 4], good=30)
    blocked(configuration)
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert night(configuration, FIRST + DAY) is not None


# --- erasing ----------------------------------------------------------------------------------------------------------


def unusable(source: Platform) -> Configuration:
    """A platform that every guard of this page refuses, and a learner to be erased."""
    source.make("users", USERS_TYPES, [("ann", "UTC"), ("gone", "UTC"), *((f"l{n}", "UTC") for n in range(30))])
    source.make("xp", XP_TYPES, [*xp_rows(3), ("gone 1", "gone", f"{FIRST}T12:00:00Z", 5), *lessons(30, 3)])
    source.make("quizzes", {**QUIZZES_TYPES, "passed": "text"}, [(f"q{n}", "ann", "17/11/2026", 1) for n in range(30)])
    source.make("sessions", SESSIONS_TYPES, [(f"s{n}", "ann", None, None) for n in range(6)])
    source.add("quizzes", [("score", "ann", f"{FIRST}T12:00:00Z", "7")])
    return source.configuration()


@pytest.mark.slow
def test_an_erasure_gets_past_all_of_them(sqlite_source: Platform) -> None:
    """FAULTS 44, 45, 48, 49: and what it let through does not count again."""
    configuration = unusable(sqlite_source)
    line = refused(configuration)
    assert "check quarantine_within_budget found 2" in line
    assert "check instants_filled found 1" in line
    erased = erase(configuration, "gone")
    assert erased.failure is None
    current = Warehouse.of(configuration).current()
    assert current is not None
    assert "accept_quarantine" in Warehouse.of(configuration).manifest(current).accepted
    assert published(configuration, "select count(*) from users") == [(31,)]
    assert night(configuration, FIRST) is not None


@pytest.mark.slow
def test_an_erasure_forgets_what_was_let_through_of_the_learner(sqlite_source: Platform) -> None:
    """FAULTS 44: rows without a day among them; what is left of them is not counted again."""
    rows = [*xp_rows(3), *undated(50, "soon"), *[(f"g{n}", "gone", "soon", 1) for n in range(50)]]
    configuration = only_xp(sqlite_source, rows)
    sqlite_source.add("users", [("gone", "UTC")])
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert erase(configuration, "gone").failure is None
    place = Lake.of(configuration).accepted_quarantine
    kept = duckdb.read_parquet(str(place)).fetchall()
    assert len(kept) == 50
    assert {json.loads(row[-1])["user_id"] for row in kept} == {"ann"}
    assert run_night(Night.of(configuration), Run(FIRST + DAY, FIRST + timedelta(days=1))) is not None
