"""`/api/xp/learning-pulse/<date>`: why a date of a learner is what it is (R5, R15 to R18, R27 to R31).

The zone is that of the UTC day of the date's name. The landings are those of the UTC days that the date reaches, each
in the zone of that day, which after a move is another. A session that began on the day before reaches into it, too. A
row of a learner's own date is of that day alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from werkzeug.routing import BaseConverter

from serve.own_route import OwnRoute, QueryError
from serve.profile.profile import NAMES
from serve.profile.queries import date_of
from serve.version.open_version import OpenVersion
from serve.version.packed import Learner, Pulse
from warehouse import engine
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.identifiers import user_key
from warehouse.zones import is_zone, zone_info

QUERY = Path(__file__).with_suffix(".sql")
RULE = "/api/xp/learning-pulse/<date:day>"
DAY = timedelta(days=1)
NOTHING = [0] * len(NAMES)


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
    key = user_key(learner.user_id) if learner.is_known else -1
    parameters = {"user_key": key, "asked_date": day, "level_metric": version.level_metric}
    with version.cursor() as cursor:
        rows = cursor.execute(engine.sql(QUERY), parameters).fetchall()
    measures, level, cuts, population, zones, landings, restatements = rows[0]
    zone_on = partial(_zone_on, zones or [], learner.timezone)
    begins, ends = _between(day, zone_on(day))
    reached = {near for near in (day - DAY, day, day + DAY) if _is_reached(near, *_between(day, zone_on(near)))}
    of_measures = dict(zip(NAMES, measures or NOTHING, strict=True))
    body = {
        "date": asked,
        **of_measures,
        "level": level or 0,
        "score": of_measures[version.level_metric],
        "cuts": [cut for cut in cuts or [] if cut is not None],
        "population": population or "platform",
        "timezone": zone_on(day),
        "begins_at": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        "is_complete": asked <= version.complete_through(learner.timezone),
        "landings": [landing for landing in landings or [] if _reaches(landing, day, reached, streams)],
        "restatements": restatements or [],
    }
    return Pulse(orjson.dumps(body), learner.timezone, is_known=learner.is_known)


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
