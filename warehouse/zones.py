"""Time zones: names, offsets and their changes, from the locked `tzdata` wheel and nowhere else (R4).

The system's copies are never read, and DuckDB's own zone functions are never used. SQL joins the segments that
`segments` returns. The same data turn a source's local times into instants (R1).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import metadata, resources
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which a zone's offset does not change.

    Args:
        zone: an IANA name.
        from_utc: its first instant, UTC without a zone attached, as DuckDB's TIMESTAMP.
        until_utc: the instant after its last.
        offset: local time minus UTC.
    """

    zone: str
    from_utc: datetime
    until_utc: datetime
    offset: timedelta


@cache
def names() -> frozenset[str]:
    """Return every zone name that the wheel knows, as it spells them."""
    return frozenset((resources.files("tzdata") / "zones").read_text(encoding="utf-8").split())


def is_zone(name: str | None) -> bool:
    """Say whether a text is an IANA name, to the letter (R4)."""
    return name in names()


@cache
def data_version() -> str:
    """Return the version of the zone data, such as `2026.6`; like the data, as it was when this process first asked."""
    return metadata.version("tzdata")


@cache
def zone_info(name: str) -> ZoneInfo:
    """Return the wheel's data of one zone.

    Args:
        name: one of `names()`.
    """
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def to_utc(local: datetime, zone: str) -> datetime:
    """Turn a local time without a zone into its instant, UTC without a zone attached (R1).

    An ambiguous time is the earlier instant; one that does not exist moves forward by the length of the gap.

    Raises:
        OverflowError: the instant is outside of the years 1 to 9999.
    """
    return local.replace(tzinfo=zone_info(zone), fold=0).astimezone(UTC).replace(tzinfo=None)


def segments(zone: str, from_utc: datetime, until_utc: datetime) -> list[Segment]:
    """Return the segments of a zone that cover `[from_utc, until_utc)`, in order and without a gap."""
    changes = [change for year in range(from_utc.year, until_utc.year + 1) for change in _changes(zone, year)]
    borders = [from_utc, *(change for change in changes if from_utc < change < until_utc), until_utc]
    return [Segment(zone, start, end, _offset(zone, start)) for start, end in pairwise(borders)]


def local_date(zone: str, instant: datetime) -> date:
    """Return the date that a zone has at an instant (UTC without a zone attached)."""
    return (instant + _offset(zone, instant)).date()


@cache
def _changes(zone: str, year: int) -> tuple[datetime, ...]:
    """Every instant of a UTC year at which the zone's offset changes; no zone changes twice within one day."""
    start = datetime(year, 1, 1)  # noqa: DTZ001 - UTC without a zone attached, as everywhere below
    days = [start + n * DAY for n in range((date(year, 12, 31) - date(year, 1, 1)).days + 2)]
    offsets = [_offset(zone, day) for day in days]
    return tuple(
        _change_within(zone, days[n], days[n + 1]) for n in range(len(days) - 1) if offsets[n] != offsets[n + 1]
    )


def _change_within(zone: str, before: datetime, after: datetime) -> datetime:
    """The first instant, to the second, that has the offset of `after`."""
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _offset(zone: str, instant: datetime) -> timedelta:
    offset = instant.replace(tzinfo=UTC).astimezone(zone_info(zone)).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one
    return offset
