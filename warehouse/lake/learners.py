"""What `users.parquet` says: its rows, each with the streams that it is from, and how each of these landed (R3).

A file of a release that knew one stream only has no column `stream`: all its rows are from the stream that it names.
"""

from typing import Any

import duckdb

from warehouse import engine
from warehouse.lake.lake import Lake

HAS_STREAM = "select count(*) from (describe select * from {}) where column_name = 'stream'"


def landed_streams(lake: Lake) -> dict[str, dict[str, Any]]:
    """Return what each stream of learners said when it landed last, by its name; nothing while none has."""
    if not lake.users.exists():
        return {}
    about = lake.footers.content(lake.users)
    streams: dict[str, dict[str, Any]] = about.get("streams") or {about.get("stream", "users"): about}
    return streams


def view_landed_users(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Make the view `landed_users`: the learners as they landed, and what was quarantined of them.

    Its column `stream` names the stream that a row is from, or several joined by `, ` where they were merged.
    """
    engine.view_files(connection, "landed_users", [lake.users])
    (has_stream,) = engine.one_row(connection, HAS_STREAM.format("landed_users"))
    if not has_stream:
        (stream,) = landed_streams(lake)
        query = f"select *, {engine.quoted(stream)} as stream from {engine.files([lake.users])}"
        connection.execute(f"create or replace temp view landed_users as {query}")
