"""The job `reconcile` and its schedule: what `assets/reconcile/reconcile.py` does, reported to Dagster asset by asset.

It is an op and not a selection of assets: which days it extracts is known only when the sources have been asked.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import dagster as dg

from assets.orchestration.keys import lake_key, version_key, warehouse_key
from assets.orchestration.resources import Night
from assets.orchestration.retries import EXTRACTION_RETRIES, permanent_errors_fail_at_once
from assets.reconcile.compare import Comparison, compare
from assets.reconcile.reconcile import Restated, restate
from assets.step2_land.asset import landing_figures
from assets.step7_publish.asset import version_figures
from pipelines.jobs.abandoned import fail_abandoned_runs
from warehouse.configuration.configuration import Configuration
from warehouse.disk.lock import run_lock
from warehouse.errors import LockHeldError

RECONCILE = "reconcile"


def reconcile_job() -> dg.JobDefinition:
    """Return the job: one op, which is tried again while a source does not answer."""

    @dg.op(retry_policy=EXTRACTION_RETRIES, description="Asks every source for its figures; extracts what has drifted.")
    def compare_and_restate(context: dg.OpExecutionContext, night: Night) -> None:
        with permanent_errors_fail_at_once():
            comparison = compare(night.configuration)
            for drift in comparison.drifts:
                context.log.warning(str(drift))
            if comparison.drifts:
                restated = restate(night.configuration, comparison, night.accepted)
                for event in _materializations(night.configuration, comparison, restated):
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


def _materializations(
    configuration: Configuration, comparison: Comparison, restated: Restated
) -> Iterator[dg.AssetMaterialization]:
    """Yield what the assets of a night would have reported."""
    for drift, landing in zip(comparison.drifts, restated.landings, strict=True):
        figures = {**landing_figures(landing), "drifted": str(drift)}
        yield _event(lake_key(landing.stream), figures, landing.day.isoformat())
    for day, rows in restated.rolled.items():
        yield _event(lake_key("activity"), {"dagster/partition_row_count": rows}, day.isoformat())
    if restated.manifest is None:
        return
    for table, rows in restated.manifest.rows.items():
        yield _event(version_key(table), {"version": restated.manifest.version, "dagster/row_count": rows})
    yield _event(warehouse_key(), version_figures(configuration, restated.manifest))


def _event(key: dg.AssetKey, figures: Mapping[str, int | str], day: str | None = None) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(key, metadata=dict(figures), partition=day)
