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
from assets.step4_roll_up.by_stream import by_stream
from assets.step4_roll_up.lookups import used_lookups
from assets.step4_roll_up.own_dates import add_dates
from assets.step4_roll_up.stale.another_zone import days_in_another_zone
from warehouse import engine, zones
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.configuration.learners.zone_names import known_zones
from warehouse.crash_points import reached
from warehouse.disk.files import written_beside
from warehouse.lake.days import DAY, days_between
from warehouse.lake.footers import PARQUET
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing
from warehouse.lake.lookups import resolved

ACTIVITY = Path(__file__).with_suffix(".sql")
SESSION_DAYS = Path(__file__).with_name("session_days.sql")
UNION = Path(__file__).with_name("union.sql")
LOCAL_DATES = Path(__file__).with_name("local_dates.sql")
ZONES_IN_FORCE, ZONE_NUMBERS, ZONE_RECORDS = (
    Path(__file__).parent / "zones" / f"{name}.sql" for name in ("zones_in_force", "zone_numbers", "zone_records")
)

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
    default = night.configuration.pulse.default_timezone
    with night.connect() as connection:
        make_zones_in_force(connection, night.lake, default, night.configuration.zone_names)
        used = used_lookups(connection, night)
        stale = _stale_days(connection, night, night.newest_day, used)
        written: dict[date, int] = {}
        with night.progress.step("activity", len(stale)) as summarize:
            for chunk in made_days(connection, night, stale):
                for day, rows_of_day in _write_days(connection, night, chunk, used):
                    written[day] = rows_of_day
                    night.progress.advance()
            summarize(f"{len(written)} days rolled up")
    return written


def made_days(connection: duckdb.DuckDBPyConnection, night: Night, days: Sequence[date]) -> Iterator[Sequence[date]]:
    """Make the table `activity` of days from their landings, some days after the other; yield which it has.

    Args:
        connection: has `zones_in_force`.
        night: the landings, and the default zone.
        days: UTC days in order, all of them landed.
    """
    if not days:
        return
    configuration, default = night.configuration, night.configuration.pulse.default_timezone
    make_zone_segments(connection, [default], days[0], days[-1] + DAY)
    make_zone_records(connection, default)
    streams = configuration.activity_streams
    rows = {day: sum(night.landings[stream.name, day].rows for stream in streams) for day in days}
    for chunk in chunks(days, rows, ROWS_AT_ONCE):
        make_local_dates(connection, chunk)
        if configuration.pulse.by_stream:
            by_stream.begin(connection)
            for stream in streams:
                _view_landings(connection, night, chunk, [stream])
                make_activity(connection, default, has_own_dates=stream.has_own_dates)
                by_stream.add(connection, stream.name)
        _view_landings(connection, night, chunk, streams)
        make_activity(connection, default, has_own_dates=configuration.has_own_dates)
        if configuration.pulse.by_stream:
            by_stream.name_streams(connection)
        yield chunk


def make_zones_in_force(
    connection: duckdb.DuckDBPyConnection, lake: Lake, default_timezone: str, zone_names: Mapping[str, str]
) -> None:
    """Make the table `zones_in_force` (user_id, zone, from_day, until_day) from the zones over time (R3, R4).

    Args:
        connection: where the table is made; a bad zone appears in it as the default zone.
        lake: where the zones over time are.
        default_timezone: the zone of learners without a good one.
        zone_names: the IANA zone of each name that applications have for a zone.
    """
    connection.execute("create or replace temp table recorded_zones (user_id varchar, zone varchar, from_day date)")
    if lake.zones.exists():
        read = f"insert into recorded_zones select user_id, zone, from_day from {engine.files([lake.zones])}"
        connection.execute(read)
    fill_zones_in_force(connection, "zones_in_force", default_timezone, zone_names)


def fill_zones_in_force(
    connection: duckdb.DuckDBPyConnection, table: str, default_timezone: str, zone_names: Mapping[str, str]
) -> None:
    """Make from `recorded_zones` a table as `make_zones_in_force` makes it, under any name."""
    make_known_zones(connection, zone_names)
    query = f"create or replace temp table {table} as {engine.sql(ZONES_IN_FORCE)}"
    connection.execute(query, {"default_timezone": default_timezone})


def make_known_zones(connection: duckdb.DuckDBPyConnection, zone_names: Mapping[str, str]) -> None:
    """Make `known_zones`: the IANA zone of every spelling that is one, by name or by what `zone_names` says."""
    known = known_zones(zone_names)
    engine.create(connection, "known_zones", spelled=list(known), zone=list(known.values()))


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


def make_activity(connection: duckdb.DuckDBPyConnection, default_timezone: str, *, has_own_dates: bool = False) -> None:
    """Make the tables `session_days` and `activity`, of the days in `wanted_days`.

    Args:
        connection: has `landings`, `wanted_days`, `local_dates` and `zone_records`.
        default_timezone: the zone of learners without a good one.
        has_own_dates: whether there are `dated_landings` as well, of learners' own dates (R5).
    """
    connection.execute(f"create or replace temp table session_days as {engine.sql(SESSION_DAYS)}")
    of_instants = "activity_of_instants" if has_own_dates else "activity"
    query = f"create or replace temp table {of_instants} as {engine.sql(ACTIVITY)}"
    connection.execute(query, {"default_timezone": default_timezone})
    if has_own_dates:
        add_dates(connection, default_timezone)


def _stale_days(
    connection: duckdb.DuckDBPyConnection, night: Night, newest: date, used: Mapping[tuple[str, date], str]
) -> list[date]:
    lake, pulse = night.lake, night.configuration.pulse
    days = days_between(pulse.first_day, newest)
    files = [lake.activity(day) for day in days if lake.activity(day).exists()]
    made_from = {file: content["made_from"] for file, content in lake.footers.contents(files, "made_from").items()}
    stale = {
        day
        for day in days
        if made_from.get(lake.activity(day)) != ingredients(night.configuration, night.landings, day, used)
    }
    made = {day for day in days if lake.activity(day) in made_from}
    return sorted(stale | days_in_another_zone(connection, night, made))


def ingredients(
    configuration: Configuration,
    landings: Mapping[tuple[str, date], Landing],
    day: date,
    used: Mapping[tuple[str, date], str],
) -> dict[str, str]:
    """Return everything but the learners' zones that a day's activity depends on: it is stale when this differs.

    Args:
        configuration: the streams and the default zone.
        landings: every landing of the lake, by stream and day; the day's own are among them.
        day: a UTC day that is complete.
        used: what landings take from lookups, as `used_lookups`.
    """
    inputs = {"zone_data": zones.data_version(), "default_timezone": configuration.pulse.default_timezone}
    if configuration.pulse.by_stream:
        inputs["by stream"] = "yes"  # no stream has a name like that
    for stream in configuration.activity_streams:
        of_dates = ", of own dates" if stream.has_own_dates else ""  # the same rows stand on other dates then
        of_lookup = _of_lookup(stream.name, day, used)
        inputs[stream.name] = landings[stream.name, day].content_hash + of_dates + of_lookup
        day_before = landings.get((stream.name, day - DAY))
        if stream.kind == "sessions" and day_before:
            before = _of_lookup(stream.name, day - DAY, used)
            inputs[f"{stream.name}, the day before"] = day_before.content_hash + before
    return inputs


def _of_lookup(stream: str, day: date, used: Mapping[tuple[str, date], str]) -> str:
    of_lookup = used.get((stream, day))
    return "" if of_lookup is None else f", keys {of_lookup}"


def _write_days(
    connection: duckdb.DuckDBPyConnection, night: Night, days: Sequence[date], used: Mapping[tuple[str, date], str]
) -> Iterator[tuple[date, int]]:
    unions = dict(connection.execute(engine.sql(UNION)).fetchall())
    counted = connection.execute(CONTENT).fetchall()
    rows = {day: count for day, count, _ in counted}
    content_hashes = {day: str(content_hash) for day, _, content_hash in counted}
    for day in days:
        content = {
            "made_from": ingredients(night.configuration, night.landings, day, used),
            "union_microseconds": int(unions.get(day) or 0),
            "content_hash": content_hashes.get(day, "0"),
        }
        with written_beside(night.lake.activity(day)) as unfinished:
            parameters = {"day": day, "file": str(unfinished), "about": json.dumps(content)}
            connection.execute(WRITE_ACTIVITY, parameters)
            reached("activity: one written")
        reached("activity: one put in place")
        yield day, rows.get(day, 0)


def _view_landings(
    connection: duckdb.DuckDBPyConnection, night: Night, days: Sequence[date], streams: Sequence[Stream]
) -> None:
    """Make the view `landings`, with a column `kind`: the streams' rows of the days, and sessions of the days before.

    Rows of learners' own dates (R5) become the view `dated_landings`, where streams have them.
    """
    of_instants: list[str] = []
    dated: list[str] = []
    for stream in streams:
        wanted = {*days, *(day - DAY for day in days)} if stream.kind == "sessions" else days
        files = [night.lake.landing(stream.name, day) for day in sorted(wanted) if (stream.name, day) in night.landings]
        measures = ", no_measures() as measures" if stream.has_own_dates and stream.kind != "daily" else ""
        rows = resolved(night.lake, stream, files)
        part = f"select {engine.quoted(stream.kind)} as kind, *{measures} from {rows}"
        (dated if stream.has_own_dates else of_instants).append(part)
    none = [f"select * from ({part}) where false" for part in dated[:1]]
    connection.execute(f"create or replace temp view landings as {' union all '.join(of_instants or none)}")
    if dated:
        connection.execute(f"create or replace temp view dated_landings as {' union all '.join(dated)}")
