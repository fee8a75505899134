"""The order of `pulse explain`: who is meant, the date, the rows, the sums, and what the version says of it.

Nothing is written, no source is asked, and the run's lock is not taken. What is read is the lake: the landings that
count, the learners and their zones. Rows go through the models of step 4, so what is explained is what a night does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

import duckdb

from assets.erase.find_learner import connected
from assets.erase.learner_meant import learner_meant
from assets.examine.explain.explanation import Explanation, Status
from assets.examine.explain.parts import ExplainedRow, Piece, Source, Stretch, Sums
from assets.examine.explain.published import ExtractedAt, is_made_from, published_of
from assets.examine.explain.rows import (
    Wanted,
    days_of,
    explained_rows,
    make_learner_rows,
    make_rows_of_date,
    stretches_of,
    sums_of,
    undated_of,
    zone_on,
)
from assets.night.night import Night
from warehouse import engine, zones
from warehouse.errors import ConfigurationError, PulseError
from warehouse.lake.days import DAY
from warehouse.lake.learners import view_landed_users
from warehouse.lake.proofs import proofs_in, proven_at

STATUS = "select is_deleted from landed_users where reason is null and user_id = $user_id"
RESTATED = """
select measure, old, new, version, reason from {} where user_id = $user_id and activity_date = $asked_date::date
order by try_cast(split_part(version, '-', 5) as bigint), measure
"""


@dataclass(frozen=True)
class OfLake:
    """What the lake says of the date.

    Args:
        status: that of the learner.
        stretches: the UTC days, or parts of them, that lie on the date.
        undated: the learner's rows without an instant, by stream.
        rows: those of the date.
        pieces: what of each session lies on it.
        merged: their union.
        sums: what the rows add up to.
    """

    status: Status
    stretches: Sequence[Stretch]
    undated: Sequence[tuple[str, str]]
    rows: Sequence[ExplainedRow] = ()
    pieces: Sequence[Piece] = ()
    merged: Sequence[Piece] = ()
    sums: Sums = field(default_factory=Sums)


def explain(night: Night, user_id: str, day: date) -> Explanation:
    """Explain a date of a learner by the rows of the lake.

    Args:
        night: whose lake and warehouse.
        user_id: the id as a source spells it, or as the lake does (`learner_meant`).
        day: the local date, in the zone that the learner had then.

    Raises:
        ConfigurationError: the lake has no such date.
        DamagedError: the list of erased learners, the pointer or a file is not what we put there.
        PulseError: nothing has landed, or the learner is unknown; a learner who is erased is unknown, too.
    """
    learner = learner_meant(night.configuration, user_id)
    wanted = Wanted(night, _newest_day(night), learner, day)
    _refuse_other_dates(wanted)
    unknown = (
        f"learner {user_id!r} is unknown: no users, and no rows near {day}, have this id; type it as the source does"
    )
    if night.erased_learners().holds(learner):
        raise PulseError(unknown)
    with connected(night) as connection:
        status = _status(connection, wanted)
        stretches = stretches_of(connection, wanted)
        undated = undated_of(connection, wanted)
        if make_learner_rows(connection, wanted, stretches):
            return _explanation(connection, wanted, _counted(connection, wanted, OfLake(status, stretches, undated)))
        if status == "unknown":
            raise PulseError(unknown)
        return _explanation(connection, wanted, OfLake(status, stretches, undated))


def _newest_day(night: Night) -> date:
    if night.newest_day is None or not night.lake.users.exists():
        raise PulseError("nothing can be explained: not every stream has landed first_day; run `pulse nightly`")
    return night.newest_day


def _refuse_other_dates(wanted: Wanted) -> None:
    """Refuse what no UTC day of the lake can reach, wherever a learner is."""
    first, last = wanted.night.configuration.pulse.first_day - DAY, wanted.newest + DAY
    if not first <= wanted.day <= last:
        raise ConfigurationError([f"DATE: {wanted.day} is not in the lake; there are dates from {first} to {last}"])


def _status(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> Status:
    view_landed_users(connection, wanted.night.lake)
    rows = connection.execute(STATUS, {"user_id": wanted.user_id}).fetchall()
    if not rows:
        return "unknown"
    return "deleted" if rows[0][0] else "known"


def _counted(connection: duckdb.DuckDBPyConnection, wanted: Wanted, so_far: OfLake) -> OfLake:
    """Add the rows of the date, and for a learner who counts what they add up to."""
    pieces, merged = make_rows_of_date(connection, wanted)
    rows = explained_rows(connection, wanted, so_far.status)
    if so_far.status != "known":
        return replace(so_far, rows=rows)
    return replace(so_far, rows=rows, pieces=pieces, merged=merged, sums=sums_of(connection, wanted, so_far.stretches))


def _explanation(connection: duckdb.DuckDBPyConnection, wanted: Wanted, lake: OfLake) -> Explanation:
    timezone, now = (zone_on(connection, wanted, day) for day in (wanted.day, wanted.newest))
    data_through = datetime.combine(wanted.newest + DAY, time())
    published, extracted_at = published_of(wanted.night, wanted.user_id, wanted.day)
    counting = [row for row in lake.rows if row.reason is None]
    return Explanation(
        user_id=wanted.user_id,
        status=lake.status,
        day=wanted.day,
        timezone=timezone,
        begins_at=zones.to_utc(datetime.combine(wanted.day, time()), timezone),
        ends_at=zones.to_utc(datetime.combine(wanted.day + DAY, time()), timezone),
        is_complete=wanted.day < zones.local_date(now, data_through),
        stretches=lake.stretches,
        counting=counting,
        not_counting=[row for row in lake.rows if row.reason is not None],
        undated=lake.undated,
        pieces=lake.pieces,
        merged=lake.merged,
        sums=lake.sums,
        is_covered=any(row.kind == "freezes" for row in counting),
        score_metric=wanted.night.configuration.pulse.level_metric,
        sources=_sources(wanted, lake.stretches, extracted_at),
        restatements=_restatements(connection, wanted),
        newest_day=wanted.newest,
        published=published,
    )


def _sources(wanted: Wanted, stretches: Sequence[Stretch], extracted_at: ExtractedAt) -> list[Source]:
    night, proofs = wanted.night, proofs_in(wanted.night.lake)
    landings = [
        night.landings[stream.name, day]
        for stream in night.configuration.event_streams
        for day in days_of(stream, wanted, stretches)
        if day <= wanted.newest
    ]
    return [
        Source(
            landing.stream,
            landing.day,
            landing.extracted_at,
            proven_at(landing, proofs),
            is_in_version=is_made_from(extracted_at, landing),
        )
        for landing in landings
    ]


def _restatements(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> list[dict[str, Any]]:
    """Return what versions have restated of the date, oldest first."""
    lake = wanted.night.lake
    if not lake.restatements.exists():
        return []
    parameters = {"user_id": wanted.user_id, "asked_date": wanted.day}
    result = connection.execute(RESTATED.format(engine.files([lake.restatements])), parameters)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
