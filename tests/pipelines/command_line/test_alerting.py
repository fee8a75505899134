"""Who is told how a command ended, by a real web server: once, after its lock, and nothing of a learner (FAULTS 85)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest

from pipelines.command_line.cli import main
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, FIRST, SECOND, SECOND_NIGHT
from tests.support.running.listeners import Listener, webhook
from tests.support.running.rewriting import rewrite
from warehouse.disk.lock import run_lock
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

SECRET = "T0PS3CRET"
LEARNERS = re.compile("|".join(map(re.escape, (ANA, BEN, "ana", "ben", SECRET))))


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    with webhook() as listening:
        monkeypatch.setenv("PULSE_ALERT_WEBHOOK", f"http://127.0.0.1:{listening.port}/{SECRET}")
        yield listening


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    """Two nights have been published, and somebody is to be told."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    words = configuration.path.read_text(encoding="utf-8")
    configuration.path.write_text(f'{words}\n[alerts]\nwebhook = "${{PULSE_ALERT_WEBHOOK}}"\n', encoding="utf-8")
    return configuration


def pulse(configuration: Configuration, *words: str) -> int:
    return main([*words, "--config", str(configuration.path)])


def told(listener: Listener) -> list[dict[str, Any]]:
    return [json.loads(body) for body in listener.bodies]


def delete_everybody(configuration: Configuration) -> None:
    rewrite(configuration, Lake.of(configuration).users, "* replace (true as is_deleted)")


def test_a_version_that_checks_hold_back_is_told_with_their_names(
    configuration: Configuration, listener: Listener
) -> None:
    delete_everybody(configuration)
    assert pulse(configuration, "build") == 1
    (alert,) = told(listener)
    assert alert["kind"] == "version_held_back"
    assert alert["checks"].keys() >= {"learners_left"}
    assert alert["version"] == SECOND
    assert "`pulse build` published nothing: " in alert["text"]
    assert LEARNERS.findall(listener.bodies[0]) == []


def test_a_run_that_fails_is_told_by_the_kind_of_reason(configuration: Configuration, listener: Listener) -> None:
    """A folder stands where a file of the lake should: the line on standard error names it, the alert does not."""
    lake = Lake.of(configuration)
    lake.users.unlink()
    assert pulse(configuration, "build") == 1
    (alert,) = told(listener)
    assert (alert["kind"], alert["subject"]) == ("night_failed", "`pulse build` failed: a check blocks publishing")
    assert str(configuration.data_dir) not in listener.bodies[0]


def test_a_run_that_goes_well_is_not_told(configuration: Configuration, listener: Listener) -> None:
    assert pulse(configuration, "build") == 0
    assert listener.bodies == []


def test_a_pin_that_holds_a_version_back_is_told(configuration: Configuration, listener: Listener) -> None:
    Warehouse.of(configuration).rollback(FIRST)
    assert pulse(configuration, "build") == 0
    (alert,) = told(listener)
    assert alert["kind"] == "version_held_back"
    assert alert["subject"].endswith(f"because the pointer is pinned to {FIRST}")


@pytest.mark.parametrize("is_published", [True, False])
def test_a_skipped_night_is_told_by_the_other_if_its_day_is_not_published_then(
    configuration: Configuration,
    listener: Listener,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    is_published: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    if not is_published:
        Warehouse.of(configuration).point_to(FIRST)
    monkeypatch.setattr("warehouse.disk.lock._held", MagicMock(set))  # as another process
    with run_lock(configuration, "another"):
        assert pulse(configuration, "nightly", "--day", str(SECOND_NIGHT)) == 3
        assert listener.bodies == []
    monkeypatch.undo()
    monkeypatch.setenv("PULSE_ALERT_WEBHOOK", f"http://127.0.0.1:{listener.port}/{SECRET}")
    from warehouse.condition.alerts import occasions

    occasions.send_noted(configuration_with_alerts(configuration), print)
    assert [alert["kind"] for alert in told(listener)] == ([] if is_published else ["night_skipped"])
    assert capsys.readouterr().out == ""


def configuration_with_alerts(configuration: Configuration) -> Configuration:
    from warehouse.configuration.configuration import load

    return load(configuration.path)


def test_nobody_there_changes_no_exit_code_and_the_next_run_tells(
    configuration: Configuration,
    listener: Listener,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """FAULTS 85."""
    monkeypatch.setattr("warehouse.condition.alerts.outbox.PAUSES", (0.0, 0.0))
    listener.status = 503
    Warehouse.of(configuration).rollback(FIRST)
    assert pulse(configuration, "build") == 0
    assert "alerts: nobody was told of version_held_back by webhook: it answered 503" in capsys.readouterr().out
    listener.status = 200
    assert pulse(configuration, "build") == 0
    assert len(told(listener)) == 2, "the one that waited, and this version's own"


def test_a_variable_that_is_not_set_is_a_warning_for_a_night_and_an_error_for_the_test(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 85."""
    monkeypatch.delenv("PULSE_ALERT_WEBHOOK", raising=False)
    assert pulse(configuration, "build") == 0
    assert "nobody will be told of a failure: alerts.webhook: environment variable" in capsys.readouterr().out
    assert pulse(configuration, "alert", "test") == 2
    assert "environment variable PULSE_ALERT_WEBHOOK is not set" in capsys.readouterr().err


def test_the_test_says_who_took_it(
    configuration: Configuration, listener: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pulse(configuration, "alert", "test") == 0
    assert capsys.readouterr().out == "webhook: sent\n"
    assert [alert["kind"] for alert in told(listener)] == ["test"]
    listener.status = 403
    assert pulse(configuration, "alert", "test") == 1
    shown = capsys.readouterr()
    assert shown.out == "webhook: it answered 403\n"
    assert SECRET not in shown.out + shown.err


def test_the_test_of_nobody_says_so(nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    assert pulse(configuration, "alert", "test") == 2
    assert "[alerts] names neither webhook nor email" in capsys.readouterr().err
