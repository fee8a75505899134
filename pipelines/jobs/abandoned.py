"""Runs whose process has died: Dagster would show them as running for ever, and begin no other run.

Dagster's own launcher does not check whether a process still runs. Whoever holds the run's lock knows that no other
run is at work, because every run needs it.
"""

import dagster as dg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

# A command creates its run under the lock, so its run is dead when another holds it. A run that Dagster launched may
# just be waiting for the lock.
BY_COMMAND = {"pulse/started_by": "command"}


def fail_abandoned_runs(instance: dg.DagsterInstance, *, of_commands_only: bool) -> None:
    """Report runs without a process as failed; the caller holds the run's lock.

    Args:
        instance: Dagster's instance of the data folder.
        of_commands_only: leave the runs that Dagster launched alone; false only while no daemon runs.
    """
    statuses = [*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.CANCELING]
    wanted = dg.RunsFilter(statuses=statuses, tags=BY_COMMAND if of_commands_only else None)
    for run in instance.get_runs(filters=wanted):
        instance.report_run_failed(run, "the process of this run has died; run it again")


def fail_abandoned_runs_of_home() -> None:
    """Do the same in the instance of `DAGSTER_HOME`, also for launched runs: its UI and daemon have not started."""
    with dg.DagsterInstance.get() as instance:
        fail_abandoned_runs(instance, of_commands_only=False)
