"""An alert waits until everybody has been told, and is told once, whatever goes wrong meanwhile (FAULTS 85)."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from warehouse import clock
from warehouse.condition.alerts import outbox
from warehouse.condition.alerts.alert import Alert
from warehouse.condition.alerts.channels import Channel
from warehouse.condition.alerts.outbox import KEPT_DAYS, Outbox
from warehouse.disk.lock import exclusive

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "../../etc/passwd\n\0 ünïcode"


class Recorder:
    """A channel that keeps what it is sent, or fails."""

    def __init__(self, name: str = "webhook") -> None:
        self.subjects: list[str] = []
        self.is_down = False
        self.channel = Channel(name, self._send)

    def _send(self, alert: Alert, seconds: float) -> None:
        assert seconds > 0
        if self.is_down:
            raise ConnectionRefusedError(111, "refused")
        self.subjects.append(alert.subject)


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PAUSES", (0.0, 0.0))


def failed(key: str = "1") -> Alert:
    return Alert("night_failed", f"run {key} failed", key)


def test_each_kind_and_key_is_told_once(tmp_path: Path) -> None:
    """Also by another process, and after it has been told."""
    recorder = Recorder()
    for _ in range(2):
        Outbox(tmp_path).note(failed())
    Outbox(tmp_path).note(failed("2"))
    assert Outbox(tmp_path).send([recorder.channel]) == []
    Outbox(tmp_path).note(failed())
    assert Outbox(tmp_path).send([recorder.channel]) == []
    assert recorder.subjects == ["run 1 failed", "run 2 failed"]


def test_what_nobody_took_waits_and_who_was_told_is_not_told_again(tmp_path: Path) -> None:
    """FAULTS 85."""
    web, mail = Recorder(), Recorder("email")
    mail.is_down = True
    Outbox(tmp_path).note(failed())
    (line,) = Outbox(tmp_path).send([web.channel, mail.channel])
    assert line == "nobody was told of night_failed by email: Connection refused; the next run tries again"
    mail.is_down = False
    assert Outbox(tmp_path).send([web.channel, mail.channel]) == []
    assert Outbox(tmp_path).send([web.channel, mail.channel]) == []
    assert (web.subjects, mail.subjects) == (["run 1 failed"], ["run 1 failed"])


def test_what_is_not_to_be_told_any_more_is_dropped(tmp_path: Path) -> None:
    recorder = Recorder()
    Outbox(tmp_path).note(failed())
    assert Outbox(tmp_path).send([recorder.channel], lambda _: False) == []
    assert Outbox(tmp_path).send([recorder.channel]) == []
    assert recorder.subjects == []


def test_while_another_sends_nobody_is_told_twice(tmp_path: Path) -> None:
    recorder = Recorder()
    Outbox(tmp_path).note(failed())
    with exclusive(tmp_path / "alerts.lock", "another"):
        pid = os.fork()
        if pid == 0:  # a lock is a process's own
            from warehouse.disk import lock

            lock._held.clear()  # noqa: SLF001 - of the parent
            os._exit(len(Outbox(tmp_path).send([recorder.channel])) + len(recorder.subjects))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert Outbox(tmp_path).send([recorder.channel]) == []
    assert recorder.subjects == ["run 1 failed"]


def test_all_that_waits_takes_no_longer_than_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAULTS 85: each channel has its share, so that one that stalls leaves the other its own."""
    monkeypatch.setattr(outbox, "SECONDS", 0.4)
    given: list[float] = []

    class Stalling(Recorder):
        def _send(self, alert: Alert, seconds: float) -> None:
            assert alert.kind == "night_failed"
            given.append(seconds)
            raise TimeoutError

    stalling, other = Stalling(), Recorder("email")
    for key in "12":
        Outbox(tmp_path).note(failed(key))
    assert len(Outbox(tmp_path).send([stalling.channel, other.channel])) == 1
    assert all(seconds <= 0.2 for seconds in given)
    assert len(given) == len(outbox.PAUSES), "the first that is not taken ends it"
    assert other.subjects == ["run 1 failed", "run 2 failed"]


def test_a_folder_that_cannot_be_written_loses_the_alert_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "alerts").write_text("no folder")
    with caplog.at_level(logging.WARNING):
        Outbox(tmp_path / "alerts").note(failed())
    assert "an alert is lost" in caplog.text
    (line,) = Outbox(tmp_path / "alerts").send([Recorder().channel])
    assert line.startswith("alerts cannot be sent: ")


def test_what_is_no_alert_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "x.alert").write_text('{"kind": "pwned"}')
    (tmp_path / "y.alert").write_bytes(b"\xff")
    recorder = Recorder()
    assert Outbox(tmp_path).send([recorder.channel]) == []
    assert recorder.subjects == []
    assert list(tmp_path.glob("*.alert")) == []


def test_a_key_names_a_file_in_the_folder_whatever_it_is(tmp_path: Path) -> None:
    Outbox(tmp_path / "alerts").note(failed(HOSTILE))
    assert [path.parent for path in tmp_path.rglob("*.alert")] == [tmp_path / "alerts"]
    assert Alert.from_json(failed(HOSTILE).to_json()) == failed(HOSTILE)


def test_what_has_been_told_is_forgotten_after_months(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    Outbox(tmp_path).note(failed())
    Outbox(tmp_path).send([recorder.channel])
    later = clock.now() + timedelta(days=KEPT_DAYS + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    Outbox(tmp_path).note(failed("2"))
    Outbox(tmp_path).send([recorder.channel])
    assert [path.name for path in tmp_path.glob("*.sent")] == []
