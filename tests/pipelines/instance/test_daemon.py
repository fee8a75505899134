"""What `pulse check` says of schedules and daemon, by the files that Dagster itself has written."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.examine.finding import Finding
from pipelines.instance import dagster_home
from pipelines.instance.daemon import look_at_nights
from tests.support.platforms.small_platform import SECOND, copied
from warehouse import clock
from warehouse.configuration.configuration import Configuration

MORNING = datetime(2026, 1, 1, 8, tzinfo=UTC)  # after the second night


@pytest.fixture
def configuration(nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """Two published nights, on the morning after, in a folder in which Dagster has never been."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", "DAGSTER_EVENT_BATCH_SIZE", "PULSE_CONFIG"):
        monkeypatch.setenv(name, "")  # which `prepare` sets
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    return copied(nights, tmp_path, SECOND)


def looks(configuration: Configuration) -> dict[str, Finding]:
    before = sorted((path, path.stat().st_mtime_ns) for path in configuration.data_dir.rglob("*"))
    findings = {finding.check: finding for finding in look_at_nights(configuration)}
    assert sorted((path, path.stat().st_mtime_ns) for path in configuration.data_dir.rglob("*")) == before
    return findings


def write_history(configuration: Configuration, *, heard_of: float | None = None, is_off: bool = False) -> None:
    """Let Dagster note a heartbeat of its daemon, and that somebody has switched the schedule off."""
    import dagster as dg
    from dagster._core.remote_origin import (
        ManagedGrpcPythonEnvCodeLocationOrigin,
        RemoteInstigatorOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.scheduler.instigation import (
        InstigatorState,
        InstigatorStatus,
        InstigatorType,
        ScheduleInstigatorData,
    )
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
    from dagster._daemon.types import DaemonHeartbeat

    dagster_home.prepare(configuration)
    with dg.DagsterInstance.get() as instance:
        if heard_of is not None:
            instance.add_daemon_heartbeat(DaemonHeartbeat(heard_of, "SCHEDULER", "a daemon", []))
        target = LoadableTargetOrigin(module_name="pipelines.definitions")
        location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name="pipelines.definitions")
        origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "every_night")
        status = InstigatorStatus.STOPPED if is_off else InstigatorStatus.RUNNING
        data = ScheduleInstigatorData("0 2 * * *", None)
        instance.add_instigator_state(InstigatorState(origin, InstigatorType.SCHEDULE, status, data))


def test_a_folder_without_dagster_is_in_order_and_stays_without(configuration: Configuration) -> None:
    findings = looks(configuration)
    assert {finding.status for finding in findings.values()} == {"ok"}
    assert findings["daemon"].message.startswith("no daemon has run")


def test_a_daemon_that_beats_is_in_order(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    write_history(configuration, heard_of=time.time())
    monkeypatch.undo()
    findings = looks(configuration)
    assert {finding.status for finding in findings.values()} == {"ok"}
    assert findings["daemon"].message == "the daemon runs"


def test_a_schedule_that_is_switched_off_is_named(configuration: Configuration) -> None:
    write_history(configuration, is_off=True)
    finding = looks(configuration)["schedule"]
    assert (finding.status, finding.message) == ("warning", "switched off in Dagster's UI: every_night")
    assert "`pulse ui`" in (finding.way_out or "")


def test_a_silent_daemon_is_named_only_if_no_nights_come(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cron may have taken over."""
    write_history(configuration, heard_of=(MORNING - timedelta(days=1)).timestamp())
    assert looks(configuration)["daemon"].status == "ok"
    monkeypatch.setattr(clock, "now", lambda: MORNING + timedelta(days=3))
    finding = looks(configuration)["daemon"]
    assert (finding.status, "2025-12-31 08:00 (UTC)" in finding.message) == ("warning", True)
    assert "`pulse ui`" in (finding.way_out or "")


def test_a_damaged_history_is_named(configuration: Configuration) -> None:
    history = configuration.data_dir / "dagster" / "history"
    history.mkdir(parents=True)
    (history / "runs.db").write_text("no SQLite file, whatever its name says")
    finding = looks(configuration)["daemon"]
    assert (finding.status, "runs.db cannot be read" in finding.message) == ("failed", True)
    assert "Dagster's history begins anew" in (finding.way_out or "")
