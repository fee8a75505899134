"""Landings of days that a stream's source has purged since: they stay as they are, whatever the source has now (R23).

`keeps_days` says how long a source keeps its rows. A landed day that is older is *kept*: no run reads it, nothing
compares it, and it counts under whatever mapping it landed. Age is counted back from the stream's last landed day, or
from the last day of a run that goes beyond it. So it is a matter of lake and configuration, and of no clock (R24).
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import TypeAlias

from warehouse.configuration.configuration import Configuration, Stream
from warehouse.lake.days import DAY
from warehouse.lake.landing import Landing

StreamDay: TypeAlias = tuple[str, date]


def kept_days(stream: Stream, landed: Mapping[StreamDay, Landing], last: date | None = None) -> set[date]:
    """Return the landed days of a stream that its source no longer has.

    Args:
        stream: an event stream.
        landed: what has landed, under any mapping (`Lake.landed`). What the stream landed as another kind is not kept.
        last: the last day of a run.
    """
    oldest = oldest_day(stream, landed, last)
    return {
        day
        for (name, day), landing in landed.items()
        if name == stream.name and day < oldest and landing.kind in ("", stream.kind)
    }


def oldest_day(stream: Stream, landed: Collection[StreamDay], last: date | None = None) -> date:
    """Return the first UTC day that a stream's source still has; `date.min` where it purges nothing.

    Args:
        stream: an event stream.
        landed: what has landed, under any mapping.
        last: as for `kept_days`.
    """
    latest = max([day for name, day in landed if name == stream.name] + ([last] if last else []), default=date.min)
    return latest - stream.keeps_days * DAY if stream.keeps_days and latest > date.min else date.min


def counting(configuration: Configuration, landed: Mapping[StreamDay, Landing]) -> dict[StreamDay, Landing]:
    """Return the landings that count: those under the present mapping, and kept days under an earlier one (R23).

    Kept days count as soon as a day of today's source has landed under the present mapping. Before that the newest day
    would be one of them, and a version would end there.

    Args:
        configuration: the streams and their mappings.
        landed: every landing, under any mapping.
    """
    streams = configuration.event_streams
    fingerprints = {stream.name: stream.fingerprint for stream in streams}
    present = {key: landing for key, landing in landed.items() if landing.fingerprint == fingerprints[landing.stream]}
    for stream in streams:
        kept = kept_days(stream, landed) if stream.keeps_days else ()
        if any(name == stream.name and day not in kept for name, day in present):
            present |= {(stream.name, day): landed[stream.name, day] for day in kept}
    return present


def under_earlier_mapping(stream: Stream, landings: Mapping[StreamDay, Landing]) -> list[date]:
    """Return the days of a stream that count under an earlier mapping, in order.

    Args:
        stream: an event stream.
        landings: those that count.
    """
    present = stream.fingerprint
    return sorted(
        day for (name, day), landing in landings.items() if name == stream.name and landing.fingerprint != present
    )


def earlier_mapping_line(stream: Stream, days: Collection[date]) -> str:
    """Return what a person is told of days that keep an earlier mapping; there are some."""
    verb = "keeps" if len(days) == 1 else "keep"
    return f"{stream.name}: {_many(days)} {verb} an earlier mapping, because the source keeps {stream.keeps_days} days"


def left_alone_line(stream: Stream, days: Collection[date]) -> str:
    """Return what a person is told of days that were asked for and are not read; there are some."""
    verb = "stays as it" if len(days) == 1 else "stay as they"
    return (
        f"{stream.name}: {_many(days)} {verb} landed, because the source keeps {stream.keeps_days} days; "
        "`pulse backfill --accept-shrink` reads them all the same"
    )


def _many(days: Collection[date]) -> str:
    return f"{len(days)} days up to {max(days)}" if len(days) > 1 else f"1 day, {max(days)},"
