"""Alerts on their way: each a file, which waits until somebody has been told, and then says that somebody has.

Noting writes a file and needs no network. So it is done where something happens, under the run's lock. Sending is done
afterwards, by whoever comes by first. Of several processes one sends at a time.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse import clock
from warehouse.condition.alerts.alert import Alert
from warehouse.disk.files import entries, regular_file, written_beside
from warehouse.disk.lock import exclusive
from warehouse.errors import LockHeldError, StorageError

if TYPE_CHECKING:
    from warehouse.condition.alerts.channels import Channel

logger = logging.getLogger(__name__)
SECONDS = 10.0  # for all that waits, by all channels
PAUSES = (0.0, 1.0, 3.0)  # before each try
KEPT_DAYS = 90
WAITING, SENT = ".alert", ".sent"
DAY_SECONDS = 86_400


class Outbox:
    """A folder of alerts.

    Args:
        folder: where they wait: `alerts` in the data folder, or `warehouse/receipts` for a server's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, alert: Alert) -> None:
        """Let an alert wait to be sent, unless one of that kind and key was noted before; a full disk loses it."""
        waiting = self._folder / f"{alert.name}{WAITING}"
        try:
            if waiting.exists() or waiting.with_suffix(SENT).exists():
                return
            with written_beside(waiting) as unfinished:
                unfinished.write_text(alert.to_json(), encoding="utf-8")
        except (OSError, StorageError) as error:
            logger.warning("an alert is lost: %s", error)

    def send(self, channels: "Sequence[Channel]", is_wanted: Callable[[Alert], bool] = lambda _: True) -> list[str]:
        """Send what waits, within `SECONDS`; return a line for each channel that did not take something.

        Args:
            channels: the ways; what one of them did not take waits for the next time.
            is_wanted: tells whether an alert that waits is to be told still; else it is dropped.
        """
        try:
            if not channels or not self._waiting():
                return []
            with suppress(LockHeldError), exclusive(self._folder / "alerts.lock", "sending alerts"):
                self._forget(is_wanted)
                share = SECONDS / len(channels)
                lines = [line for channel in channels for line in self._send_by(channel, share)]
                for file in self._waiting():
                    if all(self._marker(file, channel).exists() for channel in channels):
                        file.rename(file.with_suffix(SENT))
                return lines
        except (OSError, StorageError) as error:
            return [f"alerts cannot be sent: {error}"]
        return []

    def _waiting(self) -> list[Path]:
        return [self._folder / name for name in entries(self._folder) if name.endswith(WAITING)]

    def _send_by(self, channel: "Channel", seconds: float) -> list[str]:
        """Send by one channel whatever it has not taken; the first that it does not take ends it."""
        deadline = time.monotonic() + seconds
        for file in self._waiting():
            alert, marker = _read(file), self._marker(file, channel)
            if alert is None or marker.exists():
                continue
            if failure := _try(channel, alert, deadline):
                return [f"nobody was told of {alert.kind} by {channel.name}: {failure}; the next run tries again"]
            marker.touch()
        return []

    @staticmethod
    def _marker(file: Path, channel: "Channel") -> Path:
        """Return the file that says that a channel has taken an alert."""
        return file.with_suffix(f".{channel.name}")

    def _forget(self, is_wanted: Callable[[Alert], bool]) -> None:
        """Drop what is no alert or is not to be told any more, and files that are old."""
        for file in self._waiting():
            alert = _read(file)
            if alert is None or not is_wanted(alert):
                file.unlink(missing_ok=True)
        oldest = clock.now().timestamp() - KEPT_DAYS * DAY_SECONDS
        for name in entries(self._folder):
            file = self._folder / name
            if file.suffix in {WAITING, SENT, ".webhook", ".email"} and file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)


def _read(file: Path) -> Alert | None:
    try:
        return Alert.from_json(regular_file(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not one of ours
        return None


def _try(channel: "Channel", alert: Alert, deadline: float) -> str | None:
    """Send by one channel, more than once if need be; return why it failed."""
    failure: str | None = "there was no time left"
    for pause in PAUSES:
        left = deadline - time.monotonic() - pause
        if left <= 0:
            break
        time.sleep(pause)
        if (failure := channel.deliver(alert, left)) is None:
            break
    return failure
