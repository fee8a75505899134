"""Step 4: roll up a UTC day's landings, to one row per learner and local date (R5 to R10).

A day's activity is stale when one of four things differs from what it was made with. These are its landings, the zone
in force of a learner in it, the default zone and the zone data. Every night and every build first makes the stale days
again. No activity that a version is made of has a learner on the list of erased learners.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import duckdb

from assets.erase.unfinished import leave_out_erased
from assets.night.night import Night
from assets.step2_land.spans import chunks
from warehouse import engine, zones
from warehouse.configuration.configuration import Configuration
from warehouse.crash_points import reached
from warehouse.disk.files import written_beside
from warehouse.lake.days import DAY, days_between
from warehouse.lake.footers import PARQUET
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing

ACTIVITY = Path(__file__).with_suffix(".sql")
ZONE_NUMBERS = Path(__file__).with_name("zone_numbers.sql")
ZONE_RECORDS = Path(__file__).with_name("zone_records.sql")
SESSION_DAYS = Path(__file__).with_name("session_days.sql")
UNION = Path(__file__).with_name("union.sql")
LOCAL_DATES = Path(__file__).with_name("local_dates.sql")
ZONES_IN_FORCE = Path(__file__).with_name("zones_in_force.sql")
CUT_IN_ANOTHER_ZONE = Path(__file__).with_name("cut_in_another_zone.sql")

ROWS_AT_ONCE = 2_000_000  # days are rolled up together up to so many rows, and each at least by itself

WRITE_ACTIVITY = f"""
copy (select * from activity where day = $day order by user_key, activity_date, zone)
to $file ({PARQUET})
"""
CONTENT = "select day, count(*), rows_hash(activity) from activity group by day"


@dataclass(frozen=True)
class Rolled:
    """What rolling up did.

    Args:
        days: the stale days that were made again, in order, with the rows of each.
    """

    days: Mapping[date, int]


def roll_up(night: Night) -> Rolled:
    """Make the activity of every stale day up to the newest day, without learners who have been erased.

    Args:
        night: what has landed, and the default zone.

    Raises:
        PulseError: who has been erased is not known.
    """
    rolled = _roll_up_stale(night)
    if leave_out_erased(night):
        rolled |= _roll_up_stale(night.read_again())
    return Rolled(rolled)


def _roll_up_stale(night: Night) -> dict[date, int]:
    if night.newest_day is None:
        return {}
    default, streams = night.configuration.pulse.default_timezone, night.configuration.event_streams
    with night.connect() as connection:
        make_zones_in_force(connection, night.lake, default)
        stale = _stale_days(connection, night, night.newest_day)
        if stale:
            make_zone_segments(connection, [default], stale[0], stale[-1] + DAY)
            make_zone_records(connection, default)
        rows = {day: sum(night.landings[stream.name, day].rows for stream in streams) for day in stale}
        written: dict[date, int] = {}
        with night.progress.step("activity", len(stale)) as summarize:
            for chunk in chunks(stale, rows, ROWS_AT_ONCE):
                for day, rows_of_day in _roll_up_days(connection, night, chunk):
                    written[day] = rows_of_day
                    night.progress.advance()
            summarize(f"{len(written)} days rolled up")
    return written


def make_zones_in_force(connection: duckdb.DuckDBPyConnection, lake: Lake, default_timezone: str) -> None:
    """Make the table `zones_in_force` (user_id, zone, from_day, until_day) from the zones over time (R3, R4).

    Args:
        connection: where the table is made; a bad zone appears in it as the default zone.
        lake: where the zones over time are.
        default_timezone: the zone of learners without a good one.
    """
    connection.execute("create or replace temp table recorded_zones (user_id varchar, zone varchar, from_day date)")
    if lake.zones.exists():
        read = f"insert into recorded_zones select user_id, zone, from_day from {engine.files([lake.zones])}"
        connection.execute(read)
    parameters = {"zone_names": sorted(zones.names()), "default_timezone": default_timezone}
    query = engine.sql(ZONES_IN_FORCE)
    connection.execute(f"create or replace temp table zones_in_force as {query}", parameters)


def make_zone_segments(
    connection: duckdb.DuckDBPyConnection,
    default_timezones: Collection[str],
    from_day: date,
    until_day: date,
    tables: Collection[str] = ("zones_in_force",),
) -> None:
    """Make the table `zone_segments` (zone, from_utc, until_utc, utc_offset) for the zones in `zones_in_force` (R4).

    Args:
        connection: where the table is made.
        default_timezones: covered too, for learners who are not known.
        from_day: the first UTC day to cover.
        until_day: the UTC day after the last.
        tables: those whose column `zone` has the zones.
    """
    query = " union ".join(f"select zone from {table}" for table in tables)
    names = {row[0] for row in connection.execute(query).fetchall()}
    start, end = datetime.combine(from_day, time()), datetime.combine(until_day, time())
    segments = [
        segment for zone in sorted(names.union(default_timezones)) for segment in zones.segments(zone, start, end)
    ]
    engine.create(
        connection,
        "zone_segments",
        zone=[segment.zone for segment in segments],
        from_utc=[segment.from_utc for segment in segments],
        until_utc=[segment.until_utc for segment in segments],
        utc_offset=[segment.offset for segment in segments],
    )


def make_zone_records(connection: duckdb.DuckDBPyConnection, default_timezone: str) -> None:
    """Make `zone_numbers`, and `zone_records`: `zones_in_force` with numbers, by which rows are joined and grouped.

    Args:
        connection: where the tables are made; has `zones_in_force`.
        default_timezone: the zone of learners who are not known; its number is 0.
    """
    connection.execute(
        f"create or replace temp table zone_numbers as {engine.sql(ZONE_NUMBERS)}",
        {"default_timezone": default_timezone},
    )
    connection.execute(f"create or replace temp table zone_records as {engine.sql(ZONE_RECORDS)}")


def make_local_dates(connection: duckdb.DuckDBPyConnection, days: Sequence[date]) -> None:
    """Make the tables `wanted_days` and `local_dates`, which say what local date it is when on these days (R5).

    Args:
        connection: where the tables are made; has `zone_numbers`, and `zone_segments` that cover the days.
        days: UTC days.
    """
    engine.create(connection, "wanted_days", day=list(days))
    connection.execute(f"create or replace temp table local_dates as {engine.sql(LOCAL_DATES)}")


def make_activity(connection: duckdb.DuckDBPyConnection, default_timezone: str) -> None:
    """Make the tables `session_days` and `activity`, of the days in `wanted_days`.

    Args:
        connection: has `landings`, `wanted_days`, `local_dates` and `zone_records`.
        default_timezone: the zone of learners without a good one.
    """
    connection.execute(f"create or replace temp table session_days as {engine.sql(SESSION_DAYS)}")
    query = f"create or replace temp table activity as {engine.sql(ACTIVITY)}"
    connection.execute(query, {"default_timezone": default_timezone})


def _stale_days(connection: duckdb.DuckDBPyConnection, night: Night, newest: date) -> list[date]:
    lake, pulse = night.lake, night.configuration.pulse
    days = days_between(pulse.first_day, newest)
    files = [lake.activity(day) for day in days if lake.activity(day).exists()]
    made_from = {file: content["made_from"] for file, content in lake.footers.contents(files, "made_from").items()}
    stale = {
        day
        for day in days
        if made_from.get(lake.activity(day)) != ingredients(night.configuration, night.landings, day)
    }
    if files:
        engine.view_files(connection, "activity_before", files)
        query = engine.sql(CUT_IN_ANOTHER_ZONE)
        rows = connection.execute(query, {"default_timezone": pulse.default_timezone}).fetchall()
        stale |= {day for (day,) in rows}
    return sorted(stale)


def ingredients(
    configuration: Configuration, landings: Mapping[tuple[str, date], Landing], day: date
) -> dict[str, str]:
    """Return everything but the learners' zones that a day's activity depends on: it is stale when this differs.

    Args:
        configuration: the streams and the default zone.
        landings: every landing of the lake, by stream and day; the day's own are among them.
        day: a UTC day that is complete.
    """
    inputs = {"zone_data": zones.data_version(), "default_timezone": configuration.pulse.default_timezone}
    for stream in configuration.event_streams:
        inputs[stream.name] = landings[stream.name, day].content_hash
        day_before = landings.get((stream.name, day - DAY))
        if stream.kind == "sessions" and day_before:
            inputs[f"{stream.name}, the day before"] = day_before.content_hash
    return inputs


def _roll_up_days(
    connection: duckdb.DuckDBPyConnection, night: Night, days: Sequence[date]
) -> Iterator[tuple[date, int]]:
    make_local_dates(connection, days)
    _view_landings(connection, night, days)
    make_activity(connection, night.configuration.pulse.default_timezone)
    unions = dict(connection.execute(engine.sql(UNION)).fetchall())
    counted = connection.execute(CONTENT).fetchall()
    rows = {day: count for day, count, _ in counted}
    content_hashes = {day: str(content_hash) for day, _, content_hash in counted}
    for day in days:
        content = {
            "made_from": ingredients(night.configuration, night.landings, day),
            "union_microseconds": int(unions.get(day) or 0),
            "content_hash": content_hashes.get(day, "0"),
        }
        with written_beside(night.lake.activity(day)) as unfinished:
            parameters = {"day": day, "file": str(unfinished), "about": json.dumps(content)}
            connection.execute(WRITE_ACTIVITY, parameters)
            reached("activity: one written")
        reached("activity: one put in place")
        yield day, rows.get(day, 0)


def _view_landings(connection: duckdb.DuckDBPyConnection, night: Night, days: Sequence[date]) -> None:
    """Make the view `landings`, with a column `kind`: the rows of the days, and sessions of the days before."""
    parts = []
    for stream in night.configuration.event_streams:
        wanted = {*days, *(day - DAY for day in days)} if stream.kind == "sessions" else days
        files = [night.lake.landing(stream.name, day) for day in sorted(wanted) if (stream.name, day) in night.landings]
        parts.append(f"select {engine.quoted(stream.kind)} as kind, * from {engine.files(files)}")
    connection.execute(f"create or replace temp view landings as {' union all '.join(parts)}")
