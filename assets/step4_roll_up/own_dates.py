"""Rows of learners' own dates (R5): they join the activity of a UTC day once that of events is made."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse import engine
from warehouse.configuration.configuration import Configuration

ADD_DATES = Path(__file__).with_name("add_dates.sql")


def add_dates(connection: duckdb.DuckDBPyConnection, default_timezone: str) -> None:
    """Make the table `activity` of that of events and of the rows of own dates.

    Args:
        connection: has `activity_of_instants`, `dated_landings` and `zone_records`.
        default_timezone: the zone of learners without a good one.
    """
    query = f"create or replace temp table activity as {engine.sql(ADD_DATES)}"
    connection.execute(query, {"default_timezone": default_timezone})


def view_activity(
    connection: duckdb.DuckDBPyConnection, configuration: Configuration, files: Sequence[Path], name: str = "activity"
) -> None:
    """Make the view `activity`, or one of another name, of files that are up to date.

    Args:
        connection: where the view is made.
        configuration: whose streams they were made from.
        files: one per UTC day. Where no stream has learners' own dates, `event_rows` is null: counts are of rows.
        name: the view's name.
    """
    counted = "" if configuration.has_own_dates else ", null::bigint as event_rows"
    connection.execute(f"create or replace temp view {name} as select *{counted} from {engine.files(files)}")
