"""Dagster's shell of step 4: the partial roll-up of each UTC day."""

from collections.abc import Mapping
from datetime import date

import dagster as dg

from assets.orchestration.keys import LAKE, lake_key, landing_keys
from assets.orchestration.partitions import tell_each_day
from assets.orchestration.resources import Night
from assets.orchestration.retries import permanent_errors_fail_at_once
from assets.step4_roll_up.activity import Rolled, roll_up
from warehouse.configuration.configuration import Configuration


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
            rolled = rolled_up(night)
        tell_each_day(context, lake_key("activity"), activity_figures(rolled.days))
        return dg.MaterializeResult(metadata={"stale_days_made_again": len(rolled.days)})

    return activity


def rolled_up(night: Night) -> Rolled:
    """Make the stale activity again, the first time that the run asks for it; nothing lands after that."""
    return roll_up(night.configuration) if night.has_to_roll_up() else Rolled({})


def activity_figures(rolled: Mapping[date, int]) -> dict[date, dict[str, int]]:
    """Return what Dagster shows of the activity of each day, given its rows."""
    return {day: {"dagster/partition_row_count": rows} for day, rows in rolled.items()}
