"""The sensor that tells somebody of runs that Dagster has started and that fail (FAULTS 85)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from assets.orchestration.retries import permanent_errors_fail_at_once
from pipelines.definitions import definitions
from pipelines.jobs.abandoned import BY_COMMAND
from pipelines.jobs.failures import failure_sensor
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from tests.support.running.listeners import Listener, webhook
from warehouse.configuration.surroundings.alerts import Alerts
from warehouse.errors import SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration


@pytest.fixture
def listener() -> Iterator[Listener]:
    with webhook() as listening:
        yield listening


@pytest.fixture
def configuration(nights: Path, tmp_path: Path, listener: Listener) -> Configuration:
    copied = small_platform.copied(nights, tmp_path, SECOND)
    return copied.model_copy(update={"alerts": Alerts(webhook=f"http://127.0.0.1:{listener.port}/")})


@dg.op
def fails() -> None:
    """Fail as an asset of ours does."""
    with permanent_errors_fail_at_once():
        raise SourceUnavailableError("learner ana: the source does not answer")


@dg.job(executor_def=dg.in_process_executor)
def failing() -> None:
    """A run that fails."""
    fails()


def look_at_a_failed_run(configuration: Configuration, tags: Mapping[str, str]) -> None:
    """Let a run fail, and the sensor look at it twice."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = failing.execute_in_process(instance=instance, tags=dict(tags), raise_on_error=False)
        (event,) = [event for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE]
        sensor: Any = failure_sensor(configuration)
        for _ in range(2):
            context = dg.build_run_status_sensor_context(
                sensor_name=sensor.name,
                dagster_event=event,
                dagster_instance=instance,
                dagster_run=result.dagster_run,
            )
            sensor(context.for_run_failure())


def test_a_run_that_fails_is_told_once_by_the_kind_of_reason(configuration: Configuration, listener: Listener) -> None:
    look_at_a_failed_run(configuration, {})
    (body,) = listener.bodies
    alert = json.loads(body)
    assert (alert["kind"], alert["version"]) == ("night_failed", SECOND)
    assert alert["subject"].endswith(" of failing failed: a source did not answer, or not completely")
    assert "learner ana" not in body


def test_a_run_of_a_command_is_told_by_the_command(configuration: Configuration, listener: Listener) -> None:
    look_at_a_failed_run(configuration, BY_COMMAND)
    assert listener.bodies == []


def test_the_sensor_is_there_only_if_somebody_is_to_be_told(configuration: Configuration) -> None:
    (sensor,) = definitions(configuration).sensors or []
    assert getattr(sensor, "name", None) == "tell_of_failures"
    assert not definitions(configuration.model_copy(update={"alerts": Alerts()})).sensors
