"""Beside step 5: a warning if most zones of learners are no IANA names (R4).

Each such learner silently has the default zone. If most have, the wrong column may be mapped. Or the application has
names of its own ("Eastern Time (US & Canada)"), and `zone_names` does not say what they mean.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from assets.step4_roll_up.activity import make_known_zones
from warehouse import engine
from warehouse.configuration.configuration import Configuration

BAD_ZONES = Path(__file__).with_suffix(".sql")


def streams_with_timezones(configuration: Configuration) -> list[str]:
    """Return the streams of learners that say zones at all; who is in no other has no bad one."""
    return [stream.name for stream in configuration.users_streams if "timezone" in stream.columns]


def bad_zones_warnings(connection: duckdb.DuckDBPyConnection, configuration: Configuration) -> Iterator[str]:
    """Yield a line for each stream of learners if more than half of the zones that they give are no IANA names.

    Args:
        connection: that of the build, with `landed_users`.
        configuration: names the streams and the default zone.
    """
    make_known_zones(connection, configuration.zone_names)
    for stream in streams_with_timezones(configuration):
        given, bad, examples = engine.one_row(connection, engine.sql(BAD_ZONES), {"stream": stream})
        if 2 * bad <= given:
            continue
        such_as = f" (such as {', '.join(map(_quoted, examples))})" if examples else ""
        yield (
            f"stream {stream}: {bad:,} of {given:,} learners who give a timezone give no IANA "
            f"name{such_as}, so they count in {configuration.pulse.default_timezone}, the default_timezone; "
            "map a column, or a view, that has names like Europe/Berlin, or say in zone_names what the names mean"
        )


def _quoted(example: str) -> str:
    """What cannot be printed, such as a line break, becomes a question mark."""
    return '"' + "".join(letter if letter.isprintable() else "?" for letter in example) + '"'
