"""What the assets are called in Dagster, and the metadata that they have in common."""

from collections.abc import Mapping

import dagster as dg

from warehouse import schema
from warehouse.configuration import Configuration, Stream

SOURCES, LAKE, VERSION, WAREHOUSE = "sources", "lake", "version", "warehouse"


def source_key(stream: Stream) -> dg.AssetKey:
    """Return the key of the source table that a stream reads."""
    return dg.AssetKey([SOURCES, stream.source, *stream.table.split(".")])


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


def columns_of(table: schema.Table) -> Mapping[str, dg.TableSchema]:
    """Return Dagster's column metadata of a public table, read from the schema and not written again."""
    columns = [
        dg.TableColumn(
            name=column.name,
            type=column.type,
            description=column.comment,
            constraints=dg.TableColumnConstraints(nullable=column.is_nullable),
        )
        for column in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}
