"""A learner's public pulse: dates with their levels, active days and runs of them, streaks; and what is allowed beside.

What a version says of a learner ends here: a `PublicPulse` has no id, no XP and no seconds, and public answers are made
of nothing else. So none can leak (docs/guide/embed.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from serve.profile.profile import profile_of
from serve.profile.years import year_of, years_of
from serve.version import packed
from serve.version.open_version import OpenVersion, last_complete_date
from serve.version.packed import DAYS, Learner
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.identifiers import user_key
from warehouse.zones import DAY

FIRST_YEAR = "select min(year) from yearly_totals where user_key = $user_key"


class Shown(NamedTuple):
    """What public answers may show beside dates, levels and active days.

    Args:
        profile: streaks (R27), and what follows (`pulse.profile`).
        level: the level of XP (`serve.public_level`).
        years: calendar years (`serve.public_years`).
    """

    profile: bool
    level: bool
    years: bool

    @classmethod
    def of(cls, configuration: Configuration) -> "Shown":
        """Return what a configuration allows."""
        serve = configuration.serve
        return cls(configuration.pulse.profile, serve.public_level, serve.public_years)


class Streaks(NamedTuple):
    """A learner's streaks, up to the window's end (R27).

    Args:
        current: dates with XP in the run that is going on.
        longest: the most of any run.
    """

    current: int
    longest: int


@dataclass(frozen=True)
class PublicPulse:
    """A learner's window, or calendar year, as anybody may see it.

    Args:
        username: the name, in NFC.
        window_start: the first of the 365 dates, or of the year.
        window_end: the last (R12, R30).
        levels: the level, 1 to 4, of each active day (R11, R15), oldest first.
        population: whose active days the levels compare, 'own' or 'platform' (R16).
        metric: what they compare of them, 'xp_earned' or 'learning_time'.
        complete_to: the instant up to which the version is complete, in the learner's zone.
        streaks: None where the version has no profile.
        level: of XP (R29); None unless it may be shown, and where the version has no profile.
        year: the calendar year; None for the window.
        years: those that can be asked for, oldest first; none unless they may be shown.
    """

    username: str
    window_start: date
    window_end: date
    levels: dict[date, int]
    population: str
    metric: str
    complete_to: datetime
    streaks: Streaks | None = None
    level: int | None = None
    year: int | None = None
    years: Sequence[int] = ()

    @property
    def days(self) -> list[date]:
        """Every date, oldest first."""
        return [self.window_start + number * DAY for number in range((self.window_end - self.window_start).days + 1)]

    @property
    def last_complete_date(self) -> date:
        """The last date that is over for the learner: what comes after it will still change (R12)."""
        return last_complete_date(self.complete_to)

    @property
    def current_run(self) -> int | None:
        """How many active days in a row reach `window_end`, a date that may not be over, or the day before.

        None of a calendar year, which says nothing of today.
        """
        if self.year is not None:
            return None
        lengths = [length for last, length in runs(self.levels) if last >= self.window_end - DAY]
        return lengths[-1] if lengths else 0

    @property
    def longest_run(self) -> int:
        """The most active days in a row within the dates."""
        return max((length for _, length in runs(self.levels)), default=0)

    def body(self) -> dict[str, Any]:
        """Return what the public endpoint answers: all dates, as the learner's own endpoint has them."""
        streaks = self.streaks or (None, None)
        return {
            "username": self.username,
            "window_start": self.window_start.isoformat(),
            "window_end": self.window_end.isoformat(),
            "data": [{"date": day.isoformat(), "level": self.levels.get(day, 0)} for day in self.days],
            "active_days": len(self.levels),
            "active_days_in_a_row": {"current": self.current_run, "longest": self.longest_run},
            "current_streak": streaks[0],
            "longest_streak": streaks[1],
            "level": self.level,
            "year": self.year,
            "years": list(self.years),
        }


def runs(dates: Iterable[date]) -> list[tuple[date, int]]:
    """Return the last date and the length of every run of consecutive dates.

    Args:
        dates: in order, each once.
    """
    lengths: list[tuple[date, int]] = []
    for day in dates:
        if lengths and lengths[-1][0] + DAY == day:
            lengths[-1] = (day, lengths[-1][1] + 1)
        else:
            lengths.append((day, 1))
    return lengths


def public_pulse(
    version: OpenVersion, username: str, user_id: str, shown: Shown, year: int | None
) -> PublicPulse | None:
    """Return what a version holds about a learner; None if it does not know the id.

    Args:
        version: the version to read.
        username: a name that has a public page.
        user_id: whose name it is.
        shown: what may be shown.
        year: a calendar year; where the learner has none of that number, it is the window.
    """
    learner = version.learner(user_key(user_id))
    if learner is None or learner.user_id != user_id:
        return None
    end = date.fromisoformat(learner.window_end)
    window = PublicPulse(
        username,
        end - (DAYS - 1) * DAY,
        end,
        packed.levels(learner),
        learner.population,
        version.level_metric,
        version.complete_to(learner.timezone),
    )
    has_profile = shown.profile and version.profile is not None
    return _with_profile(window, version, learner, shown, year) if has_profile else window


def _with_profile(
    pulse: PublicPulse, version: OpenVersion, learner: Learner, shown: Shown, year: int | None
) -> PublicPulse:
    profile = profile_of(version, learner)
    streaks = Streaks(profile.current_streak, profile.longest_streak)
    pulse = replace(pulse, streaks=streaks, level=profile.level if shown.level else None)
    if not shown.years:
        return pulse
    pulse = replace(pulse, years=_years(version, learner))
    if year is None or year not in years_of(version, learner):
        return pulse
    dates = year_of(version, learner, year)
    return replace(
        pulse,
        window_start=dates.first,
        window_end=dates.last,
        levels=dates.levels,
        population=dates.population,
        year=year,
    )


def _years(version: OpenVersion, learner: Learner) -> Sequence[int]:
    """Return the learner's years, from the first with an active day to that of the window's end."""
    with version.cursor() as cursor:
        (first,) = engine.one_row(cursor, FIRST_YEAR, {"user_key": user_key(learner.user_id)})
    return [year for year in years_of(version, learner) if year >= (first or learner.year)]
