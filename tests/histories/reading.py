"""Which days of a stream a run has to read, and which it must not: a night extracts a day or proves it (R23).

Every night looks back on its `lookback_days`. A day whose rows are what they were when it was extracted is not read
again, unless its mapping or who has been erased is another. Where a source spells instants as texts, the days on both
sides count too, so there is more than one right answer: at least these days, at most those.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tests.histories.retention import with_moved
from tests.histories.source import utc_day_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tests.histories.model import Model, StreamDay

BESIDE = 1  # days on each side that count where instants are texts
UNDATED = date.min  # stands for the day of rows that have none
Held = dict[date, list[str]]


class Days(NamedTuple):
    """Days of a stream.

    Args:
        least: those that a run has to read.
        most: those that it may read.
        planned: those that it reads or proves.
    """

    least: set[date]
    most: set[date]
    planned: set[date]

    def seen(self, read: Collection[date]) -> set[date]:
        """Make sure that a run read what it had to and nothing else; return the days that it has seen."""
        too_few, too_many = self.least - {*read}, {*read} - self.most
        assert not too_few, f"days were taken for unchanged and are not: {sorted(too_few)}"
        assert not too_many, f"days were read again and are unchanged: {sorted(too_many)}"
        return self.planned | {*read}


def days_to_read(model: Model, stream: str, planned: Collection[date], first: date) -> Days:
    """Return what a run reads of a stream, whose own days begin with `first`, before it does."""
    unread = {day for day in planned if day < first and _is_unchanged(model, stream, day, 0)}
    certain = set() if model.source.spells_otherwise else unread
    if model.source.dialect == "sqlite":
        certain = {day for day in certain if _is_unchanged(model, stream, day, BESIDE)}
    least, most = ({*with_moved(model, stream, sorted({*planned} - days))} for days in (unread, certain))
    return Days(least, most, {*planned})


def held(model: Model, stream: str, day: date) -> Held:
    """What the source holds of a day and of those beside it, also of learners who have been erased."""
    near: Held = {day + number * timedelta(days=1): [] for number in range(-BESIDE, BESIDE + 1)}
    for row in model.source.held(stream):
        if (of := utc_day_of(row)) in near:
            near[of].append(repr(row))
    return {of: sorted(rows) for of, rows in near.items()}


def replaced(before: Mapping[StreamDay, str], after: Mapping[StreamDay, str]) -> dict[str, set[date]]:
    """The days of each stream whose landings are others, by what their files are known by."""
    days: dict[str, set[date]] = {}
    for (stream, day), mark in after.items():
        if before.get((stream, day)) != mark and day != UNDATED:
            days.setdefault(stream, set()).add(day)
    return days


def _is_unchanged(model: Model, stream: str, day: date, beside: int) -> bool:
    seen, now = model.seen.get((stream, day)), held(model, stream, day)
    return (
        seen is not None
        and seen.mapping == model.setting.mapping
        and seen.erased == frozenset(model.suppressed)
        and all(seen.held[of] == rows for of, rows in now.items() if abs((of - day).days) <= beside)
    )
