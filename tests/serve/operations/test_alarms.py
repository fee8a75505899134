"""What a server tells somebody: stale data and a refused version, once for all workers and servers (FAULTS 85)."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from serve.app import create_app
from serve.operations.alarms import Alarms
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from tests.support.running.listeners import Listener, webhook
from warehouse.configuration.surroundings.alerts import Alerts
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def looked(configuration: Configuration, now: float | None = None) -> Alarms:
    """The alarms of a worker that has begun anew and looked at once."""
    metrics = create_app(configuration).extensions["metrics"]
    clock = (lambda: now) if now else metrics.clock
    metrics.tell()
    alarms = Alarms(configuration, metrics.workers, clock)
    alarms.look()
    if alarms._sending:  # noqa: SLF001 - what it has begun is to end before we look
        alarms._sending.join(10)  # noqa: SLF001
    return alarms


def told(listener: Listener) -> list[dict[str, Any]]:
    return [json.loads(body) for body in listener.bodies]


def test_a_schedule_that_has_died_is_told_once_by_all_workers(configuration: Configuration, listener: Listener) -> None:
    """FAULTS 85."""
    for _ in range(2):
        alarms = looked(configuration, small_platform.FAR_EXPIRY)
        alarms.look()
    (alert,) = told(listener)
    assert (alert["kind"], alert["version"]) == ("stale", SECOND)
    assert alert["subject"] == "nothing has been published for more than 36 hours"


def test_a_version_of_today_is_not_told(configuration: Configuration, listener: Listener) -> None:
    looked(configuration)
    assert listener.bodies == []


def test_a_version_that_is_refused_is_told(configuration: Configuration, listener: Listener) -> None:
    warehouse = Warehouse.of(configuration)
    shutil.rmtree(warehouse.receipts, ignore_errors=True)
    file = warehouse.file(SECOND)
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    looked(configuration)
    (alert,) = told(listener)
    assert (alert["kind"], alert["version"]) == ("refused_version", None)
    assert SECOND in alert["subject"]


def test_without_anybody_to_tell_nothing_is_noted(configuration: Configuration, listener: Listener) -> None:
    looked(configuration.model_copy(update={"alerts": Alerts()}), small_platform.FAR_EXPIRY)
    assert listener.bodies == []
    assert not list(Warehouse.of(configuration).receipts.glob("*.alert"))
