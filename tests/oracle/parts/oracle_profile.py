"""The oracle's profile: streaks, week, XP and calendar years, worked out from a learner's days (R27 to R30).

As slow and obvious as `tests/oracle/oracle.py`, which hands the days in; it shares nothing with the product either.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

DAY = timedelta(days=1)
MOST_MULTIPLIED = 1_000_000
# name, title, position of the measure, its name, period, target: the quests of every world (R32).
QUESTS = (
    ("some_xp", "Some XP", 0, "xp_earned", "day", 10),
    ("an_hour", "An hour", 1, "learning_time", "week", 3600),
    ("a_quiz", "A quiz", 4, "quizzes_passed", "week", 1),
)


def streaks(
    xp_dates: AbstractSet[date], covered: AbstractSet[date], window_end: date
) -> tuple[int, int, date | None, bool, int]:
    """current_streak, longest_streak, last_activity, streak_at_risk, freezes_used (R27)."""
    xp_dates, covered = ({day for day in days if day <= window_end} for days in (xp_dates, covered))
    alive = xp_dates | covered
    lengths = {}  # by the last date of a run
    for day in alive:
        if day + DAY not in alive:
            length, here = 0, day
            while here in alive:
                length, here = length + (here in xp_dates), here - DAY
            lengths[day] = length
    current = max((lengths.get(end, 0) for end in (window_end, window_end - DAY)), default=0)
    longest = max(lengths.values(), default=0)
    at_risk = current > 0 and window_end not in alive
    return current, longest, max(xp_dates, default=None), at_risk, len(covered)


def week(window_end: date, week_start: str) -> list[date]:
    """The dates of the week of the window's end, up to it (R28)."""
    first = window_end
    while first.weekday() != {"monday": 0, "sunday": 6}[week_start]:
        first -= DAY
    return [first + number * DAY for number in range((window_end - first).days + 1)]


def level_of_xp(total_xp: int, thresholds: Sequence[int], step: int | None) -> tuple[int, int, int | None]:
    """The level of XP, where it begins, and where the next one does (R29)."""
    if step is not None and total_xp >= thresholds[-1]:
        further = (total_xp - thresholds[-1]) // step
        start = thresholds[-1] + further * step
        return len(thresholds) + further, start, start + step
    level = sum(threshold <= total_xp for threshold in thresholds)
    return level, thresholds[level - 1], thresholds[level] if level < len(thresholds) else None


def number(raw: object) -> float | None:
    """A number as a source spells it, None if it is none, or is not finite."""
    if isinstance(raw, str):
        return float(raw) if re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]*)?", raw) else None
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal) or not math.isfinite(raw):
        return None
    return float(raw)


def first_of_each(values: Sequence[tuple[int | None, float | None, int | None]]) -> Any:
    """Of each place the first value that is not null (R3)."""
    return tuple(next((value for value in place if value is not None), None) for place in zip(*values, strict=True))


def booster(
    multiplier: float | None, ends_at: int | None, data_through: int
) -> tuple[float, datetime] | tuple[None, None]:
    """A booster that is active when the data end (R29); instants in microseconds since 1970."""
    if multiplier is None or not 0 < multiplier <= MOST_MULTIPLIED or ends_at is None or ends_at <= data_through:
        return None, None
    return multiplier, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ends_at)


def by_year(history: Mapping[date, tuple[int, ...]], window_end: date) -> dict[int, dict[date, tuple[int, ...]]]:
    """The active days of each calendar year up to the window's end (R30)."""
    years: dict[int, dict[date, tuple[int, ...]]] = defaultdict(dict)
    for day, values in history.items():
        if day <= window_end:
            years[day.year][day] = values
    return dict(years)


def sums(values: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """The sums of rows, one per measure."""
    return tuple(sum(column) for column in zip(*values, strict=True))
