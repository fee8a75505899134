"""Deleted events as they are proposed, and rows of nobody."""

from datetime import date
from pathlib import Path

import pytest

from tests.support.platforms.proposals import proposal_for, stream_of, written
from tests.support.platforms.sources import night, published

LEARNERS = "create table users (id integer primary key, username text); insert into users values (1, 'ana');"
AT = "2026-11-05T12:00:00Z"


@pytest.mark.parametrize(
    ("column", "live", "deleted", "role", "mapped", "sureness"),
    [
        ("deleted_at text", "null", f"'{AT}'", "deleted_at", "deleted_at", "likely"),
        ("deletedAt integer", "0", "1793880600", "deleted_at",
            {"column": "deletedAt", "unit": "s", "never": [0]}, "likely"),
        ("is_deleted boolean", "0", "1", "is_deleted", {"column": "is_deleted", "true": [1]}, "check"),
        ("workflow_state text", "'active'", "'deleted'", "is_deleted",
            {"column": "workflow_state", "true": ["deleted"]}, "check"),
    ],
)  # fmt: skip
def test_what_says_that_an_event_is_deleted(  # noqa: PLR0917
    column: str, live: str, deleted: str, role: str, mapped: object, sureness: str, tmp_path: Path
) -> None:
    """R20: a night by the proposal does not count it."""
    script = f"""
    create table xp_events (id integer primary key, user_id integer, at text, xp integer, {column});
    insert into xp_events values (1, 1, '{AT}', 5, {live}), (2, 1, '{AT}', 70, {deleted}), (3, null, '{AT}', 9, {live});
    """
    proposal = proposal_for(tmp_path, LEARNERS, script)
    xp = stream_of(proposal, "xp_events")
    assert (xp.columns[role].value, xp.columns[role].sureness) == (mapped, sureness)
    assert [guess.value for guess in xp.where] == [{"column": "user_id", "not_null": True}]
    configuration = written(proposal, tmp_path)
    assert night(configuration, date(2026, 11, 6)) is not None
    assert published(configuration, "select xp_earned from daily_activity") == [(5,)]
    assert published(configuration, "select count(*) from quarantine") == [(0,)]


def test_a_state_that_says_what_is_over_leaves_the_deleted_out_already(tmp_path: Path) -> None:
    script = f"""
    create table attempts (id integer primary key, user_id integer, at text, passed boolean, state text);
    insert into attempts values (1, 1, '{AT}', 1, 'graded'), (2, 1, '{AT}', 1, 'deleted');
    """
    attempts = stream_of(proposal_for(tmp_path, LEARNERS, script), "attempts")
    assert [guess.value for guess in attempts.where] == [{"column": "state", "is": ["graded"]}]
    assert not {"deleted_at", "is_deleted"} & attempts.columns.keys()
