"""Beside step 5: what a version has to say of its sources though it stops nothing.

Here the lines are put together; each kind of warning is worked out in a module of its own. A line names the thing, how
much of it, and the way out. An example is the bad value, at most 40 characters of it, and never an id or a username.
"""

from datetime import date

import duckdb

from assets.night.night import Night
from assets.step5_build.remarks.bad_zones import bad_zones_warnings
from assets.step5_build.remarks.unknown import alike_warnings, unknown_by_stream
from warehouse.condition import row_security
from warehouse.versions.remarks import Remarks


def remarks_of(connection: duckdb.DuckDBPyConnection, night: Night, newest: date, *others: str) -> Remarks:
    """Return what the version being built has to say.

    Args:
        connection: that of the build, with `users`, `landed_users`, `rolled_learners` and the like.
        night: the streams and their landings.
        newest: the version's newest day.
        others: warnings that the build has already; empty texts are none.
    """
    configuration = night.configuration
    unknown = unknown_by_stream(connection, night, newest)
    warnings = [
        *filter(None, others),
        *row_security.warnings(configuration, night.lake),
        *alike_warnings(unknown, ", ".join(stream.name for stream in configuration.users_streams)),
        *bad_zones_warnings(connection, configuration),
    ]
    return Remarks(tuple(warnings), {stream: (counts.unknown, counts.rows) for stream, counts in unknown.items()})
