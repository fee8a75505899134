"""What somebody is told of: a run that fails or is skipped, a version that is held back, drift.

Whoever notes has the configuration. Where nobody is to be told, nothing is noted.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date

from warehouse import clock
from warehouse.condition.alerts.alert import Alert, Kind, reason_of
from warehouse.condition.alerts.outbox import Outbox
from warehouse.configuration.configuration import Configuration
from warehouse.errors import PulseError
from warehouse.versions.manifest import newest_day_of
from warehouse.versions.versions import Warehouse

BLOCKED = re.compile(r"check ([a-z_]+) found (\d+) \(such as ")  # as the error of step 6 has it


def run_failed(  # noqa: PLR0913 - what there is to say of a run
    configuration: Configuration, what: str, cause: str, words: str, *, key: str = "", last: date | None = None
) -> None:
    """Note that a run has failed, or that checks hold its version back.

    Args:
        configuration: who is told.
        what: the run, as people call it.
        cause: the class of the error that ended it.
        words: the error's own words; only names of checks and counts are taken from them.
        key: of the run; by default the present.
        last: the last UTC day that it is for.
    """
    checks = {name: int(count) for name, count in BLOCKED.findall(words)}
    subject = f"{what} failed: {reason_of(cause)}"
    if checks:
        hold = "checks hold" if len(checks) > 1 else "check holds"
        subject = f"{what} published nothing: {len(checks)} {hold} its version back"
    kind: Kind = "version_held_back" if checks else "night_failed"
    of_run = key or f"{clock.now():%Y-%m-%dT%H-%M-%S.%f}"
    note(configuration, Alert(kind, subject, of_run, day=str(last) if last else None, checks=checks))


def night_skipped(configuration: Configuration, what: str, last: date) -> None:
    """Note that a run found another at work; it is told only if the day is not published when that one has ended."""
    subject = f"{what} was skipped, because another run was at work, and {last} is not published"
    note(configuration, Alert("night_skipped", subject, str(last), day=str(last)))


def held_back_by_pin(configuration: Configuration, version: str, pinned_to: str) -> None:
    """Note that a version was made, but readers stay with the one that the pointer is pinned to."""
    subject = f"version {version} is made and not served, because the pointer is pinned to {pinned_to}"
    note(configuration, Alert("version_held_back", subject, version))


def sources_drifted(configuration: Configuration, days: int, streams: int) -> None:
    """Note that a reconciliation found days that differ from their sources."""
    subject = "a reconciliation found days that are not what their sources have; they are extracted again"
    key = f"sources-{clock.now():%Y-%m-%dT%H-%M-%S.%f}"
    note(configuration, Alert("drift", subject, key, counts={"days_drifted": days, "streams": streams}))


def version_drifted(configuration: Configuration, version: str) -> None:
    """Note that what a version kept of the one before was wrong, so that it was built in full."""
    subject = f"what {version} would have kept of the version before was wrong; it was built in full"
    note(configuration, Alert("drift", subject, version))


def note(configuration: Configuration, alert: Alert) -> None:
    """Let an alert of the night's wait to be sent, with the version that is served."""
    if configuration.alerts.is_for_anybody:
        outbox_of(configuration).note(with_version(configuration, alert))


def with_version(configuration: Configuration, alert: Alert) -> Alert:
    """Return an alert with the version that readers get."""
    current = None
    with suppress(PulseError, OSError):
        current = Warehouse.of(configuration).current()
    return replace(alert, version=current)


def send_noted(configuration: Configuration, say: Callable[[str], object]) -> None:
    """Send what waits; the caller holds no lock of runs. A line is said of whatever could not be sent."""
    if not configuration.alerts.is_for_anybody:
        return
    from warehouse.condition.alerts.channels import channels_of  # noqa: PLC0415 - mail and TLS, for those who have somebody to tell

    channels, mistakes = channels_of(configuration.alerts)
    newest = _newest_day(configuration)
    for line in [*mistakes, *outbox_of(configuration).send(channels, lambda alert: _is_wanted(alert, newest))]:
        say(f"alerts: {line}")


def outbox_of(configuration: Configuration) -> Outbox:
    """Return where the alerts of runs wait."""
    return Outbox(configuration.data_dir / "alerts")


def _is_wanted(alert: Alert, newest: str) -> bool:
    return alert.kind != "night_skipped" or (alert.day or "") > newest


def _newest_day(configuration: Configuration) -> str:
    """Return the newest day that is published, ISO; empty if none is."""
    with suppress(PulseError, OSError):
        if current := Warehouse.of(configuration).current():
            return newest_day_of(current).isoformat()
    return ""
