"""Running the job from our own command: in this process, recorded so that the UI shows it as one of its own.

`execute_in_process` would leave no trace of where the job comes from, and the UI could not run it again from where it
failed; so the run is created with that origin and then executed here, under the run's lock.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import dagster as dg
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

from assets.night.night import Night
from assets.night.progress import Listener
from assets.orchestration.keys import lake_key, version_key, warehouse_key
from assets.orchestration.resources import by_command
from assets.step0_plan.plan import Run, first_partition
from pipelines.jobs.abandoned import BY_COMMAND, fail_abandoned_runs
from pipelines.jobs.failures import first_failure
from pipelines.jobs.nightly import JOB_NAME, night_config, range_tags
from pipelines.jobs.reconcile import RECONCILE, reconcile_config
from warehouse.configuration.configuration import Configuration
from warehouse.errors import PulseError, UnexpectedError
from warehouse.versions import schema

CODE_LOCATION = "pipelines.definitions"
NOT_OURS = re.compile(r"[A-Za-z_]+(?:Error|Exception): ")  # with a class; what we say ourselves begins with a thing
QUIET: Mapping[str, object] = {"console": {"config": {"log_level": "CRITICAL"}}}


def run_nightly(configuration: Configuration, run: Run, listener: Listener) -> None:
    """Run the job `nightly` in this process.

    Args:
        configuration: the one that `PULSE_CONFIG` names, with Dagster's home prepared.
        run: the days and streams, as `planned`.
        listener: is told how far the steps are.

    Raises:
        PulseError: the run failed, with what its first failed step said.
        KeyboardInterrupt: it was told to stop; Dagster makes a failed run of that.
    """
    night = Night.of(configuration)
    tags = range_tags(first_partition(night, run), run.last)
    with by_command(listener, night.lake):
        _execute(nightly_job, night_config(run), selection=selected(configuration, run), tags=tags)


def run_reconcile(accepted: tuple[str, ...], listener: Listener) -> None:
    """Run the job `reconcile` in this process.

    Args:
        accepted: guards that an operator lets through.
        listener: is told how far the steps are.

    Raises:
        PulseError, KeyboardInterrupt: as `run_nightly`.
    """
    with by_command(listener):
        _execute(reconcile_job, reconcile_config(accepted))


def _execute(
    definition: Callable[[], dg.JobDefinition],
    config: Mapping[str, object],
    *,
    selection: frozenset[dg.AssetKey] | None = None,
    tags: Mapping[str, str] = MappingProxyType({}),
) -> None:
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(CODE_LOCATION), "__repository__")
    job = dg.reconstructable(definition)
    with dg.DagsterInstance.get() as instance:
        fail_abandoned_runs(instance, of_commands_only=True)
        created = instance.create_run_for_job(
            job_def=job.get_definition(),
            tags={**tags, **BY_COMMAND},
            run_config={**config, "loggers": QUIET},
            remote_job_origin=repository.get_job_origin(job.get_definition().name),
            job_code_origin=job.get_python_origin(),
            asset_selection=selection,
        )
        is_good = execute_run(job, created, instance).success
        if not is_good:
            failure = first_failure(instance, created.run_id)
            error = (UnexpectedError if NOT_OURS.match(failure.words) else PulseError)(failure.words)
            error.cause = failure.cause
            raise error


def selected(configuration: Configuration, run: Run) -> frozenset[dg.AssetKey] | None:
    """Return the assets of a run over some of the streams, None for a run of the whole job."""
    if not run.streams:
        return None
    tables = schema.tables_of(configuration)
    version = [version_key(table.name) for table in tables]
    return frozenset([*map(lake_key, (*run.streams, "activity")), *version, warehouse_key()])


def nightly_job() -> dg.JobDefinition:
    """Return the job as Dagster loads it; by this function its own processes find it again."""
    from pipelines.definitions import defs  # noqa: PLC0415 - reads the configuration when it is imported

    return defs.resolve_job_def(JOB_NAME)


def reconcile_job() -> dg.JobDefinition:
    """Return the other job, in the same way."""
    from pipelines.definitions import defs  # noqa: PLC0415 - as above

    return defs.resolve_job_def(RECONCILE)
