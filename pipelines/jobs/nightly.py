"""The job `nightly`: its name, the ranges of UTC days that a run of it is over, and what else a run is told."""

from datetime import date
from typing import Any

from assets.orchestration.partitions import RANGE_END, RANGE_START
from assets.step0_plan.plan import Run

JOB_NAME = "nightly"


def range_tags(first: date, last: date) -> dict[str, str]:
    """Return the tags of a run over the partitions from `first` to `last`, both included."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def night_config(run: Run) -> dict[str, Any]:
    """Return the run configuration of the resource `night`; what is recorded there shows what was asked for."""
    accepted = dict.fromkeys(run.accepted, True)
    config = {"asked_from": run.first.isoformat(), **accepted}
    return {"resources": {"night": {"config": config}}}
