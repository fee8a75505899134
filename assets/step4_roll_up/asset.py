"""Dagster's shell of step 4: the partial roll-up of each UTC day."""

import dagster as dg

from assets.orchestration.events import activity_metadata
from assets.orchestration.keys import LAKE, lake_key, landing_keys, users_keys
from assets.orchestration.partitions import tell_each_day
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import permanent_errors_fail_at_once
from assets.step4_roll_up.activity import Rolled, roll_up
from warehouse.configuration.configuration import Configuration


def activity_asset(configuration: Configuration, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Return the asset of the activity of each UTC day."""

    @dg.asset(
        key=lake_key("activity"),
        deps=[*landing_keys(configuration), *users_keys(configuration)],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=LAKE,
        description="One row per learner and local date for each UTC day, cut in the zone that the learner had then.",
        kinds={"parquet", "duckdb"},
    )
    def activity(context: dg.AssetExecutionContext, night: NightResource) -> dg.MaterializeResult[None]:
        with permanent_errors_fail_at_once():
            rolled = roll_up_once(context, night)
        return dg.MaterializeResult(metadata={"stale_days_made_again": len(rolled.days)})

    return activity


def roll_up_once(context: dg.AssetExecutionContext, night: NightResource) -> Rolled:
    """Make the stale activity again, the first time that the run asks for it; nothing lands after that."""
    rolled = roll_up(night.now()) if night.has_to_roll_up() else Rolled({})
    tell_each_day(context, lake_key("activity"), {day: activity_metadata(rows) for day, rows in rolled.days.items()})
    return rolled
