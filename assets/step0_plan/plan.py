"""Before step 1: which days a run extracts from which stream (R23)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from assets.night.night import Night
from warehouse import clock
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.errors import ConfigurationError
from warehouse.lake.days import DAY, days_between, missing_days
from warehouse.lake.kept import kept_days


@dataclass(frozen=True)
class Run:
    """What a run is for.

    Args:
        first: the first UTC day that was asked for; a night's first day is its last.
        last: the last one.
        streams: the event streams to extract; none named means all of them, and the learners.
        accepted: guards that an operator lets through, `accept_shrink` or `accept_quarantine`.
        days: exactly these days of these streams, whatever R23 says; None for what R23 says.
    """

    first: date
    last: date
    streams: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    days: Mapping[str, tuple[date, ...]] | None = None


def planned(
    configuration: Configuration,
    first: date,
    last: date,
    *,
    stream: str | None = None,
    accepted: Iterable[str] = (),
) -> Run:
    """Check what was asked for and clamp it to `first_day`.

    Raises:
        ConfigurationError: a day that is not over, an empty range, a range before `first_day`, an unknown stream.
    """
    yesterday = clock.last_day_over()
    first_day = configuration.pulse.first_day
    names = [event_stream.name for event_stream in configuration.event_streams]
    mistakes = []
    if last > yesterday:
        mistakes.append(f"{last} is not over (UTC); the last day that can be extracted is {yesterday}")
    if first > last:
        mistakes.append(f"the range from {first} to {last} is empty; put the earlier day first")
    if last < first_day:
        mistakes.append(f"{last} is before first_day ({first_day}); ask for a later day or change pulse.first_day")
    if stream is not None and stream not in names:
        mistakes.append(f'there is no event stream "{stream}"; there are {", ".join(names)}')
    if mistakes:
        raise ConfigurationError(mistakes)
    return Run(max(first, first_day), last, (stream,) if stream else (), tuple(accepted))


def days_to_extract(night: Night, run: Run, stream: Stream) -> list[date]:
    """Return the days that a run extracts from a stream: the run's, the lookback, and the missing ones (R23).

    Args:
        night: `first_day`, `lookback_days`, and what has landed.
        run: the run.
        stream: an event stream.
    """
    if run.days is not None:
        return sorted(run.days.get(stream.name, ()))
    if run.streams and stream.name not in run.streams:
        return []
    pulse = night.configuration.pulse
    looked_back = max(pulse.first_day, run.first - pulse.lookback_days * DAY)
    missing = missing_days(stream, pulse.first_day, run.last, night.landings)
    return sorted({*days_between(looked_back, run.last), *missing} - left_alone(night, run, stream))


def looked_back_on(run: Run, days: Iterable[date]) -> set[date]:
    """Return which of the days of `days_to_extract` a run need not read if nothing of them has changed (R23).

    Those are the days before its own; of a run over exactly these days there are none.
    """
    return {day for day in days if run.days is None and day < run.first}


def left_alone(night: Night, run: Run, stream: Stream) -> set[date]:
    """Return the landed days that a run does not read because the source has purged them (`keeps_days`, R23).

    Args:
        night: as for `days_to_extract`.
        run: the run; where `accept_shrink` is let through, the days that were asked for are read all the same.
        stream: an event stream.
    """
    asked_for = days_between(run.first, run.last) if "accept_shrink" in run.accepted else []
    return kept_days(stream, night.landed, run.last) - set(asked_for)


def first_partition(night: Night, run: Run) -> date:
    """Return the first of the days that a run will extract from any stream; its last is the run's last."""
    streams = night.configuration.event_streams
    days = [day for stream in streams for day in days_to_extract(night, run, stream)[:1]]
    return min([run.first, *days])
