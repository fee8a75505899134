"""Proposals for small databases in SQLite: who the learners are, which tables are events, what is left out."""

from pathlib import Path

import pytest

from pipelines.propose.guess.events import stream_name
from tests.support.platforms.proposals import document_of, proposal_for, roles_of, stream_of

LEARNERS = "create table users (id integer primary key, username text, timezone text);"
XP = """
create table xp_events (id integer primary key, user_id integer references users, created_at timestamp, amount integer);
insert into xp_events values (1, 1, '2026-11-05 12:00:00', 5);
"""
UNBOUND = XP.replace(" references users", "")  # by no foreign key
SOMEBODY = "insert into users values (1, 'ana', 'Europe/Berlin');"


def test_a_small_platform_is_proposed_whole(tmp_path: Path) -> None:
    document = document_of(proposal_for(tmp_path, LEARNERS, SOMEBODY, XP))
    first_day = document["pulse"].pop("first_day")
    assert str(first_day) == "2026-11-05"
    assert document == {
        "pulse": {"data_dir": "var"},
        "sources": {"platform": {"url": f"sqlite:///{tmp_path}/platform.sqlite"}},
        "streams": {
            "users": {
                "kind": "users",
                "source": "platform",
                "table": "users",
                "columns": {"user_id": "id", "username": "username", "timezone": "timezone"},
            },
            "xp_events": {
                "kind": "xp",
                "source": "platform",
                "table": "xp_events",
                "columns": {"event_id": "id", "user_id": "user_id", "occurred_at": "created_at", "amount": "amount"},
            },
        },
        "auth": {"secret": "${PULSE_JWT_SECRET}"},
    }


def test_how_sure_a_guess_is_says_what_it_rests_on(tmp_path: Path) -> None:
    proposal = proposal_for(tmp_path, LEARNERS, SOMEBODY, XP)
    users, xp = stream_of(proposal, "users"), stream_of(proposal, "xp_events")
    assert (users.guess.sureness, users.guess.reason) == ("sure", "1 tables refer to it")
    assert (xp.columns["event_id"].sureness, xp.columns["event_id"].reason) == ("sure", "the primary key")
    assert (xp.columns["user_id"].sureness, xp.columns["user_id"].reason) == ("sure", "foreign key to users")
    assert xp.columns["occurred_at"].sureness == "check", "it carries no zone"
    assert xp.columns["amount"].sureness == "likely"


def test_ids_that_are_no_learners_are_doubted(tmp_path: Path) -> None:
    script = "create table visits (id integer primary key, user_id integer, started_at text, ended_at text);"
    rows = "insert into visits values (1, 7, '2026-11-05T12:00:00Z', null), (2, 8, '2026-11-05T13:00:00Z', null);"
    visits = stream_of(proposal_for(tmp_path, LEARNERS, SOMEBODY, script, rows, XP), "visits")
    assert visits.columns["user_id"].sureness == "check"
    assert "0 of 2 sampled ids are in users.id" in visits.columns["user_id"].reason


@pytest.mark.parametrize(
    ("column", "value", "role", "mapped"),
    [
        ("deleted_at timestamp", "null", "deleted_at", "deleted_at"),
        ("deletedAt integer", "1793880600", "deleted_at", {"column": "deletedAt", "unit": "s"}),
        ("deleted_at integer", "0", "deleted_at", {"column": "deleted_at", "unit": "s", "never": [0]}),
        ("is_deleted boolean", "0", "is_deleted", {"column": "is_deleted", "true": [1]}),
        ("deleted integer", "1", "is_deleted", {"column": "deleted", "true": [1]}),
        ("status text", "'deleted'", "is_deleted", {"column": "status", "true": ["deleted"]}),
    ],
)
def test_what_says_that_a_learner_is_deleted(
    column: str, value: str, role: str, mapped: object, tmp_path: Path
) -> None:
    script = f"create table learners (id integer primary key, email text, {column});"
    proposal = proposal_for(tmp_path, script, f"insert into learners values (1, 'a@b', {value});", UNBOUND)
    assert roles_of(proposal, "learners")[role] == mapped


def test_who_may_have_left_is_said_and_not_guessed(tmp_path: Path) -> None:
    script = "create table accounts (id integer primary key, login text, is_active boolean);"
    rows = "insert into accounts values (1, 'ana', 1), (2, 'bo', 0);"
    accounts = stream_of(proposal_for(tmp_path, script, rows, UNBOUND), "accounts")
    assert "is_deleted" not in accounts.columns
    assert any(remark.startswith("check: is_active may say who has left") for remark in accounts.remarks)


def test_two_tables_that_could_be_the_learners_are_doubted(tmp_path: Path) -> None:
    students = "create table students (id integer primary key, username text, timezone text);"
    (users, *_) = proposal_for(tmp_path, LEARNERS, students, UNBOUND).streams
    assert (users.table, users.guess.sureness) == ("users", "check")
    assert "students could be the learners as well" in users.guess.reason


def test_a_key_to_another_column_than_the_learners_id_is_doubted(tmp_path: Path) -> None:
    learners = "create table users (id integer primary key, username text, code text unique);"
    script = XP.replace("references users", "references users (code)").replace("user_id integer", "user_id text")
    user_id = stream_of(proposal_for(tmp_path, learners, script), "xp_events").columns["user_id"]
    assert user_id.sureness == "check"
    assert "it refers to code there" in user_id.reason


def test_a_table_of_logins_that_has_a_learner_is_not_the_learners(tmp_path: Path) -> None:
    script = """
    create table user_account (id integer primary key, user_id integer references users, username text, email text,
        timezone text, deleted_at text);
    """
    (users, *_) = proposal_for(tmp_path, "create table users (id integer primary key);", script, XP).streams
    assert users.table == "users"


def test_ids_of_32_hex_digits_are_uuids(tmp_path: Path) -> None:
    script = """
    create table users (id char(32) primary key, username text);
    create table xp (id char(32) primary key, user_id char(32), at timestamp, xp integer);
    insert into users values ('0A00000000004000800000000000000b', 'ana');
    insert into xp values ('1a00000000004000800000000000000b', '0A00000000004000800000000000000b', '2026-11-05', 1);
    """
    proposal = proposal_for(tmp_path, script)
    assert roles_of(proposal, "users")["user_id"] == {"column": "id", "as": "uuid"}
    assert roles_of(proposal, "xp")["user_id"] == {"column": "user_id", "as": "uuid"}
    assert roles_of(proposal, "xp")["event_id"] == {"column": "id", "as": "uuid"}
    assert "dates without a time" in stream_of(proposal, "xp").columns["occurred_at"].reason


@pytest.mark.parametrize(
    ("columns", "values", "passed", "sureness"),
    [
        ("passed boolean", "1", "passed", "likely"),
        ("score real, max_score real", "0.7, 1", {"column": "score", "at_least": 0.5, "of": "max_score"}, "check"),
        ("score integer", "70", {"column": "score", "at_least": 50}, "check"),
        ("score real", "0.7", {"column": "score", "at_least": 0.5}, "check"),
    ],
)
def test_an_attempt_passes_by_a_flag_or_by_half_a_score(
    columns: str, values: str, passed: object, sureness: str, tmp_path: Path
) -> None:
    script = f"create table quiz_attempts (id integer primary key, user_id integer, submitted_at text, {columns});"
    rows = f"insert into quiz_attempts values (1, 1, '2026-11-05T12:00:00Z', {values});"
    guess = stream_of(proposal_for(tmp_path, LEARNERS, SOMEBODY, script, rows), "quiz_attempts").columns["passed"]
    assert (guess.value, guess.sureness) == (passed, sureness)


def test_what_is_not_over_yet_is_no_attempt(tmp_path: Path) -> None:
    """Zero where seconds since 1970 will stand, and no score yet."""
    script = """
    create table attempts (id integer primary key, user_id integer, timefinish integer, grade real);
    insert into attempts values (1, 1, 1793880600, 7), (2, 1, 0, null);
    """
    attempts = stream_of(proposal_for(tmp_path, LEARNERS, SOMEBODY, script), "attempts")
    assert attempts.columns["occurred_at"].value == {"column": "timefinish", "unit": "s", "never": [0]}
    assert attempts.columns["occurred_at"].sureness == "check"
    assert [guess.value for guess in attempts.where] == [{"column": "grade", "not_null": True}]


def test_words_of_results_become_lists_if_both_were_seen(tmp_path: Path) -> None:
    script = "create table exams (id integer primary key, user_id integer, taken_at text, result text);"
    rows = "insert into exams values (1, 1, '2026-11-05T12:00:00Z', 'Pass'), (2, 1, '2026-11-05T12:00:00Z', 'fail');"
    proposal = proposal_for(tmp_path, LEARNERS, SOMEBODY, script, rows)
    assert roles_of(proposal, "exams")["passed"] == {"column": "result", "true": ["Pass"], "false": ["fail"]}


def test_states_filter_by_words_that_everybody_knows_and_others_are_doubted(tmp_path: Path) -> None:
    script = """
    create table tests (id integer primary key, user_id integer, submitted_at text, passed boolean, state text,
        kind text, preview boolean not null, deleted_at text);
    insert into tests values (1, 1, '2026-11-05T12:00:00Z', 1, 'finished', 'secret word', 0, null),
        (2, 1, '2026-11-05T12:00:00Z', 1, 'somehow', 'other', 0, null);
    """
    proposal = proposal_for(tmp_path, LEARNERS, SOMEBODY, script)
    tests = stream_of(proposal, "tests")
    assert [guess.value for guess in tests.where] == [
        {"column": "state", "is": ["finished"]},
        {"column": "preview", "is": [0]},
    ]
    assert {guess.sureness for guess in tests.where} == {"check"}
    assert tests.columns["deleted_at"].value == "deleted_at"
    assert tests.remarks == ["check: kind has 2 different values, and all rows count; where can choose among them"]


def test_a_length_has_the_unit_of_its_name_or_one_to_check(tmp_path: Path) -> None:
    script = """
    create table a_sessions (id integer primary key, user_id integer, started_at text, duration_ms integer);
    create table b_sessions (id integer primary key, user_id integer, started_at text, duration integer);
    create table c_sessions (id integer primary key, user_id integer, started_at text, duration_minutes integer);
    insert into b_sessions values (1, 1, '2026-11-05T12:00:00Z', 1800000);
    """
    proposal = proposal_for(tmp_path, LEARNERS, SOMEBODY, script)
    in_name, by_size = (stream_of(proposal, f"{name}_sessions").columns.get("duration") for name in "ab")
    assert in_name is not None
    assert by_size is not None
    assert (in_name.value, in_name.sureness) == ({"column": "duration_ms", "unit": "ms"}, "likely")
    assert (by_size.value, by_size.sureness) == ({"column": "duration", "unit": "ms"}, "check")
    assert "c_sessions" in proposal.left_out


def test_zones_beside_the_learners_are_joined(tmp_path: Path) -> None:
    script = """
    create table people (id integer primary key, email text);
    create table settings (user_id integer primary key references people, timezone text);
    insert into people values (-1, 'system'), (1, 'a@b'), (2, 'c@d');
    insert into settings values (1, 'Europe/Berlin');
    """
    proposal = proposal_for(tmp_path, script, XP.replace("references users", "references people"))
    people = stream_of(proposal, "people")
    assert people.query is not None
    assert "LEFT OUTER JOIN settings ON people.id = settings.user_id" in people.query
    assert people.columns["timezone"].value == "timezone"
    assert [guess.value for guess in people.where] == [{"column": "id", "at_least": 1}]
    assert proposal.left_out == {"settings": "its zones are read beside the learners"}


def test_zones_of_a_table_with_several_rows_for_a_learner_are_not_joined(tmp_path: Path) -> None:
    script = """
    create table people (id integer primary key, email text);
    create table devices (user_id integer, number integer, timezone text, primary key (user_id, number));
    insert into people values (1, 'a@b');
    insert into devices values (1, 1, 'Europe/Berlin'), (1, 2, 'UTC');
    """
    people = stream_of(proposal_for(tmp_path, script, UNBOUND), "people")
    assert people.query is None
    assert people.remarks == ["check: no column has time zones, so every learner has default_timezone"]


def test_what_is_left_out_says_why(tmp_path: Path) -> None:
    script = """
    create table payments (id integer primary key, user_id integer, amount integer, created_at text);
    create table courses (id integer primary key, title text);
    create table logins (id integer primary key, user_id integer, ip text);
    create table points_of_minutes (user_id integer, at timestamp, points integer, primary key (user_id, at));
    create table "a.b" (id integer primary key, user_id integer, amount integer, created_at text);
    create view everything as select * from courses;
    insert into points_of_minutes values (1, '2026-11-05 12:00:00', 3);
    """
    proposal = proposal_for(tmp_path, LEARNERS, SOMEBODY, XP, script)
    assert [stream.table for stream in proposal.streams] == ["users", "xp_events"]
    assert {name: reason.partition(";")[0] for name, reason in proposal.left_out.items()} == {
        "payments": "by its name it is about money",
        "courses": "no column looks like a learner's id",
        "logins": "no columns of XP, of sessions or of quizzes, with an instant",
        "points_of_minutes": "it has no key of ids",
        "a.b": "its name has a dot, which separates a schema",
        "everything": "a view",
    }


def test_two_streams_of_one_kind_may_count_the_same_things(tmp_path: Path) -> None:
    proposal = proposal_for(tmp_path, LEARNERS, SOMEBODY, XP, XP.replace("xp_events", "points"))
    remarks = [remark for stream in proposal.streams for remark in stream.remarks]
    assert remarks == ["check: 1 more of kind xp, check that nothing is counted twice"] * 2


def test_tables_without_rows_are_proposed_for_the_last_year(tmp_path: Path) -> None:
    proposal = proposal_for(tmp_path, LEARNERS, XP.partition("insert")[0])
    assert proposal.first_day.reason.startswith("a year ago")
    assert stream_of(proposal, "xp_events").columns["occurred_at"].value == "created_at"


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("XpEvent", "xp_event"),
        ("wp_h5p_results", "wp_h5p_results"),
        ("Übungen", "bungen"),
        ("日本", "events"),
        ("7days", "events_7days"),
        ("activity", "events_activity"),
        ('a"b\n[c]', "a_b_c"),
        ("x" * 300, "x" * 50),
    ],
)
def test_a_stream_is_named_after_its_table(table: str, name: str) -> None:
    assert stream_name(table) == name
