"""Step 5: `daily_activity`, from all activity or from the version before and what has changed since (R6, R7, R11).

Both ways give the same rows in the same order. What may be kept of the version before, `before.py` says; that nothing
in it has drifted, `proof.py` shows.
"""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from assets.step4_roll_up.own_dates import view_activity
from assets.step5_build.days.before import Kept
from assets.step5_build.key_ranges import Keys, parts_of
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.crash_points import reached
from warehouse.lake.lake import Lake
from warehouse.versions.basis import dates_touched

HERE = Path(__file__).parent
INTO_VERSION = "insert into version.daily_activity by name"


def group_all(connection: duckdb.DuckDBPyConnection, buckets: Iterable[Keys]) -> None:
    """Fill `daily_activity` from all activity.

    Args:
        connection: in the version, with `activity`.
        buckets: ranges of keys, one after the other.
    """
    for keys in buckets:
        connection.execute(f"create or replace temp table bucket as {model('bucket')}", keys)
        for part in parts_of(keys):
            connection.execute(f"{INTO_VERSION} {model('daily_activity')}", part)
            reached("build: one filled")
    connection.execute("drop table if exists bucket")


def keep_and_group(
    connection: duckdb.DuckDBPyConnection,
    configuration: Configuration,
    lake: Lake,
    kept: Kept,
    buckets: Iterable[Keys],
) -> None:
    """Fill `daily_activity` from the version before, and from the activity that has changed since.

    Args:
        connection: in the version, with `activity` and `users`; has the version before attached as `before`.
        configuration: whose streams the activity is made from.
        lake: where the activity is.
        kept: what is kept of the version before.
        buckets: ranges of keys, one after the other.
    """
    _view_changed(connection, configuration, lake, kept)
    for keys in buckets:
        connection.execute(f"create or replace temp table bucket as {model('bucket_of_changed')}", keys)
        connection.execute(f"create or replace temp table grouped_again as {model('daily_activity')}", keys)
        for part in parts_of(keys):
            connection.execute(f"{INTO_VERSION} {model('kept_and_grouped')}", part)
            reached("build: one filled")
    for table in ("bucket", "grouped_again"):
        connection.execute(f"drop table if exists {table}")


def group_by_stream(connection: duckdb.DuckDBPyConnection, buckets: Iterable[Keys]) -> None:
    """Fill `activity_by_stream` from all activity (R31); nothing of it is kept from version to version.

    Args:
        connection: in the version, with `users`, and with `activity` that has the column `streams`.
        buckets: ranges of keys, one after the other.
    """
    for keys in buckets:
        for part in parts_of(keys):
            connection.execute(f"insert into version.activity_by_stream by name {model('activity_by_stream')}", part)
            reached("build: one filled")


def _view_changed(connection: duckdb.DuckDBPyConnection, configuration: Configuration, lake: Lake, kept: Kept) -> None:
    """Make `dates_to_group`, `activity_near`, and who is kept and who is new: `kept_learners`, `new_learners`."""
    dates = dates_touched(set(kept.changed_days))
    connection.execute("create or replace temp table dates_to_group (activity_date date)")
    if dates:
        connection.execute("insert into dates_to_group select unnest($dates)", {"dates": sorted(dates)})
    near = sorted(dates_touched(dates) & set(kept.days))
    view_activity(connection, configuration, [lake.activity(day) for day in near or kept.days[:1]], "activity_near")
    same = "version.users as learner {} join before.users as known using (user_key, user_id)"
    for table, join in (("kept_learners", "semi"), ("new_learners", "anti")):
        connection.execute(f"create or replace temp table {table} as select user_key from {same.format(join)}")


def model(name: str) -> str:
    """Return the text of a model of this folder."""
    return engine.sql(HERE / f"{name}.sql")
