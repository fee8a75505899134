"""What the assets are called in Dagster."""

from urllib.parse import quote

import dagster as dg

from warehouse.configuration.configuration import Configuration, Stream

SOURCES, LAKE, VERSION, WAREHOUSE = "sources", "lake", "version", "warehouse"


def source_key(stream: Stream) -> dg.AssetKey:
    """Return the key of what a stream reads, by the names that the configuration has for it: table, or the stream."""
    names = stream.table.split(".") if stream.table else [stream.name]
    return dg.AssetKey([SOURCES, *map(_part, (stream.source, *names))])


def source_inputs(stream: Stream) -> dict[str, dg.AssetIn]:
    """Return the dependency of a stream's asset on its source table.

    Dagster would name the input of a plain dependency after the table, and takes no space, `$` or `ü` there. A key may
    have them.
    """
    return {"source_table": dg.AssetIn(source_key(stream), dagster_type=dg.Nothing)}


def lake_key(name: str) -> dg.AssetKey:
    """Return the key of a stream's landings, of the learners or of the activity."""
    return dg.AssetKey([LAKE, name])


def version_key(table: str) -> dg.AssetKey:
    """Return the key of a public table of the version that is being built."""
    return dg.AssetKey([VERSION, table])


def warehouse_key() -> dg.AssetKey:
    """Return the key of the published file."""
    return dg.AssetKey([WAREHOUSE, "pulse"])


def landing_keys(configuration: Configuration) -> list[dg.AssetKey]:
    """Return the keys of all event streams' landings."""
    return [lake_key(stream.name) for stream in configuration.event_streams]


def users_keys(configuration: Configuration) -> list[dg.AssetKey]:
    """Return the keys of all streams of learners."""
    return [lake_key(stream.name) for stream in configuration.users_streams]


def _part(name: str) -> str:
    """Return a name as a part of a key; `/`, `%` and what cannot be printed are percent-encoded.

    Because `%` is encoded too, two names never become one.
    """
    return "".join(char if char.isprintable() and char not in "/%" else quote(char, safe="") for char in name)
