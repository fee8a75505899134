"""The job `nightly`: its name, the tags for a range of UTC days, and a run's configuration."""

from datetime import date
from typing import Any

from assets.orchestration.partitions import RANGE_END, RANGE_START
from assets.step0_plan.plan import Run

JOB_NAME = "nightly"


def range_tags(first: date, last: date) -> dict[str, str]:
    """Return the tags of a run over the partitions from `first` to `last`, both included."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def night_config(run: Run) -> dict[str, Any]:
    """Return the run configuration of the resource `night`: what the run was asked for, as Dagster records it."""
    accepted = dict.fromkeys(run.accepted, True)
    config = {"asked_from": run.first.isoformat(), **accepted}
    return {"resources": {"night": {"config": config}}}
