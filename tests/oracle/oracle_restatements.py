"""The independent oracle of restatements: two worlds, the one of the version before and the one of the next.

As slow and obvious as `oracle.py`, and like it without anything of the product. It follows the word *restatement* in
docs/RULES.md: the measures of a learner's date are another number in the later world, and the date was over in both.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.oracle import oracle
from tests.oracle.oracle import MEASURES, Result, Row, World, local_dates, utc_day, worked_out, zone_of

if TYPE_CHECKING:
    from tests.oracle.oracle import Stream

DAY = timedelta(days=1)


def restatements(before: World, after: World) -> list[Row]:
    """Every (user_id, activity_date, measure, old, new, reason) that the second world's version restates."""
    then, now = worked_out(before), worked_out(after)
    found: list[Row] = []
    for user in sorted(then.history.keys() & now.history.keys()):
        for day in sorted(then.history[user].keys() | now.history[user].keys()):
            if day > min(last_complete(before, then, user), last_complete(after, now, user)):
                continue
            nothing = (0,) * len(MEASURES)
            old, new = then.history[user].get(day, nothing), now.history[user].get(day, nothing)
            found += [
                (user, day, measure, old[n], new[n], reason((before, then), (after, now), user, day))
                for n, measure in enumerate(MEASURES)
                if old[n] != new[n]
            ]
    return oracle.sorted_rows(found)


def last_complete(world: World, result: Result, user: str) -> date:
    """The last date of a learner of which no instant is still to come, in the zone in force on the newest day."""
    timezone = zone_of(world, result.learners, user, world.newest_day)
    coming = [piece for n in (1, 2) for piece in local_dates(timezone, world.newest_day + n * DAY)]
    return min(local for _, _, local in coming) - DAY


def reason(one: tuple[World, Result], other: tuple[World, Result], user: str, local: date) -> str:
    """Why a date is restated: another zone on a UTC day that it draws from, other rows of one, or else a rule."""
    of_source = False
    (before, then), (after, now) = one, other
    for day in (local - DAY, local, local + DAY):
        zones = [zone_of(before, then.learners, user, day), zone_of(after, now.learners, user, day)]
        is_there = any(world.first_day <= day <= world.newest_day for world in (before, after))
        reached = [date_ for name in zones for _, _, date_ in local_dates(name, day)]
        if not is_there or local not in (day, *reached):
            continue
        if zones[0] != zones[1]:
            return "zone"
        of_source = of_source or has_other_rows(before, after, day)
    return "source" if of_source else "rule"


def has_other_rows(before: World, after: World, day: date) -> bool:
    """Whether a stream of both worlds has other rows on a UTC day; sessions of the day before reach into it."""
    first, last = max(before.first_day, after.first_day), min(before.newest_day, after.newest_day)
    return any(
        first <= other <= last and rows_of(before, stream, other) != rows_of(after, stream, other)
        for stream in before.streams
        if stream in after.streams and stream.kind != "freezes"
        for other in ((day - DAY, day) if stream.kind == "sessions" and first <= day <= last else (day,))
    )


def rows_of(world: World, stream: Stream, day: date) -> list[str]:
    """The raw rows of a stream's UTC day, in one order."""
    found = []
    for row in world.rows.get(stream.name, ()):
        at = oracle.starting_instant(stream, row)
        if at is not None and utc_day(at) == day:
            found.append(repr(sorted(row.items())))
    return sorted(found)
