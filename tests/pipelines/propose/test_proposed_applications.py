"""What is proposed for whole applications, key by key beside the mapping that is right.

At most two keys of a stream differ, and each of these is doubted; what is not mapped bends no number. Where nothing has
to be corrected, a night gives the numbers of the application.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.propose.guess.proposal import ProposedStream, is_doubt
from tests.support.platforms.proposals import (
    APPLICATIONS,
    application,
    database_of,
    proposed,
    sqlite_database,
    stream_of,
    written,
)
from tests.support.platforms.sources import night, published
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import PulseError

LAST_DAY = date(2026, 11, 7)
MEASURES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed")
DAYS = (
    f"select user_id, activity_date::varchar, {', '.join(MEASURES)} from daily_activity order by user_id, activity_date"
)
MOST_DIFFERENCES = 2
BENDS_NO_NUMBER = {"username"}
NEVER_DELETED = [
    "create table learner (id int primary key, deleted_at timestamptz not null default 'infinity')",
    "create table xp (id int primary key, learner_id int not null, at timestamptz not null, xp int not null)",
    "insert into learner(id) select generate_series(1, 30)",
    "update learner set deleted_at = '2026-11-01' where id = 30",
    "insert into xp select n, n, timestamptz '2026-11-05 12:00+00', 10 from generate_series(1, 30) n",
]
# The right mapping of each stream by its table: the roles, and `where` where rows do not count.
RIGHT: dict[str, dict[str, dict[str, Any]]] = {
    "prisma": {
        "User": {"user_id": "id", "timezone": "timezone", "deleted_at": {"column": "deletedAt", "unit": "ms"}},
        "XpEvent": {
            "event_id": "id",
            "user_id": "userId",
            "occurred_at": {"column": "createdAt", "unit": "ms"},
            "amount": "amount",
        },
    },
    "wakapi": {
        "users": {"user_id": "id", "username": "id", "timezone": "location"},
        "durations": {
            "event_id": "id",
            "user_id": "user_id",
            "started_at": {"column": "time", "unit": "ms"},
            "duration": {"column": "duration", "unit": "ns"},
        },
    },
    "kolibri": {
        "kolibriauth_facilityuser": {"user_id": {"column": "id", "as": "uuid"}, "username": "username"},
        "logger_contentsessionlog": {
            "event_id": {"column": "id", "as": "uuid"},
            "user_id": {"column": "user_id", "as": "uuid"},
            "started_at": {"column": "start_timestamp", "format": "%Y-%m-%d %H:%M:%S.%f(%Z)"},
            "duration": {"column": "time_spent", "unit": "s"},
            "where": [{"column": "user_id", "not_null": True}],
        },
    },
    "lessons": {
        "learner": {"user_id": "id"},
        "lesson_done": {
            "event_id": ["learner_id", "lesson_id"],
            "user_id": "learner_id",
            "occurred_at": "done_at",
            "amount": "xp",
        },
    },
    "moodle": {
        "mdl_user": {
            "user_id": "id",
            "username": "username",
            "timezone": "timezone",
            "is_deleted": {"column": "deleted", "true": [1]},
        },
        "mdl_quiz_attempts": {
            "event_id": "id",
            "user_id": "userid",
            "occurred_at": {"column": "timefinish", "unit": "s", "never": [0]},
            "passed": {"column": "sumgrades", "at_least": 6},
            "where": [{"column": "state", "is": ["finished"]}, {"column": "preview", "is": [0]}],
        },
    },
    "discourse": {
        "users": {
            "user_id": "id",
            "username": "username",
            "timezone": "timezone",
            "where": [{"column": "id", "at_least": 1}],
        },
        "user_visits": {
            "user_id": "user_id",
            "on": "visited_at",
            "seconds": "time_read",
            "sessions": {"value": 1},
        },
        "gamification_scores": {
            "event_id": "id",
            "user_id": "user_id",
            "occurred_at": {"column": "date", "date": "local"},
            "amount": "score",
        },
    },
}
KINDS = {
    "User": "users", "XpEvent": "xp", "users": "users", "durations": "sessions", "learner": "users",
    "lesson_done": "xp", "mdl_user": "users", "mdl_quiz_attempts": "quizzes", "user_visits": "daily",
    "gamification_scores": "xp", "xp": "xp", "kolibriauth_facilityuser": "users",
    "logger_contentsessionlog": "sessions",
}  # fmt: skip


def differences(stream: ProposedStream, right: dict[str, Any]) -> list[str]:
    """The keys of a stream that are not right; each has to be doubted."""
    keys: dict[str, Any] = {role: guess.value for role, guess in stream.columns.items()}
    doubted = {role for role, guess in stream.columns.items() if guess.sureness == "check"}
    doubted |= BENDS_NO_NUMBER - keys.keys()
    if stream.where:
        keys["where"] = [guess.value for guess in stream.where]
        doubted |= {"where"} if all(guess.sureness == "check" for guess in stream.where) else set()
    elif any(map(is_doubt, stream.remarks)):
        doubted.add("where")
    different = [key for key in sorted(keys.keys() | right.keys()) if keys.get(key) != right.get(key)]
    assert [key for key in different if key not in doubted] == [], "a wrong number without a doubt"
    return different


@pytest.mark.parametrize("name", slowly(RIGHT, quick=2))
def test_what_is_proposed_is_right_or_doubted(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with application(name, tmp_path, request) as url:
        proposal = proposed(url, tmp_path)
        written(proposal, tmp_path)
    assert {stream.table for stream in proposal.streams} == RIGHT[name].keys()
    for stream in proposal.streams:
        assert stream.kind == KINDS[stream.table]
        assert len(differences(stream, RIGHT[name][stream.table])) <= MOST_DIFFERENCES


@pytest.mark.slow
def test_infinity_is_proposed_as_never_deleted(postgres_url: str, tmp_path: Path) -> None:
    with database_of(postgres_url, "init_never_deleted", NEVER_DELETED) as url:
        proposal = proposed(url, tmp_path)
        assert {role: guess.value for role, guess in stream_of(proposal, "learner").columns.items()} == {
            "user_id": "id",
            "deleted_at": "deleted_at",
        }
        configuration = written(proposal, tmp_path)
        assert night(configuration, LAST_DAY) is not None
        assert published(configuration, "select count(*), sum(xp_earned) from daily_activity") == [(29, 290)]


@pytest.mark.parametrize("name", slowly(["prisma", "kolibri", "wakapi", "discourse", "lessons"], quick=2))
def test_a_night_by_what_is_proposed_gives_the_numbers(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with application(name, tmp_path, request) as url:
        configuration = written(proposed(url, tmp_path), tmp_path)
        assert night(configuration, LAST_DAY) is not None
    assert days_of(configuration) == expected_of(name)["days"]


@pytest.mark.slow
def test_moodle_needs_its_pass_mark_and_nothing_else(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with application("moodle", tmp_path, request) as url:
        written(proposed(url, tmp_path), tmp_path)
        file = tmp_path / "pulse.toml"
        text = file.read_text(encoding="utf-8")
        assert text.count("at_least = 5") == 1
        file.write_text(text.replace("at_least = 5", "at_least = 6"), encoding="utf-8")
        configuration = load(file, uses=["sources"])
        assert night(configuration, LAST_DAY) is not None
    assert days_of(configuration) == expected_of("moodle")["days"]


def days_of(configuration: Configuration) -> list[Any]:
    return [
        [user_id, day, {name: value for name, value in zip(MEASURES, values, strict=True) if value}]
        for user_id, day, *values in published(configuration, DAYS)
    ]


def expected_of(name: str) -> Any:
    return json.loads((APPLICATIONS / name / "expected.json").read_text(encoding="utf-8"))


# --- applications that are not connected by their tables alone ------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chamilo", "exercism", "h5p", "open_edx", "canvas"])
def test_other_applications_are_proposed_and_load(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Whatever is guessed there by name, size or half a score is doubted."""
    with application(name, tmp_path, request) as url:
        proposal = proposed(url, tmp_path)
        written(proposal, tmp_path)
    for stream in proposal.streams:
        for role, guess in stream.columns.items():
            is_by_size = isinstance(guess.value, dict) and {"unit", "at_least", "of"} & guess.value.keys()
            assert guess.sureness == "check" or not is_by_size, role
    assert proposal.doubts > 0


def test_what_cannot_be_read_as_it_is_says_what_is_missing(tmp_path: Path) -> None:
    """Texts that may have the day first, or the month."""
    script = """
    create table users (id integer primary key, username text);
    create table visits (id integer primary key, user_id integer, start_timestamp text, end_timestamp text);
    insert into visits values (1, 1, '05/11/2026 12:10', '05/11/2026 12:20');
    """
    with pytest.raises(PulseError) as error:
        proposed(sqlite_database(tmp_path, script), tmp_path)
    assert "start_timestamp has no instants that are read as they are; a query can convert them" in str(error.value)


def test_a_database_without_learners_says_so(tmp_path: Path) -> None:
    url = sqlite_database(tmp_path, "create table revlog (id integer primary key, ease integer)")
    with pytest.raises(PulseError, match="no table looks like the learners among revlog"):
        proposed(url, tmp_path)
