"""Beside step 5: a warning if most zones of learners are no IANA names (R4).

Each such learner silently has the default zone. If most have, the wrong column may be mapped. Or the application has
names of its own ("Eastern Time (US & Canada)").
"""

from pathlib import Path

import duckdb

from warehouse import engine, zones
from warehouse.configuration.configuration import Configuration

BAD_ZONES = Path(__file__).with_suffix(".sql")


def has_timezones(configuration: Configuration) -> bool:
    """Return whether the learners' own zones are read at all; if not, nobody has a bad one."""
    return "timezone" in configuration.users_stream.columns


def bad_zones_warnings(connection: duckdb.DuckDBPyConnection, configuration: Configuration) -> list[str]:
    """Return a line if more than half of the zones that learners give are no IANA names.

    Args:
        connection: that of the build, with `landed_users`.
        configuration: names the users stream and the default zone.
    """
    if not has_timezones(configuration):
        return []
    given, bad, examples = engine.one_row(connection, engine.sql(BAD_ZONES), {"zone_names": sorted(zones.names())})
    if 2 * bad <= given:
        return []
    such_as = f" (such as {', '.join(map(_quoted, examples))})" if examples else ""
    line = (
        f"stream {configuration.users_stream.name}: {bad:,} of {given:,} learners who give a timezone give no IANA "
        f"name{such_as}, so they count in {configuration.pulse.default_timezone}, the default_timezone; "
        "map a column, or a view, that has names like Europe/Berlin"
    )
    return [line]


def _quoted(example: str) -> str:
    """What cannot be printed, such as a line break, becomes a question mark."""
    return '"' + "".join(letter if letter.isprintable() else "?" for letter in example) + '"'
