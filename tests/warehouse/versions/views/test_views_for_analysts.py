"""The views for analysts against plain Python: random rows in the tables of a version, every view, every row.

What a view gives after nights of the product is the matter of golden cases, and of
`tests/documents/analyse/test_analyse_page.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.running.replay import key_of
from tests.warehouse.versions.views.plain_views import VIEWS, in_order, rows_of_view, tables_of
from warehouse.versions import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST = date(2025, 10, 27)  # a Monday; on 2 November 63 weeks end, which `retention_by_cohort` counts in one number
DAYS = 70
LEARNERS = ("ann", "Ben", "zoé", "o'brien", "7", "idle", "late")
INFO = """
    insert into old.version_info
    select 'v', now(), $complete_through, now(), '', 6, $first, $first, 'UTC', $first, 'xp_earned', 5,
        0, 0, 0, 0, 0, 0, '', '', $week_start
"""
TOTALS = "insert into old.pulse_totals values (?, ?, ?, ?, ?, 2026, 0, 0, 0, 0, 0, 0, null, null, null, 'own')"


@dataclass(frozen=True)
class World:
    """Rows of a version; a date is the number of days since `FIRST`."""

    complete_through: int
    week_start: str = "sunday"
    users: Sequence[str] = LEARNERS
    days: dict[tuple[str, int], tuple[int, int, int, int, int]] = field(default_factory=dict)
    window_starts: Sequence[int] = (0,) * len(LEARNERS)
    streaks: Sequence[tuple[int, bool]] = ((0, False),) * len(LEARNERS)


MEASURES = st.tuples(*[st.integers(0, 9)] * 3, st.integers(4, 9), st.integers(0, 4))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    users = draw(st.lists(st.sampled_from(LEARNERS), min_size=1, unique=True))
    dates = st.tuples(st.sampled_from(users), st.integers(0, DAYS))
    return World(
        complete_through=draw(st.integers(-3, DAYS)),
        week_start=draw(st.sampled_from(("sunday", "monday"))),
        users=users,
        days=draw(st.dictionaries(dates, MEASURES, min_size=5, max_size=60)),
        window_starts=[draw(st.integers(-300, 40)) for _ in users],
        streaks=[(draw(st.integers(0, 3)), draw(st.booleans())) for _ in users],
    )


def written(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    """Write a world into the tables of a version, each large table in its order."""
    connection.execute("attach ':memory:' as old")
    schema.create(connection, "old")
    day = timedelta(days=1)
    moments = {"complete_through": FIRST + world.complete_through * day, "first": FIRST}
    connection.execute(INFO, {**moments, "week_start": world.week_start})
    rows = sorted((key_of(user), user, FIRST + number * day, *world.days[user, number]) for user, number in world.days)
    users = sorted((key_of(user), user) for user in world.users)
    for row in rows:
        connection.execute("insert into old.daily_activity values (?, ?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute("insert into old.learning_pulse values (?, ?, ?, ?, ?, ?, ?, ?, ?)", [*row, row[3] % 4 + 1])
    for (key, user), start, (length, is_at_risk) in zip(users, world.window_starts, world.streaks, strict=False):
        connection.execute("insert into old.users values (?, null, 'UTC', false, ?)", [user, key])
        window = [FIRST + start * day, FIRST + (start + 364) * day]
        totals = (
            f"insert into old.pulse_totals values (?, ?, ?, ?, ?, 2026, {', '.join('0' * 6)}, null, null, null, 'own')"
        )
        connection.execute(totals, [key, user, *window, window[1]])
        connection.execute(
            "insert into old.streaks values (?, ?, ?, ?, null, ?, 0, 0)", [key, user, length, 9, is_at_risk]
        )


@settings(max_examples=settings().max_examples)
@given(worlds())
@example(World(complete_through=30, users=()))  # no learner
@example(World(complete_through=30))  # learners, none of whom was ever active
@example(World(complete_through=-3, users=["ann"], days={("ann", 0): (1, 0, 0, 0, 0)}))  # not over
@example(World(complete_through=28, users=["ann"], days={("ann", 0): (1, 0, 0, 0, 0)}))  # when November is over
@example(World(8, "monday", ["ann"], {("ann", day): (day, 9, 1, 4, day % 4) for day in range(20)}))
@example(World(8, "sunday", ["ann"], {("ann", day): (day, 9, 1, 4, day % 4) for day in range(20)}))
def test_every_view_is_what_plain_python_says(world: World) -> None:
    """Whatever the name is by which a version is attached, and on whatever weekday it ends."""
    with duckdb.connect() as connection:
        written(connection, world)
        for _ in range(7):
            tables = tables_of(connection, "old.")
            for view, expected in VIEWS.items():
                assert rows_of_view(connection, view, "old.") == in_order(expected(tables)), view
            connection.execute("update old.version_info set complete_through = complete_through + 1")


def test_every_view_but_those_of_the_pulse_is_compared() -> None:
    assert {table.name for table in schema.tables() if table.is_view} - {*VIEWS} == {
        "learning_pulse_calendar",
        "yearly_pulse",
    }


def test_a_version_without_a_profile_has_all_views_but_that_of_streaks() -> None:
    left_out = {table.name for table in schema.tables()} - {table.name for table in schema.tables(has_profile=False)}
    assert left_out & {*VIEWS} == {"streaks_now"}
