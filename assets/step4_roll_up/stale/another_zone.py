"""Beside step 4: which UTC days have a learner in another zone than the one that was in force then (R3, R4).

When the last version was made, no activity was stale. `lake/basis.parquet` says what the activity of each day was then,
and has the learners' zones over time. So of activity that is still the same, only the rows of learners whose records
differ are looked at: those who moved, and those who are new. All other activity is looked at in full.
"""

from collections.abc import Collection
from datetime import date
from pathlib import Path

import duckdb

from assets.night.night import Night
from warehouse import engine, zones
from warehouse.versions.basis import Basis

CUT_IN_ANOTHER_ZONE = Path(__file__).with_name("cut_in_another_zone.sql")
MOVED_LEARNERS = CUT_IN_ANOTHER_ZONE.with_name("moved_learners.sql")


def days_in_another_zone(connection: duckdb.DuckDBPyConnection, night: Night, days: Collection[date]) -> set[date]:
    """Return the days whose activity has a learner in another zone than the one in force.

    Args:
        connection: has `recorded_zones`, and `zones_in_force` made from it.
        night: where the activity is, and the default zone.
        days: UTC days that have activity.
    """
    seen = _days_seen(night, days)
    parts = [_rows_of(night, sorted(set(days) - seen))]
    if seen and _has_moved_learners(connection, night):
        parts.append(_rows_of(night, sorted(seen)) + " semi join moved_learners using (user_key)")
    parts = list(filter(None, parts))
    if not parts:
        return set()
    connection.execute(f"create or replace temp view activity_before as {' union all '.join(parts)}")
    parameters = {"default_timezone": night.configuration.pulse.default_timezone}
    return {day for (day,) in connection.execute(engine.sql(CUT_IN_ANOTHER_ZONE), parameters).fetchall()}


def _days_seen(night: Night, days: Collection[date]) -> set[date]:
    """Return the days whose activity is what it was when the last version was made, under the same rules for zones."""
    configuration, basis = night.configuration, Basis.read(night.lake)
    if (
        basis is None
        or basis.default_timezone != configuration.pulse.default_timezone
        or basis.zone_data != zones.data_version()
        or basis.zone_names != configuration.zone_names
    ):
        return set()
    files = {night.lake.activity(day): day for day in days}
    contents = night.lake.footers.contents(files)
    hashes = {files[file]: content.get("content_hash") for file, content in contents.items()}
    return {day for day, content in hashes.items() if content is not None and content == basis.content_hashes.get(day)}


def _has_moved_learners(connection: duckdb.DuckDBPyConnection, night: Night) -> bool:
    """Make `moved_learners`, and tell whether there are any."""
    engine.view_files(connection, "zones_seen", [night.lake.basis])
    connection.execute(f"create or replace temp table moved_learners as {engine.sql(MOVED_LEARNERS)}")
    (learners,) = engine.one_row(connection, "select count(*) from moved_learners")
    return bool(learners)


def _rows_of(night: Night, days: Collection[date]) -> str:
    """Return the SQL that reads days; other columns are not in all files once a stream has come or gone."""
    files = [night.lake.activity(day) for day in days]
    return f"select day, user_key, zone from {engine.files(files)}" if files else ""
