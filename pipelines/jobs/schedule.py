"""When the night runs: from the configuration, written by hand because a partitioned job's own has no zone."""

from contextlib import suppress
from datetime import UTC

import dagster as dg

from assets.night.night import Night
from assets.step0_plan.plan import Run, first_partition
from pipelines.jobs.abandoned import fail_abandoned_runs
from pipelines.jobs.nightly import JOB_NAME, night_config, range_tags
from warehouse.configuration.configuration import Configuration
from warehouse.disk.lock import run_lock
from warehouse.errors import LockHeldError
from warehouse.lake.days import DAY


def nightly_schedule(configuration: Configuration) -> dg.ScheduleDefinition:
    """Return the schedule of the job: D is the UTC date of the tick's scheduled time minus one day."""
    pulse = configuration.pulse

    @dg.schedule(
        name="every_night",
        job_name=JOB_NAME,
        cron_schedule=pulse.schedule.cron,
        execution_timezone=pulse.schedule.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Extracts the UTC day that has just ended, and whatever is missing before it.",
    )
    def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day = context.scheduled_execution_time.astimezone(UTC).date() - DAY
        with suppress(LockHeldError), run_lock(configuration, "the schedule"):
            fail_abandoned_runs(context.instance, of_commands_only=True)
        if day < pulse.first_day:
            return dg.SkipReason(f"{day} is before first_day ({pulse.first_day})")
        run = Run(day, day)
        first = first_partition(Night.of(configuration), run)
        tags = range_tags(first, day)
        key = context.scheduled_execution_time.isoformat()
        return dg.RunRequest(run_key=key, run_config=night_config(run), tags=tags)

    return every_night
