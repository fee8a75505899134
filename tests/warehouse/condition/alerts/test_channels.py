"""Telling somebody by a real web server and a real mail server: taken, refused, slow, not there (FAULTS 85)."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.running.listeners import mailbox, webhook
from warehouse.condition.alerts.alert import Alert
from warehouse.condition.alerts.channels import NO_TLS, channels_of
from warehouse.configuration.surroundings.alerts import Alerts, Email

if TYPE_CHECKING:
    from tests.support.running.listeners import Listener
    from warehouse.condition.alerts.channels import Channel

ALERT = Alert(
    "version_held_back", "`pulse nightly` published nothing", "a-run", checks={"rows_kept": 1204}, day="2026-01-02"
)


def by_webhook(port: int) -> Channel:
    (channel,), mistakes = channels_of(Alerts(webhook=f"http://127.0.0.1:{port}/services/secret"))
    assert mistakes == []
    return channel


def by_mail(port: int, login: str = "") -> Channel:
    server = f"smtp://{login}127.0.0.1:{port}"
    email = Email.model_validate({"server": server, "from": "pulse@example.com", "to": ["a@example.com", "b@b.org"]})
    (channel,), _ = channels_of(Alerts(email=email))
    return channel


def unused_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_webhook_gets_json_with_a_text_for_people() -> None:
    with webhook() as listener:
        assert by_webhook(listener.port).deliver(ALERT, 5) is None
    (body,) = listener.bodies
    content = json.loads(body)
    assert content["text"].splitlines() == [
        "Learning Pulse: `pulse nightly` published nothing",
        "check rows_kept: 1,204 violations",
        "day: 2026-01-02",
        f"nothing is published; noted at {ALERT.at}",
    ]
    assert (content["kind"], content["checks"], content["version"]) == ("version_held_back", {"rows_kept": 1204}, None)


def test_mail_goes_to_everybody_named() -> None:
    with mailbox() as listener:
        assert by_mail(listener.port).deliver(ALERT, 5) is None
    (mail,) = listener.mails()
    assert mail["Subject"] == "Learning Pulse: `pulse nightly` published nothing"
    assert (mail["From"], mail["To"]) == ("pulse@example.com", "a@example.com, b@b.org")
    assert "check rows_kept: 1,204 violations" in str(mail.get_payload())


@pytest.mark.parametrize(("status", "failure"), [(500, "it answered 500"), (302, "it answered 302")])
def test_a_webhook_that_refuses_is_told_by_its_number(status: int, failure: str) -> None:
    """And one that sends elsewhere is not followed: what is told may not go to whoever is named there."""
    with webhook() as listener:
        listener.status = status
        assert by_webhook(listener.port).deliver(ALERT, 5) == failure
    assert listener.bodies == []


def test_a_mail_server_that_refuses_is_told_by_its_kind() -> None:
    with mailbox() as listener:
        listener.status = 550
        assert by_mail(listener.port).deliver(ALERT, 5) == "SMTPRecipientsRefused"
    assert listener.bodies == []


@pytest.mark.parametrize("make", [by_webhook, by_mail])
def test_nobody_there_is_told_without_the_secret_in_the_url(make: object) -> None:
    """FAULTS 85."""
    failure = make(unused_port()).deliver(ALERT, 5)  # type: ignore[operator] # one of the two above
    assert failure == "Connection refused"


@pytest.mark.parametrize(("run", "make"), [(webhook, by_webhook), (mailbox, by_mail)])
def test_a_server_that_stalls_is_left_behind(run: object, make: object) -> None:
    """FAULTS 85."""
    with run() as listener:  # type: ignore[operator] # as above
        _stalls(listener)
        failure = make(listener.port).deliver(ALERT, 0.3)  # type: ignore[operator]
    assert failure in {"no answer within 0 s", "TimeoutError"}


def _stalls(listener: Listener) -> None:
    listener.pause_seconds = 3.0


def test_a_password_goes_to_no_other_machine_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine it may."""
    monkeypatch.setattr("warehouse.condition.alerts.channels._is_local", lambda _: False)
    with mailbox() as listener:
        assert by_mail(listener.port, "pulse:secret@").deliver(ALERT, 5) == NO_TLS
    assert listener.bodies == []


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_WEBHOOK", raising=False)
    channels, mistakes = channels_of(Alerts(webhook="${NO_SUCH_WEBHOOK}"))
    assert channels == []
    assert mistakes == ["alerts.webhook: environment variable NO_SUCH_WEBHOOK is not set"]
    monkeypatch.setenv("NO_SUCH_WEBHOOK", "ftp://secret")
    channels, mistakes = channels_of(Alerts(webhook="${NO_SUCH_WEBHOOK}"))
    assert channels == []
    assert [line for line in mistakes if "secret" in line] == []
    assert 'begins with "https://"' in mistakes[0]
