"""Totals by day, and dates without a time, as they are proposed."""

from datetime import date
from pathlib import Path

import pytest

from tests.support.platforms.proposals import proposal_for, roles_of, stream_of, written
from tests.support.platforms.sources import night, published

LEARNERS = "create table users (id integer primary key, username text); insert into users values (1, 'ana');"


def test_a_key_of_a_learner_and_a_date_has_totals_by_day(tmp_path: Path) -> None:
    """R5: a night by the proposal gives the numbers of the table."""
    script = """
    create table days (user_id integer, day date, points integer, minutes integer, quizzes integer,
        quizzes_passed integer, primary key (user_id, day));
    insert into days values (1, '2026-11-05', 30, 4, 3, 2), (1, '2026-11-06', 0, 0, 1, 0);
    """
    proposal = proposal_for(tmp_path, LEARNERS, script)
    days = stream_of(proposal, "days")
    assert (days.kind, days.guess.sureness) == ("daily", "check")
    assert roles_of(proposal, "days") == {
        "user_id": "user_id",
        "on": "day",
        "xp": "points",
        "seconds": {"column": "minutes", "times": 60},
        "sessions": {"value": 1},
        "quizzes": "quizzes",
        "quizzes_passed": "quizzes_passed",
    }
    assert days.columns["on"].sureness == days.columns["sessions"].sureness == "check"
    configuration = written(proposal, tmp_path)
    assert night(configuration, date(2026, 11, 8)) is not None
    measures = "xp_earned, learning_time, sessions, quizzes, quizzes_passed"
    assert published(configuration, f"select {measures} from daily_activity order by activity_date") == [
        (30, 240, 1, 3, 2),
        (0, 0, 1, 1, 0),
    ]


def test_what_else_is_in_the_key_tells_the_rows_of_a_date_apart(tmp_path: Path) -> None:
    script = """
    create table course_days (id integer primary key, user_id integer, course_id integer, activity_date date,
        seconds_spent integer, time_spent_ms integer, xp integer, unique (user_id, course_id, activity_date));
    insert into course_days values (1, 1, 7, '2026-11-05', 60, 60000, 5);
    """
    proposal = proposal_for(tmp_path, LEARNERS, script)
    assert stream_of(proposal, "course_days").kind == "daily"
    roles = roles_of(proposal, "course_days")
    assert (roles["event_id"], roles["on"]) == (["user_id", "course_id"], "activity_date")
    assert roles["seconds"] == {"column": "time_spent_ms", "times": 0.001, "round": "half_up"}


def test_lengths_of_dates_are_totals_because_sessions_need_instants(tmp_path: Path) -> None:
    script = """
    create table study_sessions (id integer primary key, user_id integer, started_on date, duration_seconds integer);
    insert into study_sessions values (1, 1, '2026-11-05', 60), (2, 1, '2026-11-05', 90);
    """
    proposal = proposal_for(tmp_path, LEARNERS, script)
    assert stream_of(proposal, "study_sessions").kind == "daily"
    assert roles_of(proposal, "study_sessions") == {
        "user_id": "user_id",
        "event_id": "id",
        "on": "started_on",
        "seconds": "duration_seconds",
        "sessions": {"value": 1},
    }
    configuration = written(proposal, tmp_path)
    assert night(configuration, date(2026, 11, 8)) is not None
    assert published(configuration, "select learning_time, sessions from daily_activity") == [(150, 2)]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ("user_id integer, day date, passed boolean, quiz integer, unique (user_id, day, quiz)", "quizzes"),
        ("user_id integer, day date, started_at text, ended_at text, unique (user_id, day)", "sessions"),
    ],
)
def test_attempts_and_sessions_with_instants_are_no_totals(columns: str, kind: str, tmp_path: Path) -> None:
    script = f"create table study (id integer primary key, {columns});"
    assert stream_of(proposal_for(tmp_path, LEARNERS, script), "study").kind == kind


def test_dates_of_attempts_are_the_learners_own(tmp_path: Path) -> None:
    """R5: the date, and not the UTC day; a deleted attempt does not exist."""
    script = """
    create table exams (id integer primary key, user_id integer, taken_on date, passed boolean, is_deleted boolean);
    insert into exams values (1, 1, '2026-11-05', 1, 0), (2, 1, '2026-11-05', 1, 1);
    """
    proposal = proposal_for(tmp_path, LEARNERS, script)
    assert roles_of(proposal, "exams")["occurred_at"] == {"column": "taken_on", "date": "local"}
    configuration = written(proposal, tmp_path)
    assert night(configuration, date(2026, 11, 8)) is not None
    assert published(configuration, "select activity_date::varchar, quizzes from daily_activity") == [("2026-11-05", 1)]


@pytest.mark.parametrize(
    ("column", "mapped"),
    [
        ("earned_on date", {"column": "earned_on", "date": "local"}),
        ("earned_on text", {"column": "earned_on", "date": "local"}),
        ("earned_on timestamp", "earned_on"),
    ],
)
def test_dates_of_xp_are_the_learners_own_where_the_type_is_one_of_dates(
    column: str, mapped: object, tmp_path: Path
) -> None:
    script = f"""
    create table xp_events (id integer primary key, user_id integer, {column}, xp integer);
    insert into xp_events values (1, 1, '2026-11-05', 5);
    """
    proposal = proposal_for(tmp_path, LEARNERS, script)
    guess = stream_of(proposal, "xp_events").columns["occurred_at"]
    assert (guess.value, guess.sureness) == (mapped, "check")
    assert str(proposal.first_day.value) == "2026-11-05"
