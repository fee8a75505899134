"""`/api/xp/learning-time`: learning time, active days and sessions of a learner over a range of dates (R31).

Where the version has activity by stream, the answer has them of each stream as well.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson

from serve.own_route import QueryError
from serve.profile.queries import date_of, only
from serve.version.open_version import OpenVersion
from serve.version.packed import DAYS, Learner, Pulse
from warehouse import engine
from warehouse.identifiers import user_key

QUERY = Path(__file__).with_suffix(".sql")
BY_STREAM = Path(__file__).with_name("learning_time_by_stream.sql")
DAY = timedelta(days=1)
MOST_DAYS = 3660
START, END = "start_date", "end_date"
NOTHING = (0, 0, 0)


def range_asked(query: str) -> str:
    """Return the range that a query asks for, as `2026-01-01 2026-01-31`; empty for the window.

    Raises:
        QueryError: one of the dates is missing or is none, or the range is reversed or too long.
    """
    given = only(query, START, END)
    if not given:
        return ""
    if len(given) == 1:
        raise QueryError(f"{START} and {END} belong together; without both it is the last {DAYS} days")
    start, end = date_of(START, given[START]), date_of(END, given[END])
    if start > end:
        raise QueryError(f"{START} is after {END}")
    if (end - start).days >= MOST_DAYS:
        raise QueryError(f"From {START} to {END} are more than {MOST_DAYS} days")
    return f"{start} {end}"


def learning_time(version: OpenVersion, learner: Learner, asked: str) -> Pulse:
    """Return learning time over the range that is asked for, or over the window.

    Raises:
        QueryError: the range reaches beyond the dates that there are.
    """
    first_day, _ = version.need_profile()
    last = date.fromisoformat(learner.window_end)
    earliest = first_day - DAY  # west of UTC the first day begins on the date before
    start, end = map(date.fromisoformat, asked.split()) if asked else (last - (DAYS - 1) * DAY, last)
    if asked and not earliest <= start <= end <= last:
        raise QueryError(f"There are dates from {earliest} to {last}")
    measures, streams = NOTHING, []
    if learner.is_known:
        parameters = {"user_key": user_key(learner.user_id), "first_date": start, "last_date": end}
        with version.cursor() as cursor:
            (measures,) = cursor.execute(engine.sql(QUERY), parameters).fetchall()
            if version.has_streams:
                streams = cursor.execute(engine.sql(BY_STREAM), parameters).fetchall()
    body: dict[str, Any] = {"start_date": start.isoformat(), "end_date": end.isoformat(), **_named(measures)}
    if version.has_streams:
        body["by_stream"] = [{"stream": stream, **_named(of_stream)} for stream, *of_stream in streams]
    return Pulse(orjson.dumps(body), learner.timezone, is_known=learner.is_known)


def _named(measures: Sequence[int]) -> dict[str, int]:
    return dict(zip(("learning_time", "active_days", "sessions"), measures, strict=True))
