"""Dagster's shell of step 2: one partitioned asset per event stream."""

from datetime import date

import dagster as dg

from assets.orchestration.events import landing_metadata, quarantined_metadata, source_observation
from assets.orchestration.keys import LAKE, lake_key, source_inputs
from assets.orchestration.partitions import partitions_of, tell_each_day
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import EXTRACTION_RETRIES, permanent_errors_fail_at_once
from assets.orchestration.shown import columns
from assets.orchestration.shown.versions import data_of_days
from assets.step2_land.land import land_run
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.lake.lake import Lake

DESCRIPTIONS = {
    "xp": "XP events by UTC day: validated rows, and with a reason the quarantined ones.",
    "sessions": "Learning sessions by the UTC day on which they started: validated rows, and the quarantined ones.",
    "daily": "Totals of a learner's own dates, by date: validated rows, and with a reason the quarantined ones.",
    "freezes": "Dates that streak savers cover, by date: validated rows, and with a reason the quarantined ones.",
    "quizzes": "Quiz attempts by UTC day: validated rows, and with a reason the quarantined ones.",
}


def landing_asset(
    configuration: Configuration, stream: Stream, days: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """Return the asset of an event stream's landings."""
    folder = dg.MetadataValue.path(Lake.of(configuration).root / stream.name)

    @dg.asset(
        key=lake_key(stream.name),
        owners=configuration.pulse.owners,
        code_version=stream.fingerprint,
        metadata={"path": folder, **columns.of_landing(stream)},
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
            landed = land_run(night.now(context.log), night.run(), stream)
            state = night.now(context.log)
        own = set(map(date.fromisoformat, partitions_of(context)))
        days = sorted({*(of_day.day for of_day in landed.landings), *landed.proven} | own)
        known = {day: state.landings[stream.name, day] for day in days if (stream.name, day) in state.landings}
        quarantined = quarantined_metadata(state, known.values())
        shown = {
            day: {**landing_metadata(state.lake, of_day, landed.proven.get(day)), **quarantined.get(day, {})}
            for day, of_day in known.items()
        }
        contents = {day: of_day.content_hash for day, of_day in known.items()}
        tell_each_day(context, context.asset_key, shown, contents)
        if landed.landings:
            context.log_event(source_observation(stream, landed.landings[-1].columns))
        return dg.MaterializeResult(
            data_version=data_of_days({day: contents[day] for day in own & contents.keys()} or contents),
            metadata={
                "days_extracted": len(landed.landings),
                "days_proven": len(landed.proven),
                "rows_in": sum(of_day.source_rows for of_day in landed.landings),
                "rows_landed": sum(of_day.rows for of_day in landed.landings),
                "undated_rows": landed.undated,
                "columns_not_mapped": ", ".join(landed.unmapped_columns),
                "table_changes": "; ".join(landed.changes),
                "seconds": state.progress.seconds_of(stream.name),
            },
        )

    return landing
