"""The metadata of everything that was made, for Dagster, and events for what no asset reports.

It answers what one would look for in a log: rows in, landed and in quarantine by reason, bytes, unknown learners.
Dagster's events outlive an erasure, so nothing here is an id or a username.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import dagster as dg
import duckdb

from assets.night.night import Night
from assets.orchestration.keys import lake_key, source_key, version_key, warehouse_key
from assets.orchestration.shown import columns, pictures
from assets.orchestration.shown.versions import data_of, data_of_days, tags_of
from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.configuration.roles import LARGEST_AMOUNT, MOST_SECONDS_A_DATE
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing
from warehouse.versions import schema
from warehouse.versions.manifest import Manifest, newest_day_of
from warehouse.versions.pin import Pin
from warehouse.versions.remarks import unknown_rows_line

Metadata: TypeAlias = Mapping[str, Any]
ROWS, ROWS_OF_PARTITION = "dagster/row_count", "dagster/partition_row_count"
SHOWN = Path(__file__).with_name("shown")
QUARANTINED, LEVELS, LAST_DAYS = (SHOWN / f"{name}.sql" for name in ("quarantined", "levels", "last_days"))
LARGEST = {"largest_amount": LARGEST_AMOUNT, "most_seconds": MOST_SECONDS_A_DATE}


def landing_metadata(lake: Lake, landing: Landing, proven_at: str | None = None) -> Metadata:
    """Return what Dagster shows of a landing, and when the run has proven it instead of extracting it."""
    file = lake.landing(landing.stream, landing.day)
    return {
        ROWS_OF_PARTITION: landing.rows,
        "extracted_at": landing.extracted_at,
        **({} if proven_at is None else {"proven_at": proven_at}),
        "source_rows": landing.source_rows,
        "quarantined": landing.quarantined,
        "duplicates": landing.duplicates,
        "deleted": landing.deleted,
        "conflicts": landing.conflicts,
        "bytes": file.stat().st_size,
        "path": dg.MetadataValue.path(file),
    }


def quarantined_metadata(night: Night, landings: Iterable[Landing]) -> Mapping[date, Metadata]:
    """Return by UTC day the quarantine of landings of one stream, by reason, with a value that cannot be used."""
    files = [night.lake.landing(landing.stream, landing.day) for landing in landings if landing.quarantined]
    if not files:
        return {}
    with night.connect() as connection:
        engine.view_files(connection, "landed", files)
        rows = connection.execute(engine.sql(QUARANTINED), LARGEST).fetchall()
    records: dict[date, list[dg.TableRecord]] = {}
    for day, reason, count, example in rows:
        record = dg.TableRecord({"reason": reason, "rows": count, "example": example or ""})
        records.setdefault(day, []).append(record)
    described = dg.TableSchema([dg.TableColumn("reason"), dg.TableColumn("rows", "int"), dg.TableColumn("example")])
    return {
        day: {"quarantined_by_reason": dg.MetadataValue.table(of_day, described)} for day, of_day in records.items()
    }


def activity_metadata(rows: int) -> Metadata:
    """Return what Dagster shows of the activity of a day, given its rows."""
    return {ROWS_OF_PARTITION: rows}


def table_metadata(table: schema.Table, version: str, rows: Mapping[str, int]) -> Metadata:
    """Return what Dagster shows of a table, given the rows of all tables of its version; a view has none."""
    return {"version": version, **({ROWS: rows[table.name]} if table.name in rows and not table.is_view else {})}


def warehouse_metadata(night: Night, manifest: Manifest, pin: Pin | None) -> Metadata:
    """Return what Dagster shows of a version that is in its place."""
    file = night.warehouse.file(manifest.version)
    return {
        "version": manifest.version,
        "data_through": manifest.data_through,
        "logical_hash": manifest.logical_hash,
        "size_bytes": manifest.size,
        "learners": manifest.rows["pulse_totals"],
        "accepted": ", ".join(manifest.accepted),
        "pin": str(pin) if pin else "",
        "unknown": sum(unknown for unknown, _ in manifest.unknown_rows.values()),
        "unknown_rows": unknown_rows_line(manifest.unknown_rows),
        "warnings": "\n".join(manifest.warnings),
        "built_in_full": manifest.in_full,
        "drift": manifest.drift,
        "seconds": dg.MetadataValue.json(dict(manifest.seconds)),
        "path": dg.MetadataValue.path(file),
        **_pictures(night, file, manifest),
    }


def _pictures(night: Night, file: Path, manifest: Manifest) -> Metadata:
    """Return two charts of a version; none if its file cannot be read, which is nothing that a picture should say."""
    newest = newest_day_of(manifest.version)
    try:
        with night.connect() as connection, engine.attached(connection, file, "version"):
            levels = connection.execute(engine.sql(LEVELS)).fetchall()
            last_days = connection.execute(engine.sql(LAST_DAYS), {"newest_day": newest}).fetchall()
    except duckdb.Error as error:
        if engine.is_interruption(error):
            raise
        return {}
    by_level = {f"level {level}": days for level, days in levels}
    by_date = {f"{day:%a} {day}": learners for day, learners in last_days}
    return {
        "levels": pictures.bars("Active days by level", by_level),
        "last_14_days": pictures.bars("Active learners by date", by_date),
    }


def source_observation(stream: Stream, types: Mapping[str, str]) -> dg.AssetObservation:
    """Return the event of a source's table having been read: its columns as they were, mapped or not."""
    mapped = stream.inputs.values()
    return dg.AssetObservation(source_key(stream), metadata=dict(columns.as_read(types, mapped)))


def landing_event(lake: Lake, landing: Landing, more: Metadata | None = None) -> dg.AssetMaterialization:
    """Return the event of a landing, with more metadata of one's own."""
    metadata = {**landing_metadata(lake, landing), **(more or {})}
    tags = tags_of(data_of_days({landing.day: landing.content_hash}))
    day = landing.day.isoformat()
    return dg.AssetMaterialization(lake_key(landing.stream), metadata=metadata, partition=day, tags=tags)


def activity_event(lake: Lake, day: date, metadata: Metadata) -> dg.AssetMaterialization:
    """Return the event of the activity of a UTC day."""
    try:
        tags = tags_of(data_of_days(content_of_activity(lake, [day])))
    except DamagedError:  # a build makes it again
        tags = {}
    return dg.AssetMaterialization(lake_key("activity"), metadata=metadata, partition=day.isoformat(), tags=tags)


def content_of_activity(lake: Lake, days: Iterable[date]) -> dict[date, str]:
    """Return the content hash of the activity of days, empty where a file of an old release has none."""
    files = {day: lake.activity(day) for day in days}
    contents = lake.footers.contents(files.values())
    return {day: str(contents[file].get("content_hash") or "") for day, file in files.items()}


def version_events(night: Night, manifest: Manifest, pin: Pin | None) -> Iterator[dg.AssetMaterialization]:
    """Yield the events of a version: of its tables, and of the published file."""
    tags = tags_of(data_of(manifest.logical_hash))
    for table in schema.tables_of(night.configuration):
        metadata = table_metadata(table, manifest.version, manifest.rows)
        yield dg.AssetMaterialization(version_key(table.name), metadata=metadata, tags=tags)
    yield dg.AssetMaterialization(warehouse_key(), metadata=warehouse_metadata(night, manifest, pin), tags=tags)
