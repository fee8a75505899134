"""A learner's pulse as the endpoint answers it: 365 entries, oldest first, and their totals (R12, R13, R14).

What a token says never gets into a query: rows are found by the learner's key, which no two learners of a version
share, and the id is compared here, text with text, so that any id that JSON can hold is a question with an answer.
"""

from datetime import date, timedelta
from typing import Any, NamedTuple

import duckdb

from serve.open_version import OpenVersion
from warehouse.identifiers import user_key

DAYS = 365
NAMES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level")
ZEROS = (0,) * len(NAMES)

TOTALS = """
select
    totals.user_id, timezone, cut_population, cut_2, cut_3, cut_4,
    window_end, total_learning_time, total_sessions, total_quizzes, total_quizzes_passed, year
from pulse_totals as totals
inner join users on totals.user_key = users.user_key and totals.user_id = users.user_id
where totals.user_key = $user_key and users.user_key = $user_key
"""
ACTIVE_DAYS = """
select activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed, level
from learning_pulse
where user_key = $user_key
"""

Totals = tuple[date, int, int, int, int, int]  # window_end, then the totals in the order of the body, then the year
ActiveDays = dict[date, tuple[int, ...]]


class Pulse(NamedTuple):
    """A learner's pulse: the body of the endpoint and what else there is to say.

    Args:
        body: as the contract has it.
        timezone: the zone that cut the dates.
        population: whose scores the cuts divide, 'own' or 'platform' (R16).
        cuts: the scores at the three quartiles of that population (R17); none while nobody has been active.
        is_known: whether the version knows the learner (R14).
    """

    body: dict[str, Any]
    timezone: str
    population: str
    cuts: tuple[int, ...]
    is_known: bool


def learning_pulse(version: OpenVersion, user_id: str) -> Pulse:
    """Return a learner's pulse.

    Args:
        version: the version to read.
        user_id: a normal id (R26); one that the version does not know gets 365 zero entries in the default zone.
    """
    cursor = version.connection.cursor()
    try:
        found = _stored(cursor, user_id)
    finally:
        cursor.close()
    return found or nobodys_pulse(version)


def nobodys_pulse(version: OpenVersion) -> Pulse:
    """Return the pulse of a learner whom a version does not know: zeros in the default zone (R14)."""
    end = version.default_window_end
    zeros = _body((end, 0, 0, 0, 0, end.year), {})
    return Pulse(zeros, version.default_timezone, "platform", (), is_known=False)


def _stored(cursor: duckdb.DuckDBPyConnection, user_id: str) -> Pulse | None:
    """Return what the version holds about a learner, None if it does not know the id."""
    key = {"user_key": user_key(user_id)}
    rows = [row[1:] for row in cursor.execute(TOTALS, key).fetchall() if row[0] == user_id]
    if not rows:
        return None
    (timezone, population, *cuts), totals = rows[0][:5], rows[0][5:]
    active = {row[0]: row[1:] for row in cursor.execute(ACTIVE_DAYS, key).fetchall()}
    divided_by = tuple(cut for cut in cuts if cut is not None)
    return Pulse(_body(totals, active), timezone, population, divided_by, is_known=True)


def _body(totals: Totals, active: ActiveDays) -> dict[str, Any]:
    window_end, learning_time, sessions, quizzes, quizzes_passed, year = totals
    dates = [window_end - timedelta(days=ago) for ago in reversed(range(DAYS))]
    return {
        "data": [{"date": day.isoformat(), **dict(zip(NAMES, active.get(day, ZEROS), strict=True))} for day in dates],
        "total_learning_time": learning_time,
        "total_sessions": sessions,
        "total_quizzes": quizzes,
        "total_quizzes_passed": quizzes_passed,
        "year": year,
    }
