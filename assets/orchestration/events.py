"""The metadata of everything that was made, for Dagster, and events for what no asset reports."""

from collections.abc import Iterator, Mapping
from datetime import date

import dagster as dg

from assets.orchestration.keys import lake_key, version_key, warehouse_key
from warehouse.lake.landing import Landing
from warehouse.versions import schema
from warehouse.versions.manifest import Manifest
from warehouse.versions.pin import Pin
from warehouse.versions.remarks import unknown_rows_line

Metadata = Mapping[str, int | str]
ROWS, ROWS_OF_PARTITION = "dagster/row_count", "dagster/partition_row_count"


def landing_metadata(landing: Landing, proven_at: str | None = None) -> Metadata:
    """Return what Dagster shows of a landing, and when the run has proven it instead of extracting it."""
    return {
        ROWS_OF_PARTITION: landing.rows,
        "extracted_at": landing.extracted_at,
        **({} if proven_at is None else {"proven_at": proven_at}),
        "source_rows": landing.source_rows,
        "quarantined": landing.quarantined,
        "duplicates": landing.duplicates,
        "deleted": landing.deleted,
        "conflicts": landing.conflicts,
    }


def activity_metadata(rows: int) -> Metadata:
    """Return what Dagster shows of the activity of a day, given its rows."""
    return {ROWS_OF_PARTITION: rows}


def table_metadata(table: schema.Table, version: str, rows: Mapping[str, int]) -> Metadata:
    """Return what Dagster shows of a table, given the rows of all tables of its version; a view has none."""
    return {"version": version, **({ROWS: rows[table.name]} if table.name in rows and not table.is_view else {})}


def warehouse_metadata(manifest: Manifest, pin: Pin | None) -> Metadata:
    """Return what Dagster shows of a version that is in its place."""
    return {
        "version": manifest.version,
        "data_through": manifest.data_through,
        "logical_hash": manifest.logical_hash,
        "size_bytes": manifest.size,
        "learners": manifest.rows["pulse_totals"],
        "accepted": ", ".join(manifest.accepted),
        "pin": str(pin) if pin else "",
        "unknown_rows": unknown_rows_line(manifest.unknown_rows),
        "warnings": "\n".join(manifest.warnings),
    }


def landing_event(landing: Landing, more: Metadata | None = None) -> dg.AssetMaterialization:
    """Return the event of a landing, with more metadata of one's own."""
    metadata = {**landing_metadata(landing), **(more or {})}
    return dg.AssetMaterialization(lake_key(landing.stream), metadata=metadata, partition=landing.day.isoformat())


def activity_event(day: date, metadata: Metadata) -> dg.AssetMaterialization:
    """Return the event of the activity of a UTC day."""
    return dg.AssetMaterialization(lake_key("activity"), metadata=dict(metadata), partition=day.isoformat())


def version_events(manifest: Manifest, pin: Pin | None) -> Iterator[dg.AssetMaterialization]:
    """Yield the events of a version: of its tables, and of the published file."""
    for table in schema.tables():
        metadata = dict(table_metadata(table, manifest.version, manifest.rows))
        yield dg.AssetMaterialization(version_key(table.name), metadata=metadata)
    yield dg.AssetMaterialization(warehouse_key(), metadata=dict(warehouse_metadata(manifest, pin)))
