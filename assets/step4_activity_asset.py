"""Dagster's shell of step 4: the partial roll-up of each UTC day."""

import dagster as dg

from assets.keys import LAKE, lake_key, landing_keys
from assets.resources import Night
from assets.retries import permanent_errors_fail_at_once
from assets.step4_activity import roll_up
from warehouse.configuration import Configuration


def activity_asset(configuration: Configuration, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Return the asset of the activity of each UTC day."""

    @dg.asset(
        key=lake_key("activity"),
        deps=[*landing_keys(configuration), lake_key(configuration.users_stream.name)],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=LAKE,
        description="One row per learner and local date for each UTC day, cut in the zone that the learner had then.",
        kinds={"parquet", "duckdb"},
    )
    def activity(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult[None]:
        with permanent_errors_fail_at_once():
            rolled = roll_up(night.configuration)
        in_range = set(context.partition_keys)
        for day, rows in rolled.days.items():
            figures = {"dagster/partition_row_count": rows}
            if day.isoformat() in in_range:
                context.add_asset_metadata(figures, partition_key=day.isoformat())
            else:
                context.log_event(
                    dg.AssetMaterialization(context.asset_key, partition=day.isoformat(), metadata=figures)
                )
        return dg.MaterializeResult(metadata={"stale_days_made_again": len(rolled.days)})

    return activity
