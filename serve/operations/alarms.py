"""What a server tells somebody: that nothing new has been published for too long, and that it refuses a version.

So a schedule that has died is noticed, too. Alerts wait in `warehouse/receipts/`, which all servers of a data folder
share: of each version somebody is told once, however many workers and servers see it.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Thread

from serve.operations.workers import Workers
from warehouse.condition.alerts.alert import Alert
from warehouse.condition.alerts.outbox import Outbox
from warehouse.configuration.configuration import Configuration
from warehouse.versions.versions import Warehouse

logger = logging.getLogger(__name__)
HOUR_SECONDS = 3600
AGAIN_SECONDS = 300.0  # what could not be sent is tried again after so long


class Alarms:
    """Looks at what a worker serves, and tells somebody.

    Args:
        configuration: who is told, and when a version is stale.
        workers: say what this worker serves and refuses.
        clock: the present, in seconds since 1970.
    """

    def __init__(self, configuration: Configuration, workers: Workers, clock: Callable[[], float] = time.time) -> None:
        self._alerts, self._max_age_hours = configuration.alerts, configuration.serve.max_age_hours
        self._workers, self._clock = workers, clock
        self._outbox = Outbox(Warehouse.of(configuration).receipts)
        self._noted: set[str] = set()
        self._next_try = 0.0
        self._sending: Thread | None = None

    def look(self) -> None:
        """Note what somebody has to be told, and have it sent by a thread; called again and again."""
        if not self._alerts.is_for_anybody:
            return
        alerts = list(self._at_present())
        if not alerts:
            return
        for alert in alerts:
            if alert.name not in self._noted:
                self._noted.add(alert.name)
                self._outbox.note(alert)
                self._next_try = 0.0
        is_sending = self._sending is not None and self._sending.is_alive()
        if not is_sending and self._clock() >= self._next_try:
            self._next_try = self._clock() + AGAIN_SECONDS
            self._sending = Thread(target=self.send, name="alerts", daemon=True)
            self._sending.start()

    def send(self) -> None:
        """Send what waits, and log what could not be sent."""
        from warehouse.condition.alerts.channels import channels_of  # noqa: PLC0415 - mail and TLS, only where they are needed

        channels, mistakes = channels_of(self._alerts)
        for line in [*mistakes, *self._outbox.send(channels)]:
            logger.warning("alerts: %s", line)

    def _at_present(self) -> Iterator[Alert]:
        me = self._workers.myself()
        if me.version and me.built_at:
            hours = (self._clock() - datetime.fromisoformat(me.built_at).timestamp()) / HOUR_SECONDS
            if hours > self._max_age_hours:
                subject = f"nothing has been published for more than {self._max_age_hours:g} hours"
                yield Alert("stale", subject, me.version, version=me.version)
        for name in me.refused:
            subject = f"a server refuses version {name} and goes on with another"
            yield Alert("refused_version", subject, name, version=me.version)
