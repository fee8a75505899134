"""The warnings while policies of PostgreSQL may filter the rows that are read: `[sources.X] row_security = "apply"`.

A role without a policy reads no rows, and nothing else tells this from an empty table.
"""

from collections.abc import Iterator

from warehouse.configuration.configuration import Configuration, Source, Stream
from warehouse.lake.lake import Lake
from warehouse.lake.learners import landed_streams


def filters(name: str, source: Source) -> list[str]:
    """Return the line that says that a source's rows are filtered, if they are meant to be.

    Args:
        name: of the source.
        source: as configured.
    """
    line = f'source {name}: rows are filtered by its row level security (row_security = "apply")'
    return [line] if source.row_security == "apply" else []


def empty_table(stream: Stream) -> str:
    """Return the warning that a stream's table looks empty.

    Args:
        stream: of a source whose rows are filtered.
    """
    return f"stream {stream.name}: {stream.relation} has no row that our role may see; is there a policy for it?"


def warnings(configuration: Configuration, lake: Lake) -> list[str]:
    """Return what a person should know of the sources whose rows are filtered, as the last landings found them.

    Args:
        configuration: whose sources.
        lake: its lake.
    """
    lines = []
    for name, source in configuration.sources.items():
        streams = [stream for stream in configuration.streams.values() if stream.source == name]
        if streams:
            lines += filters(name, source)
        if source.row_security == "apply":
            empty = set(_empty_tables(configuration, lake))
            lines += [empty_table(stream) for stream in streams if stream.name in empty]
    return lines


def _empty_tables(configuration: Configuration, lake: Lake) -> Iterator[str]:
    """The streams whose table had no row when it was read last."""
    by_time = sorted(lake.landings(configuration).values(), key=lambda landing: landing.extracted_at)
    last = {landing.stream: landing for landing in by_time}
    yield from (name for name, landing in last.items() if landing.is_table_empty)
    yield from (name for name, about in landed_streams(lake).items() if about.get("is_table_empty", False))
