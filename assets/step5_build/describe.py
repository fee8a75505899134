"""Step 5: what a version says about itself: landings, quarantine, and last what it was made from."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb

from assets.night.night import Night
from assets.step5_build.remarks.bad_zones import streams_with_timezones
from warehouse import clock, engine, zones
from warehouse.configuration.configuration import Configuration
from warehouse.lake.days import DAY
from warehouse.lake.proofs import proofs_in, proven_at
from warehouse.versions import schema

VERSION_INFO = Path(__file__).with_name("version_info.sql")
COUNTS = ("source_rows", "rows", "quarantined", "duplicates", "deleted", "conflicts")


def describe(connection: duckdb.DuckDBPyConnection, night: Night, newest: date) -> None:
    """Fill `landings` and `quarantine` with what counts for a version up to a UTC day."""
    lake, landings, configuration = night.lake, night.landings, night.configuration
    counted = sorted(key for key in landings if key[1] <= newest)
    rows, proofs = [landings[key] for key in counted], proofs_in(lake)
    engine.create(
        connection,
        "counted",
        **{name: [getattr(row, name) for row in rows] for name in ("stream", "day", *COUNTS, "extracted_at")},
        proven_at=[proven_at(row, proofs) for row in rows],
    )
    connection.execute("insert into version.landings by name select * from counted order by stream, day")
    parts = ["select stream, null as day, null as event_id, reason, row from landed_users where reason is not null"]
    parts += [
        _quarantined(stream, f"date '{day}'", lake.landing(stream, day))
        for stream, day in counted
        if landings[stream, day].quarantined
    ]
    parts += [
        _quarantined(stream.name, "null", lake.undated(stream.name))
        for stream in configuration.event_streams
        if lake.undated(stream.name).exists()
    ]
    every = f"select * from ({' union all '.join(parts)}) where is_quarantined(reason) order by all"
    connection.execute(f"insert into version.quarantine {every}")


def _quarantined(stream: str, day: str, file: Path) -> str:
    return f"select '{stream}', {day}, event_id, reason, row from {engine.files([file])}"


def sign(connection: duckdb.DuckDBPyConnection, configuration: Configuration, version: str, newest: date) -> str:
    """Fill `version_info`, last: it holds the hash over everything else, which is returned."""
    pulse = configuration.pulse
    parameters = {
        "newest_day": newest,
        "default_timezone": pulse.default_timezone,
        "streams_with_timezones": streams_with_timezones(configuration),
    }
    logical_hash = schema.logical_hash(connection, "version")
    info = {
        "version": version,
        "data_through": datetime.combine(newest + DAY, time(), tzinfo=UTC),
        "built_at": clock.now(),
        "logical_hash": logical_hash,
        "schema_version": schema.SCHEMA_VERSION,
        "first_day": pulse.first_day,
        "newest_day": newest,
        "default_timezone": pulse.default_timezone,
        "level_metric": pulse.level_metric,
        "min_active_days": pulse.min_active_days,
        "engine_version": duckdb.__version__,
        "zone_data_version": zones.data_version(),
        "week_start": configuration.serve.week_start,
        **engine.one_row_by_name(connection, engine.sql(VERSION_INFO), parameters),
    }
    values = ", ".join(f"${name}" for name in info)
    connection.execute(f"insert into version.version_info ({', '.join(info)}) values ({values})", info)
    return logical_hash
