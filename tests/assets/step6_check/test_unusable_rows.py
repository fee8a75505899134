"""A source that yields nothing usable must not look like a quiet platform: FAULTS 45, 48 and 49.

A majority that cannot be used, half a key for an id, numbers for yes and no: each blocks in one line with reason and
value, is let through once, and is past by an erasure. Undated rows are `test_undated_rows.py`'s.
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
from tests.assets.step6_check.blocking import blocked, refused, undated
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
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

CASES = Path(__file__).parent / "cases"


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
