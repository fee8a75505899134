"""What Dagster's history lacks of lake and warehouse, and reporting it: the folder `dagster/` may be lost.

Without that the UI would show days as missing that landed long ago, and a backfill of what is missing would extract
them again. Only the holder of the run's lock may report: a run that is under way reports for itself.
"""

from collections.abc import Iterator, Mapping
from uuid import uuid4

import dagster as dg
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID

from assets.orchestration.keys import lake_key, version_key, warehouse_key
from assets.step2_land.asset import landing_figures
from assets.step7_publish.asset import version_figures
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake
from warehouse.versions import schema
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse

Figures = Mapping[str, int | str]


def report_what_is_lacking(configuration: Configuration) -> int:
    """Report to the instance of `DAGSTER_HOME` what has been made and is not in its history.

    Args:
        configuration: whose lake and warehouse; the caller holds its run's lock.

    Returns:
        How many materializations were reported.
    """
    with dg.DagsterInstance.get() as instance:
        lacking = [*_lacking_days(instance, configuration), *_lacking_others(instance, configuration)]
        _report(instance, lacking)
    return len(lacking)


def version_events(configuration: Configuration, manifest: Manifest) -> Iterator[dg.AssetMaterialization]:
    """Yield what a night would have reported of its version: the tables and the published file."""
    for table in schema.tables():
        rows = {"dagster/row_count": manifest.rows[table.name]} if table.name in manifest.rows else {}
        yield _event(version_key(table.name), {"version": manifest.version, **rows})
    yield _event(warehouse_key(), version_figures(configuration, manifest))


def _lacking_days(instance: dg.DagsterInstance, configuration: Configuration) -> Iterator[dg.AssetMaterialization]:
    lake = Lake.of(configuration)
    landings = lake.landings(configuration)
    for stream in configuration.event_streams:
        known = instance.get_materialized_partitions(lake_key(stream.name))
        for (name, day), landing in landings.items():
            if name == stream.name and day.isoformat() not in known:
                yield _event(lake_key(name), landing_figures(landing), day.isoformat())
    known = instance.get_materialized_partitions(lake_key("activity"))
    for day in lake.activity_days():
        if day >= configuration.pulse.first_day and day.isoformat() not in known:
            yield _event(lake_key("activity"), {}, day.isoformat())


def _lacking_others(instance: dg.DagsterInstance, configuration: Configuration) -> Iterator[dg.AssetMaterialization]:
    users = lake_key(configuration.users_stream.name)
    if Lake.of(configuration).users.exists() and instance.get_latest_materialization_event(users) is None:
        yield _event(users, {})
    warehouse = Warehouse.of(configuration)
    newest = warehouse.newest()
    if newest is not None:
        for event in version_events(configuration, warehouse.manifest(newest)):
            if _last_version(instance, event.asset_key) != newest:
                yield event


def _last_version(instance: dg.DagsterInstance, key: dg.AssetKey) -> object:
    entry = instance.get_latest_materialization_event(key)
    last = entry.asset_materialization if entry else None
    return last.metadata["version"].value if last and "version" in last.metadata else None


def _event(key: dg.AssetKey, figures: Figures, day: str | None = None) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(key, metadata=dict(figures), partition=day)


def _report(instance: dg.DagsterInstance, events: list[dg.AssetMaterialization]) -> None:
    """Store events without a run, as `report_runless_asset_event` does one by one, in batches."""
    batch = str(uuid4())
    for number, event in enumerate(events, start=1):
        reported = DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            event_specific_data=StepMaterializationData(event),
            job_name=RUNLESS_JOB_NAME,
        )
        ends = DagsterEventBatchMetadata(batch, number == len(events))
        instance.report_dagster_event(reported, run_id=RUNLESS_RUN_ID, batch_metadata=ends)
