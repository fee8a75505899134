"""Dagster's shell of step 7: the published file."""

import dagster as dg

from assets.orchestration.keys import WAREHOUSE, version_key, warehouse_key
from assets.orchestration.resources import Night
from assets.orchestration.retries import permanent_errors_fail_at_once
from assets.step7_publish.publish import publish
from assets.step7_publish.waiting import version_built
from warehouse.configuration.configuration import Configuration
from warehouse.versions import schema
from warehouse.versions.manifest import Manifest
from warehouse.versions.remarks import unknown_rows_line
from warehouse.versions.versions import Warehouse


def warehouse_asset() -> dg.AssetsDefinition:
    """Return the asset of the published warehouse."""

    @dg.asset(
        key=warehouse_key(),
        deps=[version_key(table.name) for table in schema.tables()],
        group_name=WAREHOUSE,
        description="The published version: checked once more, put in place read-only, and pointed to by pulse.duckdb.",
        kinds={"duckdb"},
    )
    def pulse(night: Night) -> dg.MaterializeResult[None]:
        with permanent_errors_fail_at_once():
            manifest = publish(night.configuration, version_built(night.configuration), accepted=night.accepted)
        return dg.MaterializeResult(metadata=version_figures(night.configuration, manifest))

    return pulse


def version_figures(configuration: Configuration, manifest: Manifest) -> dict[str, int | str]:
    """Return what Dagster shows of a version that is in its place."""
    pin = Warehouse.of(configuration).pin
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
