"""What `users.parquet` says: its rows, each with the streams that it is from, and how each of these landed (R3).

A file of a release that knew one stream only has no column `stream`: all its rows are from the stream that it names.
One of a release before the profile does not say what learners have of it.
"""

from typing import Any

import duckdb

from warehouse import engine
from warehouse.lake.lake import Lake

COLUMNS = "select column_name from (describe select * from {})"
OF_PROFILE = {
    "freezes_available": "null::bigint",
    "booster_multiplier": "null::double",
    "booster_ends_at": "null::timestamp",
}


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
    columns = {name for (name,) in connection.execute(COLUMNS.format("landed_users")).fetchall()}
    missing = {name: value for name, value in OF_PROFILE.items() if name not in columns}
    if "stream" not in columns:
        (stream,) = landed_streams(lake)
        missing["stream"] = engine.quoted(stream)
    if missing:
        added = ", ".join(f"{value} as {name}" for name, value in missing.items())
        query = f"select *, {added} from {engine.files([lake.users])}"
        connection.execute(f"create or replace temp view landed_users as {query}")
