"""A learner's pulse as the endpoint answers it: 365 entries, oldest first, and their totals (R12, R13, R14).

What a token says never gets into a query: rows are found by the learner's key, which no two learners of a version
share, and the id is compared here, text with text, so that any id that JSON can hold is a question with an answer.
"""

from datetime import date, timedelta
from typing import Any

import duckdb

from serve.reader import OpenVersion
from warehouse.identifiers import user_key

DAYS = 365
NAMES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level")
ZEROS = (0,) * len(NAMES)

TOTALS = """
select user_id, window_end, total_learning_time, total_sessions, total_quizzes, total_quizzes_passed, year
from pulse_totals
where user_key = $user_key
"""
ACTIVE_DAYS = """
select activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed, level
from learning_pulse
where user_key = $user_key
"""

Totals = tuple[date, int, int, int, int, int]  # window_end, then the totals in the order of the body, then the year
ActiveDays = dict[date, tuple[int, ...]]


def learning_pulse(version: OpenVersion, user_id: str) -> dict[str, Any]:
    """Return the body of the endpoint.

    Args:
        version: the version to read.
        user_id: a normal id (R26); one that the version does not know gets 365 zero entries in the default zone.
    """
    cursor = version.connection.cursor()
    try:
        found = _stored(cursor, user_id)
    finally:
        cursor.close()
    end = version.default_window_end
    return _body(*(found or ((end, 0, 0, 0, 0, end.year), {})))


def _stored(cursor: duckdb.DuckDBPyConnection, user_id: str) -> tuple[Totals, ActiveDays] | None:
    """Return what the version holds about a learner, None if it does not know the id."""
    key = {"user_key": user_key(user_id)}
    totals = [row[1:] for row in cursor.execute(TOTALS, key).fetchall() if row[0] == user_id]
    if not totals:
        return None
    return totals[0], {row[0]: row[1:] for row in cursor.execute(ACTIVE_DAYS, key).fetchall()}


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
