"""When Dagster starts runs by itself: the schedule of the nights, that of reconciliation, and runs whose process died.

What such a run does is `test_dagster.py`'s.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from pipelines.command_line.dagster_run import nightly_job
from pipelines.definitions import definitions
from pipelines.jobs.abandoned import BY_COMMAND, fail_abandoned_runs
from pipelines.jobs.nightly import JOB_NAME, range_tags
from pipelines.jobs.reconcile import RECONCILE
from tests.support.running.dagster_place import LAST_DAY, Place, at_home
from warehouse.lake.days import DAY


def tick(place: Place, instance: dg.DagsterInstance, moment: datetime) -> dg.RunRequest | dg.SkipReason:
    """Return what the schedule asks for at a moment."""
    schedule = definitions(place.configuration).resolve_schedule_def("every_night")
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
    found = schedule.evaluate_tick(context)
    if found.run_requests:
        return found.run_requests[0]
    return dg.SkipReason(found.skip_message)


def test_the_schedule_is_the_configurations_and_runs_by_default(
    platform: Place, copy_of: Callable[[Place], Place]
) -> None:
    place = copy_of(platform)
    place.replace('cron = "0 2 * * *"\ntimezone = "UTC"', 'cron = "30 4 * * 1-5"\ntimezone = "Pacific/Kiritimati"')
    schedule = definitions(place.configuration).resolve_schedule_def("every_night")
    assert schedule.cron_schedule == "30 4 * * 1-5"
    assert schedule.execution_timezone == "Pacific/Kiritimati"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == JOB_NAME


@pytest.mark.parametrize(
    ("zone", "local", "day"),
    [
        ("UTC", "2026-01-21 02:00", "2026-01-20"),
        ("Europe/Berlin", "2026-01-21 00:30", "2026-01-19"),  # 23:30 in UTC: the 20th is not over
        ("Pacific/Kiritimati", "2026-01-21 02:00", "2026-01-19"),  # noon of the 20th in UTC
        ("America/Los_Angeles", "2026-01-20 20:00", "2026-01-20"),  # already the 21st in UTC
    ],
)
def test_a_tick_asks_for_the_day_before_the_utc_date_of_its_scheduled_time(
    published: Place, instance: dg.DagsterInstance, zone: str, local: str, day: str
) -> None:
    asked = tick(published, instance, datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)))
    assert isinstance(asked, dg.RunRequest)
    assert asked.tags["dagster/asset_partition_range_end"] == day
    first = date.fromisoformat(day) - 7 * DAY
    assert asked.tags["dagster/asset_partition_range_start"] == first.isoformat(), "the lookback"
    assert asked.run_config["resources"]["night"]["config"]["asked_from"] == day


def test_the_first_tick_asks_for_everything_and_none_before_first_day_is_due(
    platform: Place, copy_of: Callable[[Place], Place]
) -> None:
    place = copy_of(platform)
    with at_home(place) as found:
        asked = tick(place, found, datetime(2026, 1, 21, 2, tzinfo=UTC))
        assert isinstance(asked, dg.RunRequest)
        assert asked.tags["dagster/asset_partition_range_start"] == "2026-01-01"
        skipped = tick(place, found, datetime(2026, 1, 1, 2, tzinfo=UTC))
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "2025-12-31 is before first_day (2026-01-01)"


def test_a_run_whose_process_died_is_failed_by_whoever_holds_the_lock_next(
    platform: Place, copy_of: Callable[[Place], Place]
) -> None:
    """FAULTS 6: else it would fill the queue of Dagster's daemon for ever."""
    place = copy_of(platform)
    with at_home(place) as found:
        dead, waiting = (
            found.create_run_for_job(
                nightly_job(), tags={**range_tags(LAST_DAY, LAST_DAY), **tags}, status=dg.DagsterRunStatus.STARTED
            )
            for tags in (BY_COMMAND, {})
        )

        def state(run: dg.DagsterRun) -> dg.DagsterRunStatus:
            known = found.get_run_by_id(run.run_id)
            assert known is not None
            return known.status

        tick(place, found, datetime(2026, 1, 21, 2, tzinfo=UTC))
        assert state(dead) == dg.DagsterRunStatus.FAILURE
        assert state(waiting) == dg.DagsterRunStatus.STARTED, "one that Dagster launched may be waiting for the lock"
        fail_abandoned_runs(found, of_commands_only=False)
        assert state(waiting) == dg.DagsterRunStatus.FAILURE


def test_the_weekly_schedule_is_the_configurations_and_asks_for_the_whole_job(
    published: Place, instance: dg.DagsterInstance
) -> None:
    configuration = published.configuration
    schedule = definitions(configuration).resolve_schedule_def("every_week")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 4 * * 0", "UTC")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == RECONCILE
    moment = datetime(2026, 1, 25, 4, tzinfo=UTC)
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
    (asked,) = schedule.evaluate_tick(context).run_requests or []
    assert asked.run_key == moment.isoformat()
    assert asked.run_config["resources"]["night"]["config"] == {}
