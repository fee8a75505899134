"""Step 4: roll the landings of a UTC day up to one row per learner and local date (R5 to R10).

A day's activity is stale when a landing it came from, the zone in force of a learner in it, the default zone or the
zone data differ from what it was made with; every night and every build first makes the stale days again. Who is on
the list of erased learners is in no activity that a version is made of.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import duckdb

from assets import progress
from assets.erase.unfinished import leave_out_erased
from assets.step2_land.spans import chunks
from warehouse import engine, zones
from warehouse.configuration.configuration import Configuration
from warehouse.crash_points import reached
from warehouse.disk.files import written_beside
from warehouse.lake.lake import DAY, PARQUET, Lake, Landing, days_between, described, newest_day

ACTIVITY = Path(__file__).with_suffix(".sql")
ZONE_NUMBERS = Path(__file__).with_name("zone_numbers.sql")
ZONE_RECORDS = Path(__file__).with_name("zone_records.sql")
UNION = Path(__file__).with_name("union.sql")
LOCAL_DATES = Path(__file__).with_name("local_dates.sql")
ZONES_IN_FORCE = Path(__file__).with_name("zones_in_force.sql")

ROWS_AT_ONCE = 2_000_000  # days are rolled up together up to so many rows, and each at least by itself

WRITE_ACTIVITY = f"""
copy (select * from activity where day = $day order by user_key, activity_date, zone)
to $file ({PARQUET})
"""
CONTENT = "select day, count(*), rows_hash(activity) from activity group by day"
CUT_IN_ANOTHER_ZONE = """
select distinct activity.day
from {files} as activity
left join zones_in_force
    on
        activity.user_key = zones_in_force.user_key
        and activity.day >= zones_in_force.from_day
        and activity.day < zones_in_force.until_day
where activity.zone is distinct from coalesce(zones_in_force.zone, $default_timezone)
"""


@dataclass(frozen=True)
class Rolled:
    """What rolling up did.

    Args:
        days: the stale days that were made again, in order, with the rows of each.
    """

    days: Mapping[date, int]


def roll_up(configuration: Configuration) -> Rolled:
    """Make the activity of every stale day up to the newest day, without learners who have been erased.

    Args:
        configuration: where the lake is, and the default zone.

    Raises:
        PulseError: who has been erased is not known.
    """
    rolled = _roll_up_stale(configuration)
    if leave_out_erased(configuration):
        rolled |= _roll_up_stale(configuration)
    return Rolled(rolled)


def _roll_up_stale(configuration: Configuration) -> dict[date, int]:
    lake = Lake.of(configuration)
    landings = lake.landings(configuration)
    newest = newest_day(configuration, landings)
    if newest is None:
        return {}
    with engine.connect(configuration.data_dir / "tmp") as connection:
        make_zones_in_force(connection, configuration)
        stale = _stale_days(connection, configuration, landings, newest)
        if stale:
            default = configuration.pulse.default_timezone
            make_zone_segments(connection, [default], stale[0], stale[-1] + DAY)
            make_zone_records(connection, default)
        rows = {day: sum(landings[stream, day].rows for stream in _streams(configuration)) for day in stale}
        written: dict[date, int] = {}
        with progress.step("activity", len(stale)) as summarize:
            for chunk in chunks(stale, rows, ROWS_AT_ONCE):
                written.update(_roll_up_days(connection, configuration, landings, chunk))
            summarize(f"{len(written)} days rolled up")
    return written


def make_zones_in_force(connection: duckdb.DuckDBPyConnection, configuration: Configuration) -> None:
    """Make the table `zones_in_force` (user_id, zone, from_day, until_day) from the zones over time (R3, R4).

    Args:
        connection: where the table is made; a bad zone appears in it as the default zone.
        configuration: where the lake is, and the default zone.
    """
    zones_over_time = Lake.of(configuration).zones
    connection.execute("create or replace temp table recorded_zones (user_id varchar, zone varchar, from_day date)")
    if zones_over_time.exists():
        read = f"insert into recorded_zones select user_id, zone, from_day from {engine.files([zones_over_time])}"
        connection.execute(read)
    parameters = {"zone_names": sorted(zones.names()), "default_timezone": configuration.pulse.default_timezone}
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
    used = {row[0] for row in connection.execute(query).fetchall()}
    start, end = datetime.combine(from_day, time()), datetime.combine(until_day, time())
    found = [segment for zone in sorted(used.union(default_timezones)) for segment in zones.segments(zone, start, end)]
    engine.create(
        connection,
        "zone_segments",
        zone=[segment.zone for segment in found],
        from_utc=[segment.from_utc for segment in found],
        until_utc=[segment.until_utc for segment in found],
        utc_offset=[segment.offset for segment in found],
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


def _streams(configuration: Configuration) -> list[str]:
    return [stream.name for stream in configuration.event_streams]


def _stale_days(
    connection: duckdb.DuckDBPyConnection,
    configuration: Configuration,
    landings: Mapping[tuple[str, date], Landing],
    newest: date,
) -> list[date]:
    lake = Lake.of(configuration)
    days = days_between(configuration.pulse.first_day, newest)
    there = [lake.activity(day) for day in days if lake.activity(day).exists()]
    made_from = {place: content["made_from"] for place, content in described(there, "made_from").items()}
    stale = {day for day in days if made_from.get(lake.activity(day)) != ingredients(configuration, landings, day)}
    if there:
        stale |= {
            row[0]
            for row in connection.execute(
                CUT_IN_ANOTHER_ZONE.format(files=engine.files(there)),
                {"default_timezone": configuration.pulse.default_timezone},
            ).fetchall()
        }
    return sorted(stale)


def ingredients(
    configuration: Configuration,
    landings: Mapping[tuple[str, date], Landing],
    day: date,
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
    connection: duckdb.DuckDBPyConnection,
    configuration: Configuration,
    landings: Mapping[tuple[str, date], Landing],
    days: Sequence[date],
) -> dict[date, int]:
    lake = Lake.of(configuration)
    make_local_dates(connection, days)
    _view_landings(connection, configuration, landings, days)
    connection.execute(
        f"create or replace temp table activity as {engine.sql(ACTIVITY)}",
        {"default_timezone": configuration.pulse.default_timezone},
    )
    unions = dict(connection.execute(engine.sql(UNION)).fetchall())
    counted = connection.execute(CONTENT).fetchall()
    rows = {day: count for day, count, _ in counted}
    content_hashes = {day: str(content_hash) for day, _, content_hash in counted}
    for day in days:
        content = {
            "made_from": ingredients(configuration, landings, day),
            "union_microseconds": int(unions.get(day) or 0),
            "content_hash": content_hashes.get(day, "0"),
        }
        with written_beside(lake.activity(day)) as unfinished:
            parameters = {"day": day, "file": str(unfinished), "about": json.dumps(content)}
            connection.execute(WRITE_ACTIVITY, parameters)
            reached("activity: one written")
        reached("activity: one put in place")
        progress.advance()
    return {day: rows.get(day, 0) for day in days}


def _view_landings(
    connection: duckdb.DuckDBPyConnection,
    configuration: Configuration,
    landings: Collection[tuple[str, date]],
    days: Sequence[date],
) -> None:
    """Make the view `landings`, with their kind: the rows of the days, and sessions that may reach into them."""
    lake = Lake.of(configuration)
    parts = []
    for stream in configuration.event_streams:
        wanted = {*days, *(day - DAY for day in days)} if stream.kind == "sessions" else days
        places = [lake.landing(stream.name, day) for day in sorted(wanted) if (stream.name, day) in landings]
        parts.append(f"select {engine.quoted(stream.kind)} as kind, * from {engine.files(places)}")
    connection.execute(f"create or replace temp view landings as {' union all '.join(parts)}")
