"""Dagster's shell of step 2: one partitioned asset per event stream."""

from datetime import date

import dagster as dg

from assets.orchestration.keys import LAKE, lake_key, source_inputs
from assets.orchestration.partitions import partitions_of, tell_each_day
from assets.orchestration.resources import Night
from assets.orchestration.retries import EXTRACTION_RETRIES, permanent_errors_fail_at_once
from assets.step0_plan.plan import days_to_extract
from assets.step2_land.land import land
from warehouse.configuration.configuration import Stream
from warehouse.lake.lake import Lake, Landing

DESCRIPTIONS = {
    "xp": "XP events by UTC day: validated rows, and with a reason the quarantined ones.",
    "sessions": "Learning sessions by the UTC day on which they started: validated rows, and the quarantined ones.",
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
    def landing(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult[None]:
        with permanent_errors_fail_at_once():
            there = Lake.of(night.configuration).landings(night.configuration)
            wanted = days_to_extract(night.configuration, night.run(), stream, there)
            done = land(night.configuration, stream, wanted, accept_shrink=night.accept_shrink)
        there.update({(stream.name, landing.day): landing for landing in done.landings})
        days = sorted({*wanted, *map(date.fromisoformat, partitions_of(context))})
        tell_each_day(context, context.asset_key, {day: landing_figures(there[stream.name, day]) for day in days})
        return dg.MaterializeResult(
            metadata={
                "undated_rows": done.undated,
                "columns_not_mapped": ", ".join(done.other_columns),
                "table_changes": "; ".join(done.changes),
            }
        )

    return landing


def landing_figures(landing: Landing) -> dict[str, int | str]:
    """Return what Dagster shows of a landing."""
    return {
        "dagster/partition_row_count": landing.rows,
        "extracted_at": landing.extracted_at,
        "source_rows": landing.source_rows,
        "quarantined": landing.quarantined,
        "duplicates": landing.duplicates,
        "conflicts": landing.conflicts,
    }
