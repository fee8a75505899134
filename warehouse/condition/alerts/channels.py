"""The ways by which an alert goes out: a webhook, and mail by SMTP. Neither may keep a run for long, or end it.

A way that stalls is left behind: what it does goes on in a thread of its own, which dies with the process.
"""

import os
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from threading import Thread
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import ValidationError

from warehouse.condition.alerts.alert import Alert
from warehouse.configuration.documents import resolved
from warehouse.configuration.surroundings.alerts import Alerts, Email

DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
NO_TLS = "it offers no TLS, without which no password is sent"
LOGIN_PORT = 587  # of a server that takes mail from those who log in
Send = Callable[[Alert, float], None]


@dataclass(frozen=True)
class Channel:
    """A way to tell somebody.

    Args:
        name: `webhook` or `email`.
        send: sends an alert, each step within so many seconds; raises an OSError or another error if it cannot.
    """

    name: str
    send: Send

    def deliver(self, alert: Alert, seconds: float) -> str | None:
        """Send an alert; return why that failed, None if it did not. It takes no longer than so many seconds.

        What a failure says may have the URL in it, and that a secret. So it is told by its class and number only.
        """
        outcome: list[str | None] = []

        def send() -> None:
            try:
                self.send(alert, seconds)
            except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
                outcome.append(_failure_of(error))
            else:
                outcome.append(None)

        thread = Thread(target=send, name=f"alert by {self.name}", daemon=True)
        thread.start()
        thread.join(seconds)
        return outcome[0] if outcome else f"no answer within {seconds:.0f} s"


def channels_of(alerts: Alerts) -> tuple[list[Channel], list[str]]:
    """Return the ways that are configured, and what keeps others from being used.

    Args:
        alerts: as in the file, with `${NAME}` or without.

    Returns:
        The channels, and a line for each variable that is not set or value that cannot be used.
    """
    mistakes: list[str] = []
    document = resolved(alerts.model_dump(by_alias=True, mode="json", exclude_none=True), "alerts", mistakes)
    if mistakes:
        return [], mistakes
    try:
        usable = Alerts.model_validate(document)
    except ValidationError as error:
        return [], [f"alerts.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    channels = []
    if usable.webhook:
        channels.append(Channel("webhook", lambda alert, seconds: _post(usable.webhook, alert, seconds)))
    if (email := usable.email) is not None:
        channels.append(Channel("email", lambda alert, seconds: _mail(email, alert, seconds)))
    return channels, []


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nowhere: an alert goes where it was told to go."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow no redirect, so that it is an error."""
        return


def _post(url: str, alert: Alert, seconds: float) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "learning-pulse"}
    request = urllib.request.Request(url, alert.to_json().encode(), headers, method="POST")  # noqa: S310 - http or https
    with urllib.request.build_opener(_NoRedirects).open(request, timeout=seconds) as answer:
        answer.read(1024)


def _mail(email: Email, alert: Alert, seconds: float) -> None:
    message = EmailMessage()
    message["Subject"] = f"Learning Pulse: {alert.subject}"
    message["From"], message["To"] = email.sender, ", ".join(email.to)
    message.set_content(alert.text)
    parts = urlsplit(email.server)
    with _connected(parts, seconds) as server:
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _connected(parts: SplitResult, seconds: float) -> smtplib.SMTP:
    """Connect to a server. A password never crosses a network in the clear."""
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, parts.port or DEFAULT_PORTS["smtps"], timeout=seconds, context=context)
    port = parts.port or (LOGIN_PORT if parts.username else DEFAULT_PORTS["smtp"])
    server = smtplib.SMTP(host, port, timeout=seconds)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif parts.username and not _is_local(host):
        server.close()
        raise smtplib.SMTPNotSupportedError(NO_TLS)
    return server


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _failure_of(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"it answered {error.code}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answered {error.smtp_code}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, smtplib.SMTPNotSupportedError):
        return NO_TLS
    if isinstance(reason, OSError) and reason.errno:
        return os.strerror(reason.errno)
    return type(reason).__name__
