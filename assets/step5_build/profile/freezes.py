"""Where the dates that streak savers cover are read: in the landings of kind `freezes` (R27)."""

from datetime import date

import duckdb

from assets.night.night import Night
from warehouse.lake.lookups import resolved

NONE = "select null::varchar as user_id, null::timestamp as instant, null::varchar as reason where false"


def view_landed_freezes(connection: duckdb.DuckDBPyConnection, night: Night, newest: date) -> None:
    """Make the view `landed_freezes` of all such landings up to a UTC day.

    Args:
        connection: where the view is made.
        night: the streams and their landings.
        newest: the last UTC day.
    """
    parts = []
    for stream in night.configuration.freezes_streams:
        landings = night.landings_of(stream.name, newest)
        days = [landing.day for landing in landings if landing.day >= night.configuration.pulse.first_day]
        files = [night.lake.landing(stream.name, day) for day in days]
        if files:
            parts.append(f"select user_id, instant, reason from {resolved(night.lake, stream, files)}")
    connection.execute(f"create or replace temp view landed_freezes as {' union all '.join(parts) or NONE}")
