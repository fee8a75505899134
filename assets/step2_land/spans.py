"""Which days are read in one query, and which are judged in one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from warehouse.lake.days import DAY

ROWS_AT_ONCE = 250_000  # days are judged together up to so many rows, and each at least by itself


def spans(days: Collection[date]) -> list[tuple[date, date]]:
    """Return the stretches of days, each as its first and last day, in order.

    A single day between two stretches is read with them: where `reads_wider`, both would read it, and its rows twice.
    """
    stretches: list[tuple[date, date]] = []
    for day in sorted(days):
        if stretches and day - stretches[-1][1] <= 2 * DAY:
            stretches[-1] = (stretches[-1][0], day)
        else:
            stretches.append((day, day))
    return stretches


def chunks(days: Sequence[date], rows_by_day: Mapping[date, int], rows_at_once: int) -> list[list[date]]:
    """Return the days in their order, in groups of at most `rows_at_once` rows, but of one day at least."""
    groups: list[list[date]] = []
    rows = 0
    for day in days:
        rows += rows_by_day.get(day, 0)
        if not groups or rows > rows_at_once:
            groups.append([])
            rows = rows_by_day.get(day, 0)
        groups[-1].append(day)
    return groups
