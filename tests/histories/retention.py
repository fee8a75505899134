"""What the model knows of sources that purge, of instants that move, and of mappings that change (R23).

A stream's landed days that its source has purged stay as they were seen, and count under an earlier mapping. Days from
which events have moved are seen again.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from tests.oracle.oracle import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.histories.model import Model, StreamDay
    from tests.histories.source import Row
    from tests.oracle.oracle import Stream

MORE_THAN_LOOKBACK = (None, None, 1, 1, 2)  # for how many more days a source keeps its rows


class Retention(NamedTuple):
    """What a configuration says of its sources' rows: for how many days they stay, and which move."""

    keeps_days: Mapping[str, int]
    moving: frozenset[str]

    def keys(self, stream: str) -> list[str]:
        """The lines of a stream's section."""
        keeps = [f"keeps_days = {self.keeps_days[stream]}"] if stream in self.keeps_days else []
        return keeps + (["moves = true"] if stream in self.moving else [])


def retention_of(seed: int, streams: Iterable[Stream], lookback_days: int) -> Retention:
    """What the streams of a seed's world say."""
    random = Random(f"retention of {seed}")
    more = {stream.name: random.choice(MORE_THAN_LOOKBACK) for stream in streams}
    moving = frozenset(name for name in more if random.random() < 0.4)
    return Retention({name: lookback_days + days for name, days in more.items() if days}, moving)


def oldest_day(model: Model, stream: str, last: date | None = None) -> date:
    """The first day that a source still has, counted back from the last one that landed, or that a run is for."""
    keeps_days = model.setting.retention.keeps_days.get(stream)
    latest = [day for name, day in model.seen if name == stream] + ([last] if last else [])
    return max(latest) - timedelta(days=keeps_days) if keeps_days and latest else date.min


def kept(model: Model, stream: str, last: date | None = None) -> set[date]:
    """The days that have landed and that no run reads."""
    oldest = oldest_day(model, stream, last)
    return {day for name, day in model.seen if name == stream and day < oldest}


def counting(model: Model) -> set[StreamDay]:
    """The stream's days that count: under the present mapping, and kept ones once a day after them is under it."""
    present = {key for key, seen in model.seen.items() if seen.mapping == model.setting.mapping}
    for stream in model.setting.streams:
        days = kept(model, stream.name)
        if any(name == stream.name and day not in days for name, day in present):
            present |= {(stream.name, day) for day in days}
    return present


def with_moved(model: Model, stream: str, wanted: Sequence[date]) -> list[date]:
    """Days, and where the stream's instants move, those in whose landings an id of them stands, and so on."""
    read, just_read = {*wanted}, {*wanted}
    if stream not in model.setting.retention.moving or not wanted:
        return sorted(read)
    others = {day for name, day in counting(model) if name == stream} - kept(model, stream, max(wanted)) - read
    while just_read:
        ids = {event_id for day in just_read for event_id in _ids(model.rows_of(stream, day))}
        just_read = {day for day in others - read if ids & _ids(model.seen[stream, day].rows)}
        read |= just_read
    return sorted(read)


def _ids(rows: Iterable[Row]) -> set[str]:
    return {event_id for row in rows if (event_id := identifier(row["event_id"])[0])}
