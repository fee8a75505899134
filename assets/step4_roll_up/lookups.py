"""Beside step 4: what of the lookups the activity of a day was made with (R26).

The activity of a day is stale when a key of its landings is another learner's than it was, and not when other keys are.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from assets.night.night import Night
from warehouse import engine

USED_LOOKUPS = Path(__file__).with_name("used_lookups.sql")


def used_lookups(connection: duckdb.DuckDBPyConnection, night: Night) -> Mapping[tuple[str, date], str]:
    """Return a hash of the keys that a landing has and of whose they are, by stream and day, of streams with a lookup.

    Args:
        connection: that reads the landings' ids.
        night: the streams and their landings.
    """
    if not night.lake.lookups.exists():
        return {}
    used: dict[tuple[str, date], str] = {}
    engine.view_files(connection, "lookups", [night.lake.lookups])
    for stream in night.configuration.activity_streams:
        days = [day for name, day in night.landings if name == stream.name]
        if stream.lookup is None or not days:
            continue
        files = [night.lake.landing(stream.name, day) for day in days]
        connection.execute(
            f"create or replace temp view keyed as select * from {engine.files(files, 'filename = true')}"
        )
        hashes = {
            Path(name).stem: str(content) for name, content in connection.execute(engine.sql(USED_LOOKUPS)).fetchall()
        }
        used |= {(stream.name, day): hashes.get(day.isoformat(), "0") for day in days}
    return used
