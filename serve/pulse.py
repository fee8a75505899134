"""A learner's pulse as the endpoint answers it: 365 entries, oldest first, and their totals (R12, R13, R14)."""

from datetime import timedelta
from typing import Any

import duckdb

from serve.reader import OpenVersion
from warehouse.identifiers import user_key

DAYS = 365
MEASURES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed")

TOTALS = """
select window_end, total_learning_time, total_sessions, total_quizzes, total_quizzes_passed, year
from pulse_totals
where user_key = $user_key and user_id = $user_id
"""
ACTIVE_DAYS = """
select activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed, level
from learning_pulse
where user_key = $user_key and user_id = $user_id
"""


def learning_pulse(version: OpenVersion, user_id: str) -> dict[str, Any]:
    """Return the body of the endpoint.

    Args:
        version: the version to read.
        user_id: a normal id (R26); one that the version does not know gets 365 zero entries in the default zone.
    """
    cursor = version.connection.cursor()
    try:
        return _body(cursor, version, user_id)
    finally:
        cursor.close()


def _body(cursor: duckdb.DuckDBPyConnection, version: OpenVersion, user_id: str) -> dict[str, Any]:
    learner = {"user_key": user_key(user_id), "user_id": user_id}
    totals = cursor.execute(TOTALS, learner).fetchall()
    unknown = (version.default_window_end, 0, 0, 0, 0, version.default_window_end.year)
    window_end, learning_time, sessions, quizzes, quizzes_passed, year = totals[0] if totals else unknown
    active = {row[0]: row[1:] for row in cursor.execute(ACTIVE_DAYS, learner).fetchall()} if totals else {}
    dates = [window_end - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]
    zeros = (0,) * (len(MEASURES) + 1)
    return {
        "data": [
            {"date": date.isoformat(), **dict(zip((*MEASURES, "level"), active.get(date, zeros), strict=True))}
            for date in dates
        ],
        "total_learning_time": learning_time,
        "total_sessions": sessions,
        "total_quizzes": quizzes,
        "total_quizzes_passed": quizzes_passed,
        "year": year,
    }
