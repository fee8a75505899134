"""Dagster's shell of step 7: the published file."""

import dagster as dg

from assets.orchestration.events import warehouse_metadata
from assets.orchestration.keys import WAREHOUSE, version_key, warehouse_key
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import permanent_errors_fail_at_once
from assets.step7_publish.publish import publish
from assets.step7_publish.waiting_version import version_built
from warehouse.versions import schema


def warehouse_asset() -> dg.AssetsDefinition:
    """Return the asset of the published warehouse."""

    @dg.asset(
        key=warehouse_key(),
        deps=[version_key(table.name) for table in schema.tables()],
        group_name=WAREHOUSE,
        description="The published version: checked once more, put in place read-only, and pointed to by pulse.duckdb.",
        kinds={"duckdb"},
    )
    def pulse(night: NightResource) -> dg.MaterializeResult[None]:
        with permanent_errors_fail_at_once():
            state = night.now()
            manifest = publish(state, version_built(state), accepted=night.accepted)
        return dg.MaterializeResult(metadata=warehouse_metadata(manifest, state.warehouse.pin))

    return pulse
