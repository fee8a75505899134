"""UTC days: ranges of them, and how far the streams have landed."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from warehouse.configuration.configuration import Configuration, Stream

DAY = timedelta(days=1)


def days_between(first: date, last: date) -> list[date]:
    """Return every day from `first` to `last`, both included."""
    return [first + n * DAY for n in range((last - first).days + 1)]


def newest_day(configuration: Configuration, landed: Collection[tuple[str, date]]) -> date | None:
    """Return the last UTC day up to which every event stream has landed without a gap, None without `first_day`.

    Args:
        configuration: names the streams and `first_day`.
        landed: the streams and days that have landed, such as the keys of `Lake.landings`.
    """
    landed = set(landed)
    day = configuration.pulse.first_day
    while all((stream.name, day) in landed for stream in configuration.event_streams):
        day += DAY
    return None if day == configuration.pulse.first_day else day - DAY


def missing_days(stream: Stream, first: date, last: date, landed: Iterable[tuple[str, date]]) -> set[date]:
    """Return the days of `[first, last]` that a stream lacks, or has landed under another mapping (R23)."""
    landed = set(landed)
    return {day for day in days_between(first, last) if (stream.name, day) not in landed}
