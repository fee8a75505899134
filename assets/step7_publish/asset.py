"""Dagster's shell of step 7: the published file."""

from datetime import timedelta

import dagster as dg

from assets.orchestration.events import warehouse_metadata
from assets.orchestration.keys import WAREHOUSE, version_key, warehouse_key
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import permanent_errors_fail_at_once
from assets.orchestration.shown.versions import code_of_version, data_of
from assets.step7_publish.publish import publish
from assets.step7_publish.waiting_version import version_built
from warehouse.configuration.configuration import Configuration
from warehouse.versions import schema
from warehouse.versions.versions import Warehouse


def warehouse_asset(configuration: Configuration) -> dg.AssetsDefinition:
    """Return the asset of the published warehouse."""
    file = dg.MetadataValue.path(Warehouse.of(configuration).pointer)

    @dg.asset(
        key=warehouse_key(),
        deps=[version_key(table.name) for table in schema.tables_of(configuration)],
        group_name=WAREHOUSE,
        description="The published version: checked once more, put in place read-only, and pointed to by pulse.duckdb.",
        kinds={"duckdb"},
        owners=configuration.pulse.owners,
        code_version=code_of_version(),
        metadata={"path": file},
        freshness_policy=dg.FreshnessPolicy.time_window(timedelta(hours=configuration.serve.max_age_hours)),
    )
    def pulse(context: dg.AssetExecutionContext, night: NightResource) -> dg.MaterializeResult[None]:
        with permanent_errors_fail_at_once():
            state = night.now(context.log)
            manifest = publish(state, version_built(state), accepted=night.accepted)
        return dg.MaterializeResult(
            data_version=data_of(manifest.logical_hash),
            metadata=warehouse_metadata(state, manifest, state.warehouse.pin),
        )

    return pulse
