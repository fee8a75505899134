"""What Dagster's history lacks of lake and warehouse, and reporting it: the folder `dagster/` may be lost.

Without that the UI would show days as missing that landed long ago, and a backfill of what is missing would extract
them again. Only the holder of the run's lock may report: a run that is under way reports for itself.
"""

from collections.abc import Iterator
from uuid import uuid4

import dagster as dg
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID

from assets.night.night import Night
from assets.orchestration.events import activity_event, landing_event, version_events
from assets.orchestration.keys import lake_key, users_keys, version_key, warehouse_key
from warehouse.configuration.configuration import Configuration
from warehouse.versions import schema


def report_what_is_lacking(configuration: Configuration) -> int:
    """Report to the instance of `DAGSTER_HOME` what has been made and is not in its history.

    Args:
        configuration: whose lake and warehouse; the caller holds its run's lock.

    Returns:
        How many materializations were reported.
    """
    with dg.DagsterInstance.get() as instance:
        night = Night.of(configuration)
        lacking = [*_lacking_days(instance, night), *_lacking_others(instance, night)]
        _report(instance, lacking)
    return len(lacking)


def _lacking_days(instance: dg.DagsterInstance, night: Night) -> Iterator[dg.AssetMaterialization]:
    for stream in night.configuration.event_streams:
        known = instance.get_materialized_partitions(lake_key(stream.name))
        for (name, day), landing in night.landings.items():
            if name == stream.name and day.isoformat() not in known:
                yield landing_event(night.lake, landing)
    known = instance.get_materialized_partitions(lake_key("activity"))
    for day in night.lake.activity_days():
        if day >= night.configuration.pulse.first_day and day.isoformat() not in known:
            yield activity_event(night.lake, day, {})


def _lacking_others(instance: dg.DagsterInstance, night: Night) -> Iterator[dg.AssetMaterialization]:
    warehouse = night.warehouse
    for users in users_keys(night.configuration) if night.lake.users.exists() else []:
        if instance.get_latest_materialization_event(users) is None:
            yield dg.AssetMaterialization(users)
    newest = warehouse.newest()
    tables = schema.tables_of(night.configuration)
    keys = [*(version_key(table.name) for table in tables), warehouse_key()]
    lacking = {key for key in keys if _last_version(instance, key) != newest}
    if newest is not None and lacking:  # charts of the version are made for its events
        for event in version_events(night, warehouse.manifest(newest), warehouse.pin):
            if event.asset_key in lacking:
                yield event


def _last_version(instance: dg.DagsterInstance, key: dg.AssetKey) -> object:
    entry = instance.get_latest_materialization_event(key)
    last = entry.asset_materialization if entry else None
    return last.metadata["version"].value if last and "version" in last.metadata else None


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
