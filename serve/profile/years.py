"""A calendar year of a learner (R30), and `/api/xp/learning-pulse?year=`, which answers it like the pulse."""

from datetime import date
from pathlib import Path
from typing import NamedTuple

from serve.own_route import QueryError
from serve.profile.queries import YEAR, only
from serve.version import packed
from serve.version.open_version import OpenVersion
from serve.version.packed import Learner, Pulse
from serve.version.pulse import pulse_of
from warehouse import engine
from warehouse.identifiers import user_key

QUERY = Path(__file__).with_name("year.sql")
OF_DAY = 8  # columns of the statement before those of the day
NOTHING = [0] * 4


class Year(NamedTuple):
    """A calendar year of a learner.

    Args:
        first: 1 January.
        last: 31 December, or the window's end.
        population: whose scores the cuts divide, 'own' or 'platform'.
        cuts: the scores at the three quartiles; none without an active day.
        totals: learning time in seconds, sessions, quizzes, quizzes passed.
        days: the active days, as `Learner.spelled_out` has them.
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
        return dict(sorted((packed.date_of(day, self.last), level) for day, level, *_ in self.days))


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
    return Pulse(_body(learner, answered), learner.timezone, answered.population, answered.cuts, learner.is_known)


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
        return Year(first, last, "platform", (), NOTHING, [])
    population, cut_2, cut_3, cut_4, *totals = rows[0][:OF_DAY]
    return Year(first, last, population, (cut_2, cut_3, cut_4), totals, [list(row[OF_DAY:]) for row in rows])


def _body(learner: Learner, year: Year) -> bytes:
    """Return the body of a year: that of a learner whose window it is."""
    seconds, sessions, quizzes, passed = year.totals
    of_year = learner._replace(
        window_end=year.last.isoformat(),
        learning_time=seconds,
        sessions=sessions,
        quizzes=quizzes,
        quizzes_passed=passed,
        year=year.first.year,
        spelled_out=year.days,
        codes=b"",
    )
    return packed.body(of_year, (year.last - year.first).days + 1)
