"""The grid of page and picture: weeks as columns, weekdays as rows, every date in one cell.

The look of the cells is in `templates/`, their texts are in `words.toml`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

from serve.public.public_pulse import PublicPulse
from warehouse.zones import DAY

WEEK = 7
FIRST_WEEKDAY = {"monday": 0, "sunday": 6}  # as Python numbers them, Monday being 0

WeekStart = Literal["sunday", "monday"]


@dataclass(frozen=True)
class Cell:
    """A date with its level, 0 to 4, and whether it is over (R12)."""

    day: date
    level: int
    is_complete: bool = True


@dataclass(frozen=True)
class Heatmap:
    """A window, or a calendar year, as a grid.

    Args:
        weeks: the first date of each column, oldest first; the first may lie before all dates.
        weekdays: the weekday of each row, Monday being 0.
        rows: for each weekday a cell per week, None where no date is shown.
        months: the first date of each month and how many weeks end in it, oldest first.
        active: the first date of each month with active days, and these days; the newest first.
        newest: the newest date that is over, the one that the page shows first; the first one if none is.
        unfinished: the dates after it, oldest first; none where data through is a midnight of the learner's.
    """

    weeks: Sequence[date]
    weekdays: Sequence[int]
    rows: Sequence[Sequence[Cell | None]]
    months: Sequence[tuple[date, int]]
    active: Sequence[tuple[date, Sequence[Cell]]]
    newest: Cell
    unfinished: Sequence[Cell]


def heatmap(pulse: PublicPulse, week_start: WeekStart) -> Heatmap:
    """Lay out a learner's window, or calendar year.

    Args:
        pulse: what is shown.
        week_start: the first row.
    """
    first_weekday = FIRST_WEEKDAY[week_start]
    first = pulse.window_start - (pulse.window_start.weekday() - first_weekday) % WEEK * DAY
    weeks = [first + n * DAY for n in range(0, (pulse.window_end - first).days + 1, WEEK)]
    cells = {day: _cell(pulse, day) for day in pulse.days}
    rows = [[cells.get(week + row * DAY) for week in weeks] for row in range(WEEK)]
    weekdays = [(first_weekday + row) % WEEK for row in range(WEEK)]
    newest = cells[max(pulse.window_start, min(pulse.last_complete_date, pulse.window_end))]
    unfinished = [cell for cell in cells.values() if not cell.is_complete]
    return Heatmap(weeks, weekdays, rows, _months(weeks, pulse.window_end), _active(pulse), newest, unfinished)


def _cell(pulse: PublicPulse, day: date) -> Cell:
    return Cell(day, pulse.levels.get(day, 0), day <= pulse.last_complete_date)


def _months(weeks: Sequence[date], window_end: date) -> list[tuple[date, int]]:
    ends = [min(week + (WEEK - 1) * DAY, window_end) for week in weeks]
    return [(month, len(list(group))) for month, group in groupby(ends, key=lambda end: end.replace(day=1))]


def _active(pulse: PublicPulse) -> list[tuple[date, Sequence[Cell]]]:
    cells = [_cell(pulse, day) for day in reversed(pulse.levels)]
    return [(month, list(group)) for month, group in groupby(cells, key=lambda cell: cell.day.replace(day=1))]
