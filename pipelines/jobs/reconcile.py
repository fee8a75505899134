"""The job `reconcile` and its schedule: what `assets/reconcile/reconcile.py` does, with the events of its assets.

It is an op and not a selection of assets: which days it extracts is known only when the sources have been asked.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import dagster as dg

from assets.night.night import Night
from assets.orchestration.events import activity_event, activity_metadata, landing_event, version_events
from assets.orchestration.resources import NightResource
from assets.orchestration.retries import EXTRACTION_RETRIES, permanent_errors_fail_at_once
from assets.reconcile.compare import Comparison, compare
from assets.reconcile.reconcile import Restated, restate_and_prove
from pipelines.jobs.abandoned import fail_abandoned_runs
from warehouse.condition.alerts import occasions
from warehouse.configuration.configuration import Configuration
from warehouse.disk.lock import run_lock
from warehouse.errors import LockHeldError

RECONCILE = "reconcile"


def reconcile_job(configuration: Configuration) -> dg.JobDefinition:
    """Return the job: one op, which is tried again while a source does not answer."""

    @dg.op(retry_policy=EXTRACTION_RETRIES, description="Asks every source for its figures; extracts what has drifted.")
    def compare_and_restate(context: dg.OpExecutionContext, night: NightResource) -> None:
        with permanent_errors_fail_at_once():
            comparison = compare(night.now(context.log))
            for drift in comparison.drifts:
                context.log.warning(str(drift))
            if comparison.drifts:
                streams = {drift.landing.stream for drift in comparison.drifts}
                occasions.sources_drifted(configuration, len(comparison.drifts), len(streams))
            restated = restate_and_prove(night.now(context.log), comparison, night.accepted)
            if restated is not None:
                for event in _events(night.now(context.log), comparison, restated):
                    context.log_event(event)
        context.add_output_metadata({"days_proven": len(comparison.proven), "days_drifted": len(comparison.drifts)})

    @dg.job(
        name=RECONCILE,
        executor_def=dg.in_process_executor,
        description="Compare every landing with its source, extract again what has drifted, and publish that.",
    )
    def job() -> None:
        compare_and_restate()

    return job


def reconcile_config(accepted: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the run configuration of the resource `night`."""
    return {"resources": {"night": {"config": dict.fromkeys(accepted, True)}}}


def weekly_schedule(configuration: Configuration) -> dg.ScheduleDefinition:
    """Return the schedule of the job, by `[pulse.reconcile]`."""

    @dg.schedule(
        name="every_week",
        job_name=RECONCILE,
        cron_schedule=configuration.pulse.reconcile.cron,
        execution_timezone=configuration.pulse.reconcile.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Compares everything that has landed with its sources, and restates what has drifted.",
    )
    def every_week(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        with suppress(LockHeldError), run_lock(configuration, "the schedule"):
            fail_abandoned_runs(context.instance, of_commands_only=True)
        key = context.scheduled_execution_time.isoformat()
        return dg.RunRequest(run_key=key, run_config=reconcile_config())

    return every_week


def _events(night: Night, comparison: Comparison, restated: Restated) -> Iterator[dg.AssetMaterialization]:
    for drift, landing in zip(comparison.drifts, restated.landings, strict=True):
        yield landing_event(night.lake, landing, {"drifted": str(drift)})
    for day, rows in restated.rolled.items():
        yield activity_event(night.lake, day, activity_metadata(rows))
    if restated.manifest is not None:
        yield from version_events(night, restated.manifest, night.warehouse.pin)
