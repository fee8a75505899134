"""Beside step 5: what a version has to say of its sources though it stops nothing.

Here the lines are put together; each kind of warning is worked out in a module of its own. A line names the thing, how
much of it, and the way out. Where it has an example, that is the value that offends, at most 40 characters of it: never
an id or a username.
"""

from collections.abc import Mapping
from datetime import date

import duckdb

from assets.step5_build.remarks.bad_zones import bad_zones_warnings
from assets.step5_build.remarks.unknown import alike_warnings, unknown_by_stream
from warehouse.condition import row_security
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Landing
from warehouse.versions.remarks import Remarks


def remarks_of(
    connection: duckdb.DuckDBPyConnection,
    configuration: Configuration,
    landings: Mapping[tuple[str, date], Landing],
    newest: date,
) -> Remarks:
    """Return what the version being built has to say.

    Args:
        connection: that of the build, with `users`, `landed_users`, `rolled_learners` and the like.
        configuration: whose sources.
        landings: every landing under the present mappings.
        newest: the version's newest day.
    """
    unknown = unknown_by_stream(connection, configuration, landings, newest)
    warnings = [
        *row_security.warnings(configuration),
        *alike_warnings(unknown, configuration.users_stream.name),
        *bad_zones_warnings(connection, configuration),
    ]
    return Remarks(tuple(warnings), {stream: (found.unknown, found.rows) for stream, found in unknown.items()})
