"""With `pulse.by_stream`, activity says in the column `streams` what each stream has of a row (R31).

Each stream's activity is made by itself, by the same models as that of all streams: its union of sessions is its own.
Then every row of activity gets a list of these. Without the setting none of this runs, and there is no such column.
"""

from pathlib import Path

import duckdb

from warehouse import engine

EMPTY, ADDED, NAMED = (Path(__file__).with_name(f"{name}.sql") for name in ("empty", "added", "named"))


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty table `streams_apart`."""
    connection.execute(f"create or replace temp table streams_apart as {engine.sql(EMPTY)}")


def add(connection: duckdb.DuckDBPyConnection, stream: str) -> None:
    """Add the activity of one stream to `streams_apart`.

    Args:
        connection: has `activity`, made from the landings of this stream alone.
        stream: its name.
    """
    connection.execute(f"insert into streams_apart by name {engine.sql(ADDED)}", {"stream": stream})


def name_streams(connection: duckdb.DuckDBPyConnection) -> None:
    """Give `activity` the column `streams`.

    Args:
        connection: has `activity` of all streams, and all of them in `streams_apart`.
    """
    connection.execute(f"create or replace temp table activity as {engine.sql(NAMED)}")
    connection.execute("drop table streams_apart")
