"""What a version says of a learner's profile: from the look-up file, or by SQL from its tables (R27 to R29)."""

from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from serve.version import packed
from serve.version.open_version import OpenVersion
from serve.version.packed import Learner
from warehouse import engine
from warehouse.identifiers import user_key

PROFILE = Path(__file__).with_name("profile.sql")
DAY = timedelta(days=1)
DAYS_OF_A_WEEK = 7
SUNDAY = 7  # as `isoweekday` counts
NAMES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed")
NOTHING = [0] * len(NAMES)

Measures = list[int]  # as `NAMES` has them


class Profile(NamedTuple):
    """A learner's profile, in the order of the look-up file.

    Args:
        current_streak: dates with XP in the run that reaches `window_end` or the date before (R27).
        longest_streak: the most of them in any run.
        last_activity: the last date with XP, ISO 8601; None without one.
        streak_at_risk: whether the current streak ends unless XP are earned on `window_end`.
        freezes_used: dates that savers cover.
        freezes_available: savers that are left.
        total_xp: over all history (R29).
        level: by `[xp]`, 1 first.
        level_starts_at: the XP at which it begins.
        next_level_at: the XP at which the next one begins; None at the highest.
        booster_multiplier: of an active booster; None without one.
        booster_ends_at: when that ends, ISO 8601.
        covered_dates: dates of the week that savers cover (R28).
    """

    current_streak: int = 0
    longest_streak: int = 0
    last_activity: str | None = None
    streak_at_risk: bool = False
    freezes_used: int = 0
    freezes_available: int = 0
    total_xp: int = 0
    level: int = 1
    level_starts_at: int = 0
    next_level_at: int | None = None
    booster_multiplier: float | None = None
    booster_ends_at: str | None = None
    covered_dates: tuple[str, ...] | list[str] = ()


class Week(NamedTuple):
    """The week of a learner's window's end (R28).

    Args:
        days: its seven dates, with their measures; those after the window's end are zeros.
        end: the window's end.
    """

    days: dict[date, Measures]
    end: date


def profile_of(version: OpenVersion, learner: Learner) -> Profile:
    """Return the profile of a learner of a version that has profiles.

    Args:
        version: the version.
        learner: as it was looked up, in its file or by SQL.
    """
    if learner.profile is not None:
        return Profile._make(learner.profile)
    with version.cursor() as cursor:
        (row,) = cursor.execute(engine.sql(PROFILE), {"user_key": user_key(learner.user_id)}).fetchall()
    return Profile._make(row)


def week_of(learner: Learner, week_start: str) -> Week:
    """Return the week of a learner's window's end.

    Args:
        learner: whose it is.
        week_start: `sunday` or `monday`, as the version says.
    """
    end = date.fromisoformat(learner.window_end)
    weekday = end.isoweekday()
    first = end - (weekday % SUNDAY if week_start == "sunday" else weekday - 1) * DAY
    active = dict(packed.active_days(learner, DAYS_OF_A_WEEK))
    return Week({day: active.get(day, NOTHING) for day in (first + number * DAY for number in range(7))}, end)
