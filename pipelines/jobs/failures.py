"""Why a run failed, as its first failed step says it; and a sensor that tells somebody, for runs of Dagster's own."""

import re
from typing import NamedTuple

import dagster as dg

from assets.orchestration.retries import Stopped
from pipelines.jobs.abandoned import BY_COMMAND
from warehouse.condition import night_metrics
from warehouse.condition.alerts import occasions
from warehouse.configuration.configuration import Configuration

# What Dagster puts around the exception of a step.
WRAPPERS = {"DagsterExecutionStepExecutionError", "DagsterResourceFunctionError", "RetryRequestedFromPolicy"}
# What a signal becomes where a step does not catch it.
INTERRUPTIONS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt", Stopped.__name__}


class Failure(NamedTuple):
    """Why a run failed: the line, and the class of the error that it is of."""

    words: str
    cause: str


def first_failure(instance: dg.DagsterInstance, run_id: str) -> Failure:
    """Return what the first failed step of a run said, in one line and without Dagster's wrapping.

    Raises:
        KeyboardInterrupt: the run did not fail, it was told to stop.
    """
    for kind in (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE):
        for entry in instance.all_logs(run_id, of_type=kind):
            event = entry.get_dagster_event()
            error = getattr(event.event_specific_data, "error", None)
            while error and error.cause and error.cls_name in WRAPPERS:
                error = error.cause
            if error:
                text = " ".join(re.sub(rf"^(?:[\w.]+\.)?{error.cls_name}: ", "", error.message).split())
                if error.cls_name in INTERRUPTIONS:
                    raise KeyboardInterrupt
                of_ours = error.cause if error.cls_name == dg.Failure.__name__ and error.cause else error
                return Failure(text, of_ours.cls_name or "")
    return Failure(f"run {run_id} failed without a reason; open it with `pulse ui`", "")


def failure_sensor(configuration: Configuration) -> dg.SensorDefinition:
    """Return the sensor that tells somebody when a run fails that Dagster has started; commands tell by themselves."""

    @dg.run_failure_sensor(
        name="tell_of_failures",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells whoever [alerts] names when a run fails that was started from here.",
    )
    def tell_of_failures(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        if BY_COMMAND.items() <= run.tags.items():
            return
        try:
            failure = first_failure(context.instance, run.run_id)
        except KeyboardInterrupt:  # somebody ended it, who knows
            return
        what = f"the run {run.run_id[:8]} of {run.job_name}"
        occasions.run_failed(configuration, what, failure.cause, failure.words, key=run.run_id)
        for line in night_metrics.write_failure(configuration, run.job_name.strip("_").lower()):
            context.log.warning(line)
        occasions.send_noted(configuration, context.log.warning)

    return tell_of_failures
