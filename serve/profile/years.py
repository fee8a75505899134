"""A calendar year of a learner (R30), and `/api/xp/learning-pulse?year=`, which answers it like the pulse."""

from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

from serve.own_route import QueryError
from serve.profile.queries import YEAR, only
from serve.version.open_version import OpenVersion
from serve.version.packed import Learner, Pulse
from serve.version.pulse import pulse_of
from warehouse import engine
from warehouse.identifiers import user_key

QUERY = Path(__file__).with_name("year.sql")
DAY = timedelta(days=1)
ENTRY = ("date", "xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level")
OF_DAY = 8  # columns of the statement before those of the day
TOTALS = ("total_learning_time", "total_sessions", "total_quizzes", "total_quizzes_passed")


class Year(NamedTuple):
    """A calendar year of a learner.

    Args:
        first: 1 January.
        last: 31 December, or the window's end.
        population: whose scores the cuts divide, 'own' or 'platform'.
        cuts: the scores at the three quartiles; none without an active day.
        totals: as `TOTALS` has them.
        days: of each active day how many days it is after the first, the five measures, and the level.
    """

    first: date
    last: date
    population: str
    cuts: tuple[int, ...]
    totals: list[int]
    days: list[list[int]]

    @property
    def levels(self) -> dict[date, int]:
        """The level, 1 to 4, of each active day, oldest first."""
        return dict(sorted((self.first + number * DAY, level) for number, *_, level in self.days))


def year_asked(query: str) -> str:
    """Return the year that a query asks for; empty for the window.

    Raises:
        QueryError: it is no year.
    """
    if not query:
        return ""
    year = only(query, "year").get("year")
    if year is not None and not YEAR.fullmatch(year):
        raise QueryError("year is no year, write one like 2026")
    return year or ""


def pulse_or_year(version: OpenVersion, learner: Learner, asked: str) -> Pulse:
    """Return the year that is asked for, else the window of 365 days.

    Raises:
        QueryError: there is nothing of that year.
    """
    if not asked:
        return pulse_of(learner)
    year, years = int(asked), years_of(version, learner)
    if year not in years:
        raise QueryError(f"There are years from {years.start} to {years.stop - 1}")
    answered = year_of(version, learner, year)
    return Pulse(_body(answered), learner.timezone, answered.population, answered.cuts, learner.is_known)


def years_of(version: OpenVersion, learner: Learner) -> range:
    """Return the years that there are for a learner: from that of `first_day` to that of the window's end.

    Raises:
        NoProfileError: the version has no profile.
    """
    first_day, _ = version.need_profile()
    return range(first_day.year, date.fromisoformat(learner.window_end).year + 1)


def year_of(version: OpenVersion, learner: Learner, year: int) -> Year:
    """Return one of the years that there are for a learner, by one SQL statement.

    Args:
        version: the version, which has a profile.
        learner: as it was looked up.
        year: which of the years.
    """
    first, last = date(year, 1, 1), min(date(year, 12, 31), date.fromisoformat(learner.window_end))
    rows = []
    if learner.is_known:
        parameters = {
            "user_key": user_key(learner.user_id),
            "year": year,
            "first_date": first,
            "last_date": last,
            "level_metric": version.level_metric,
        }
        with version.cursor() as cursor:
            rows = cursor.execute(engine.sql(QUERY), parameters).fetchall()
    if not rows:
        return Year(first, last, "platform", (), [0] * len(TOTALS), [])
    population, cut_2, cut_3, cut_4, *totals = rows[0][:OF_DAY]
    return Year(first, last, population, (cut_2, cut_3, cut_4), totals, [list(row[OF_DAY:]) for row in rows])


def _body(year: Year) -> bytes:
    active = {number: measures for number, *measures in year.days}
    entries = [
        dict(zip(ENTRY, ((year.first + number * DAY).isoformat(), *active.get(number, [0] * 6)), strict=True))
        for number in range((year.last - year.first).days + 1)
    ]
    return orjson.dumps({"data": entries, **dict(zip(TOTALS, year.totals, strict=True)), "year": year.first.year})
