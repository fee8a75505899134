"""Dagster's shell of step 2: one partitioned asset per event stream."""

from datetime import date

import dagster as dg

from assets.orchestration.events import landing_metadata
from assets.orchestration.keys import LAKE, lake_key, source_inputs
from assets.orchestration.partitions import partitions_of, tell_each_day
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import EXTRACTION_RETRIES, permanent_errors_fail_at_once
from assets.step2_land.land import land_run
from warehouse.configuration.configuration import Stream

DESCRIPTIONS = {
    "xp": "XP events by UTC day: validated rows, and with a reason the quarantined ones.",
    "sessions": "Learning sessions by the UTC day on which they started: validated rows, and the quarantined ones.",
    "daily": "Totals of a learner's own dates, by date: validated rows, and with a reason the quarantined ones.",
    "quizzes": "Quiz attempts by UTC day: validated rows, and with a reason the quarantined ones.",
}


def landing_asset(stream: Stream, days: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Return the asset of an event stream's landings."""

    @dg.asset(
        key=lake_key(stream.name),
        ins=source_inputs(stream),
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=EXTRACTION_RETRIES,
        group_name=LAKE,
        description=DESCRIPTIONS[stream.kind],
        kinds={"parquet"},
    )
    def landing(context: dg.AssetExecutionContext, night: NightResource) -> dg.MaterializeResult[None]:
        with permanent_errors_fail_at_once():
            landed = land_run(night.now(), night.run(), stream)
            landings = night.now().landings
        landed_days = {*(of_day.day for of_day in landed.landings), *landed.proven}
        days = sorted(landed_days | set(map(date.fromisoformat, partitions_of(context))))
        known = {day: landings[stream.name, day] for day in days if (stream.name, day) in landings}
        shown = {day: landing_metadata(of_day, landed.proven.get(day)) for day, of_day in known.items()}
        tell_each_day(context, context.asset_key, shown)
        return dg.MaterializeResult(
            metadata={
                "days_extracted": len(landed.landings),
                "days_proven": len(landed.proven),
                "undated_rows": landed.undated,
                "columns_not_mapped": ", ".join(landed.unmapped_columns),
                "table_changes": "; ".join(landed.changes),
            }
        )

    return landing
