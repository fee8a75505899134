"""Dagster's shell of step 4: the partial roll-up of each UTC day."""

from datetime import date

import dagster as dg

from assets.orchestration.events import activity_metadata, content_of_activity
from assets.orchestration.keys import LAKE, lake_key, landing_keys, users_keys
from assets.orchestration.partitions import partitions_of, tell_each_day
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import permanent_errors_fail_at_once
from assets.orchestration.shown import columns
from assets.orchestration.shown.versions import code_of_activity, data_of_days
from assets.step4_roll_up.activity import Rolled, roll_up
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake


def activity_asset(configuration: Configuration, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Return the asset of the activity of each UTC day."""
    folder = dg.MetadataValue.path(Lake.of(configuration).root / "activity")
    by_stream = configuration.pulse.by_stream
    shown = columns.of_activity(has_own_dates=configuration.has_own_dates, is_by_stream=by_stream)

    @dg.asset(
        key=lake_key("activity"),
        owners=configuration.pulse.owners,
        code_version=code_of_activity(),
        metadata={"path": folder, **shown},
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
            state = night.now(context.log)
            days = map(date.fromisoformat, partitions_of(context))
            contents = content_of_activity(state.lake, [day for day in days if state.lake.activity(day).exists()])
        return dg.MaterializeResult(
            data_version=data_of_days(contents) if contents else None,
            metadata={
                "stale_days_made_again": len(rolled.days),
                "rows_of_these": sum(rolled.days.values()),
                "seconds": state.progress.seconds_of("activity"),
            },
        )

    return activity


def roll_up_once(context: dg.AssetExecutionContext, night: NightResource) -> Rolled:
    """Make the stale activity again, the first time that the run asks for it; nothing lands after that."""
    state = night.now(context.log)
    rolled = roll_up(state) if night.has_to_roll_up() else Rolled({})
    shown = {day: activity_metadata(rows) for day, rows in rolled.days.items()}
    tell_each_day(context, lake_key("activity"), shown, content_of_activity(state.lake, rolled.days))
    return rolled
