"""`/api/xp/learning-pulse/<date>`: why a date of a learner is what it is (R5, R15 to R18, R27 to R31).

The zone is that of the UTC day of the date's name. The landings are those of the UTC days that the date reaches, each
in the zone of that day, which after a move is another. A session that began on the day before reaches into it, too. A
row of a learner's own date is of that day alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from werkzeug.routing import BaseConverter

from serve.own_route import OwnRoute, QueryError
from serve.profile.profile import NAMES, NOTHING
from serve.profile.queries import date_of
from serve.profile.years import year_of
from serve.version import packed
from serve.version.open_version import OpenVersion
from serve.version.packed import Learner, Pulse
from warehouse import engine
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.identifiers import user_key
from warehouse.zones import is_zone, zone_info

QUERY = Path(__file__).with_suffix(".sql")
RULE = "/api/xp/learning-pulse/<date:day>"
DAY = timedelta(days=1)
NO_LEARNER = -1  # keys of learners are positive
FIELDS = {
    "zone": ("from_day", "timezone"),
    "landing": ("stream", "day", "extracted_at", "proven_at"),
    "restatement": ("measure", "old", "new", "version", "reason"),
}


class Stored(NamedTuple):
    """What a version stores of a date of a learner, each in order.

    Args:
        zones: the day from which a zone is in force, and the zone.
        landings: of UTC days near the date, as the answer has them.
        restatements: of the date, as the answer has them.
    """

    zones: list[tuple[str, str]]
    landings: list[dict[str, Any]]
    restatements: list[dict[str, Any]]


class DateConverter(BaseConverter):
    """What may be a date; any other last part is a path that there is not."""

    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def route_of(configuration: Configuration) -> OwnRoute:
    """Return the route, still without the date that is asked for."""
    return OwnRoute(RULE, str, partial(day_of, configuration.streams), is_at_once=False)


def asking_for(route: OwnRoute, text: str) -> OwnRoute:
    """Return the route with the date that a path asks for; that it is one is judged after who asks."""
    return route._replace(asked=lambda _: date_of("The last part of the path", text).isoformat())


def day_of(streams: Mapping[str, Stream], version: OpenVersion, learner: Learner, asked: str) -> Pulse:
    """Return all that a version says of a learner's date.

    Args:
        streams: those of the configuration, by name.
        version: the version.
        learner: as it was looked up.
        asked: the date, ISO 8601.

    Raises:
        QueryError: the date is not among those that there are.
    """
    first_day, _ = version.need_profile()
    day, last = date.fromisoformat(asked), date.fromisoformat(learner.window_end)
    if not first_day - DAY <= day <= last:
        raise QueryError(f"There are dates from {first_day - DAY} to {last}")
    stored = _stored(version, learner, day)
    zone_on = partial(_zone_on, stored.zones, learner.timezone)
    begins, ends = _between(day, zone_on(day))
    reached = {near for near in (day - DAY, day, day + DAY) if _is_reached(near, *_between(day, zone_on(near)))}
    active_day, level, cuts, population = _active_day(version, learner, day)
    measures = dict(zip(NAMES, active_day, strict=True))
    body = {
        "date": asked,
        **measures,
        "level": level,
        "score": measures[version.level_metric],
        "cuts": cuts,
        "population": population,
        "timezone": zone_on(day),
        "begins_at": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        "is_complete": asked <= version.complete_through(learner.timezone),
        "landings": [landing for landing in stored.landings if _reaches(landing, day, reached, streams)],
        "restatements": stored.restatements,
    }
    return Pulse(orjson.dumps(body), learner.timezone, is_known=learner.is_known)


def _stored(version: OpenVersion, learner: Learner, day: date) -> Stored:
    """Read what a version stores of a date beside its measures, by one SQL statement."""
    parameters = {"user_key": user_key(learner.user_id) if learner.is_known else NO_LEARNER, "asked_date": day}
    stored: dict[str, list[dict[str, Any]]] = {"zone": [], "landing": [], "restatement": []}
    with version.cursor() as cursor:
        result = cursor.execute(engine.sql(QUERY), parameters)
        names = [column[0] for column in result.description or []]
        for part, *values in result.fetchall():
            fields = dict(zip(names[1:], values, strict=True))
            stored[part].append({name: fields[name] for name in FIELDS[part]})
    return Stored(
        sorted((zone["from_day"], zone["timezone"]) for zone in stored["zone"]),
        sorted(stored["landing"], key=itemgetter("day", "stream")),
        sorted(stored["restatement"], key=itemgetter("version", "measure")),
    )


def _active_day(version: OpenVersion, learner: Learner, day: date) -> tuple[list[int], int, tuple[int, ...], str]:
    """Return the measures, level, cuts and population of a date: of the window, or before it of its calendar year."""
    if day > date.fromisoformat(learner.window_end) - packed.DAYS * DAY:
        level, *measures = packed.active_day(learner, day) or [0, *NOTHING]
        return measures, level, learner.cuts, learner.population
    year = year_of(version, learner, day.year)
    level, *measures = packed.active_day(learner._replace(spelled_out=year.days, codes=b""), day) or [0, *NOTHING]
    return measures, level, year.cuts, year.population


def _zone_on(zones: Sequence[Sequence[str]], default: str, day: date) -> str:
    """Return the zone of a UTC day, of the days from which zones are in force, in order."""
    return next((timezone for from_day, timezone in reversed(zones) if from_day <= day.isoformat()), default)


def _between(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Return when a date begins and ends in a zone; in UTC if our zone data do not have the zone any more."""
    zone = zone_info(timezone if is_zone(timezone) else "UTC")
    begins, ends = (datetime.combine(each, time(), tzinfo=zone).astimezone(UTC) for each in (day, day + DAY))
    return begins, ends


def _is_reached(utc_day: date, begins: datetime, ends: datetime) -> bool:
    """Tell whether some of a UTC day is between two instants."""
    midnight = datetime.combine(utc_day, time(), tzinfo=UTC)
    return max(begins, midnight) < min(ends, midnight + DAY)


def _reaches(landing: Mapping[str, Any], asked: date, reached: set[date], streams: Mapping[str, Stream]) -> bool:
    """Tell whether a landing may have something of a date, some of which is on the UTC days that it reaches."""
    day, stream = date.fromisoformat(landing["day"]), streams.get(landing["stream"])
    if stream is not None and stream.has_own_dates:
        return day == asked
    return day in reached or (stream is not None and stream.kind == "sessions" and day + DAY in reached)
