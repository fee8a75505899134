"""The views for analysts in plain Python, over the tables of an open version: slow and obvious.

Every function of `VIEWS` gives the rows of the view of its name, in any order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import duckdb

Row = tuple[Any, ...]
DAY, WEEK = timedelta(days=1), timedelta(days=7)
HUNDREDTHS = (25, 50, 75, 90)
SUNDAY = 6  # of `date.weekday`


@dataclass(frozen=True)
class Tables:
    """What the views are made of; `days` has the five measures of each learner's active dates."""

    users: Sequence[str]
    days: Mapping[tuple[str, date], Sequence[int]]
    levels: Sequence[tuple[date, int]]
    newest_window_start: date | None
    streaks: Sequence[tuple[int, bool]]
    complete_through: date
    week_start: str

    def week_of(self, day: date) -> date:
        """The first date of the week of a date."""
        while day.weekday() != (SUNDAY if self.week_start == "sunday" else 0):
            day -= DAY
        return day

    def is_over(self, week: date) -> bool:
        return week + 6 * DAY <= self.complete_through

    def whole_weeks(self) -> list[date]:
        """Every whole week from the first with an active date on."""
        if not self.days:
            return []
        week = self.week_of(min(day for _, day in self.days))
        return list(steps(week, WEEK, self.is_over))


def steps(first: date, step: timedelta, goes_on: Callable[[date], bool]) -> Iterable[date]:
    while goes_on(first):
        yield first
        first += step


def tables_of(connection: duckdb.DuckDBPyConnection, database: str = "") -> Tables:
    """Read the tables of a version."""

    def rows(columns: str, table: str) -> list[Row]:
        return connection.execute(f"select {columns} from {database}{table}").fetchall()

    measures = "xp_earned, learning_time, sessions, quizzes, quizzes_passed"
    days = rows(f"user_id, activity_date, {measures}", "daily_activity")
    ((complete_through, week_start),) = rows("complete_through, week_start", "version_info")
    return Tables(
        users=[str(user) for (user,) in rows("user_id", "users")],
        days={(user, day): row for user, day, *row in days},
        levels=rows("activity_date, level", "learning_pulse"),
        newest_window_start=max((start for (start,) in rows("window_start", "pulse_totals")), default=None),
        streaks=rows("current_streak, streak_at_risk", "streaks"),
        complete_through=complete_through,
        week_start=week_start,
    )


def first_and_last_dates(tables: Tables) -> list[Row]:
    dates = defaultdict(list)
    for user, day in tables.days:
        dates[user].append(day)
    return [(user, min(active), max(active)) for user, active in dates.items()]


def learner_weeks(tables: Tables) -> list[Row]:
    rows = defaultdict(list)
    for (user, day), measures in tables.days.items():
        if tables.is_over(tables.week_of(day)):
            rows[user, tables.week_of(day)].append(measures)
    return [
        (user, week, len(of_week), *(sum(values) for values in zip(*of_week, strict=True)))
        for (user, week), of_week in rows.items()
    ]


def counted(tables: Tables, periods: Iterable[date], period_of: Callable[[date], date]) -> list[Row]:
    """Per period, how many learners were active, and how many for the first time."""
    active, new = defaultdict(set), Counter[date]()
    for user, day in tables.days:
        active[period_of(day)].add(user)
    for user in {user for user, _ in tables.days}:
        new[period_of(min(day for other, day in tables.days if other == user))] += 1
    return [(period, len(active[period]), new[period]) for period in periods]


def active_learners_by_day(tables: Tables) -> list[Row]:
    if not tables.days:
        return []
    dates = steps(min(day for _, day in tables.days), DAY, lambda day: day <= tables.complete_through)
    return counted(tables, dates, lambda day: day)


def active_learners_by_week(tables: Tables) -> list[Row]:
    return counted(tables, tables.whole_weeks(), tables.week_of)


def active_learners_by_month(tables: Tables) -> list[Row]:
    if not tables.days:
        return []
    month, months = min(day for _, day in tables.days).replace(day=1), []
    while (after := (month + 31 * DAY).replace(day=1)) <= tables.complete_through + DAY:
        months.append(month)
        month = after
    return counted(tables, months, lambda day: day.replace(day=1))


def weekly_percentiles(tables: Tables) -> list[Row]:
    xp, seconds = defaultdict(list), defaultdict(list)
    for _, week, _, earned, learned, *_ in learner_weeks(tables):
        xp[week].append(earned)
        seconds[week].append(learned)
    return [(week, len(xp[week]), *percentiles(seconds[week]), *percentiles(xp[week])) for week in xp]


def percentiles(values: list[int]) -> list[int]:
    return [sorted(values)[ceil(hundredths * len(values) / 100) - 1] for hundredths in HUNDREDTHS]


def quiz_pass_rate(tables: Tables) -> list[Row]:
    quizzes, passed = Counter[date](), Counter[date]()
    for _, week, *_, quizzes_of_week, passed_of_week in learner_weeks(tables):
        quizzes[week] += quizzes_of_week
        passed[week] += passed_of_week
    return [(week, n, passed[week], passed[week] / n if n else None) for week, n in quizzes.items()]


def levels_by_week(tables: Tables) -> list[Row]:
    counts: dict[date, Counter[int]] = defaultdict(Counter)
    for day, level in tables.levels:
        week = tables.week_of(day)
        if tables.newest_window_start and week >= tables.newest_window_start and tables.is_over(week):
            counts[week][level] += 1
    return [
        (week, level, levels[level], levels[level] / levels.total())
        for week, levels in counts.items()
        for level in (1, 2, 3, 4)
    ]


def retention_by_cohort(tables: Tables) -> list[Row]:
    first_week = {user: tables.week_of(first) for user, first, _ in first_and_last_dates(tables)}
    active = {(user, week) for user, week, *_ in learner_weeks(tables)}
    rows: list[Row] = []
    for cohort in sorted({*first_week.values()} & {*tables.whole_weeks()}):
        users = [user for user, week in first_week.items() if week == cohort]
        for since, week in enumerate(steps(cohort, WEEK, tables.is_over)):
            learners = sum((user, week) in active for user in users)
            rows.append((cohort, since, len(users), learners, learners / len(users)))
    return rows


def drop_off(tables: Tables) -> list[Row]:
    lasts = {user: last for user, _, last in first_and_last_dates(tables)}
    counts = Counter(
        max((tables.complete_through - lasts[user]).days, 0) // 7 if user in lasts else None for user in tables.users
    )
    return [(weeks, learners, learners / len(tables.users)) for weeks, learners in counts.items()]


def streaks_now(tables: Tables) -> list[Row]:
    learners = Counter(length for length, _ in tables.streaks)
    at_risk = Counter(length for length, is_at_risk in tables.streaks if is_at_risk)
    return [(length, number, at_risk[length]) for length, number in learners.items()]


VIEWS: dict[str, Callable[[Tables], list[Row]]] = {
    view.__name__: view
    for view in (
        *(first_and_last_dates, learner_weeks, active_learners_by_day, active_learners_by_week),
        *(active_learners_by_month, weekly_percentiles, quiz_pass_rate, levels_by_week, retention_by_cohort),
        *(drop_off, streaks_now),
    )
}


def rows_of_view(connection: duckdb.DuckDBPyConnection, view: str, database: str = "") -> list[Row]:
    """What a view says itself, without the learners' keys, in order."""
    found = connection.execute(f"select * from {database}{view}")
    names = [column[0] for column in found.description or []]
    left_out = names.index("user_key") if "user_key" in names else len(names)
    return in_order(row[:left_out] + row[left_out + 1 :] for row in found.fetchall())


def in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=repr)
