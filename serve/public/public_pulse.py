"""A learner's public pulse: dates with their levels, active days, and runs of them. Nothing else is read.

No id, no XP and no seconds ever leave the version for a public answer, so none can leak (docs/guide/embed.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from serve.version.open_version import OpenVersion, last_complete_date
from warehouse import engine
from warehouse.identifiers import user_key
from warehouse.zones import DAY

WINDOW = Path(__file__).with_name("window.sql")
LEVELS = "select activity_date, level from learning_pulse where user_key = $user_key order by activity_date"


@dataclass(frozen=True)
class PublicPulse:
    """A learner's window as anybody may see it.

    Args:
        username: the name, in NFC.
        window_start: the first of the 365 dates.
        window_end: the last (R12).
        levels: the level, 1 to 4, of each active day (R11, R15), oldest first.
        population: whose active days the levels compare, 'own' or 'platform' (R16).
        metric: what they compare of them, 'xp_earned' or 'learning_time'.
        complete_to: the instant up to which the version is complete, in the learner's zone.
    """

    username: str
    window_start: date
    window_end: date
    levels: dict[date, int]
    population: str
    metric: str
    complete_to: datetime

    @property
    def days(self) -> list[date]:
        """Every date of the window, oldest first."""
        return [self.window_start + number * DAY for number in range((self.window_end - self.window_start).days + 1)]

    @property
    def last_complete_date(self) -> date:
        """The last date that is over for the learner: what comes after it will still change (R12)."""
        return last_complete_date(self.complete_to)

    @property
    def current_run(self) -> int:
        """How many active days in a row reach `window_end`, a date that may not be over, or the day before."""
        lengths = [length for last, length in runs(self.levels) if last >= self.window_end - DAY]
        return lengths[-1] if lengths else 0

    @property
    def longest_run(self) -> int:
        """The most active days in a row within the window."""
        return max((length for _, length in runs(self.levels)), default=0)

    def body(self) -> dict[str, Any]:
        """Return what the public endpoint answers: all 365 dates, as the learner's own endpoint has them."""
        return {
            "username": self.username,
            "window_start": self.window_start.isoformat(),
            "window_end": self.window_end.isoformat(),
            "data": [{"date": day.isoformat(), "level": self.levels.get(day, 0)} for day in self.days],
            "active_days": len(self.levels),
            "active_days_in_a_row": {"current": self.current_run, "longest": self.longest_run},
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


def public_pulse(version: OpenVersion, username: str, user_id: str) -> PublicPulse | None:
    """Return what a version holds about a learner; None if it does not know the id.

    Args:
        version: the version to read.
        username: a name that has a public page.
        user_id: whose name it is.
    """
    key = {"user_key": user_key(user_id)}
    with version.cursor() as cursor:
        rows = [row[1:] for row in cursor.execute(engine.sql(WINDOW), key).fetchall() if row[0] == user_id]
        levels = dict(cursor.execute(LEVELS, key).fetchall())
    if not rows:
        return None
    start, end, population, zone = rows[0]
    return PublicPulse(username, start, end, levels, population, version.level_metric, version.complete_to(zone))
