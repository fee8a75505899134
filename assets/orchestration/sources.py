"""The source tables as external assets: where the lineage begins. Nothing here runs."""

import dagster as dg

from assets.orchestration.keys import SOURCES, source_key
from assets.orchestration.shown import columns
from warehouse.configuration.configuration import Configuration, Stream

# The kinds of Dagster by the scheme of a source's URL.
KINDS = {
    "postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mariadb",
    "sqlite": "sqlite",
    "duckdb": "duckdb",
    "mssql": "sqlserver",
    "oracle": "oracle",
}


def source_tables(configuration: Configuration) -> list[dg.AssetSpec]:
    """Return one external asset per source table, however many streams read it."""
    reading: dict[dg.AssetKey, list[Stream]] = {}
    for stream in [*configuration.lookup_tables, *configuration.streams.values()]:
        reading.setdefault(source_key(stream), []).append(stream)
    return [
        dg.AssetSpec(
            key,
            description=_description(streams[-1]),
            group_name=SOURCES,
            kinds=_kinds(configuration, streams[-1]),
            owners=configuration.pulse.owners,
            metadata=columns.of_source(streams),
        )
        for key, streams in reading.items()
    ]


def _description(stream: Stream) -> str:
    if stream.table:
        return f"Table {stream.table} of the source {stream.source}. We read it and never write it."
    if stream.files:
        return f"The files {stream.files} of the stream {stream.name}. We read them and never write them."
    return f"The query of the stream {stream.name}, which the source {stream.source} answers. It only reads."


def _kinds(configuration: Configuration, stream: Stream) -> set[str]:
    """Return what Dagster has pictures for; where a URL is still a variable, the kind of database is not known."""
    if stream.files:
        return {"file"}
    scheme = configuration.sources[stream.source].url.partition("://")[0].partition("+")[0]
    return {"table", *({KINDS[scheme]} if scheme in KINDS else ())}
