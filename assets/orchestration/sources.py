"""The source tables as external assets: where the lineage begins. Nothing here runs."""

import dagster as dg

from assets.orchestration.keys import SOURCES, source_key
from warehouse.configuration.configuration import Configuration


def source_tables(configuration: Configuration) -> list[dg.AssetSpec]:
    """Return one external asset per source table, however many streams read it."""
    described = {
        source_key(stream): (
            f"Table {stream.table} of the source {stream.source}. We read it and never write it."
            if stream.table
            else f"The files {stream.files} of the stream {stream.name}. We read them and never write them."
            if stream.files
            else f"The query of the stream {stream.name}, which the source {stream.source} answers. It only reads."
        )
        for stream in [*configuration.lookup_tables, *configuration.streams.values()]
    }
    return [dg.AssetSpec(key, description=text, group_name=SOURCES, kinds={"table"}) for key, text in described.items()]
