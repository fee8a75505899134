"""What every asset gets: the configuration and what the run is for; having it means holding the run's lock.

Which configuration that is, nobody can say who launches a run: it is the one that the process was started with.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import date

import dagster as dg
from pydantic import PrivateAttr

from assets.night.interrupts import obeyed
from assets.night.night import Night
from assets.night.progress import Listener, Progress, Silent
from assets.orchestration.partitions import days_named
from assets.step0_plan.ahead import set_aside
from assets.step0_plan.plan import Run, planned
from warehouse import clock
from warehouse.condition import readiness, space
from warehouse.configuration.configuration import Configuration, configuration_path, load
from warehouse.disk import lock
from warehouse.errors import PulseError

LISTENER_OF_COMMAND: ContextVar[Listener | None] = ContextVar("LISTENER_OF_COMMAND", default=None)


@contextmanager
def by_command(listener: Listener) -> Iterator[None]:
    """Let the runs of this block be those of a command, which may let guards through; nothing stored can say so.

    Args:
        listener: is told how far the steps are; between a command and its run stands Dagster, which hands nothing down.
    """
    token = LISTENER_OF_COMMAND.set(listener)
    try:
        yield
    finally:
        LISTENER_OF_COMMAND.reset(token)


class NightResource(dg.ConfigurableResource["NightResource"]):
    """A run, however it began: set up once, in the one process of the run, and let go at its end.

    Args:
        asked_from: the first UTC day that was asked for, ISO; empty for the first of the run's partitions. A run that
            names no partition is over yesterday.
        accept_shrink: replace landings, and publish, even if more is lost than R23 and R25 let pass. From the launchpad
            only with `pulse.launchpad_accepts`.
        accept_quarantine: publish whatever the size of the quarantine (R22); the same.
    """

    asked_from: str = ""
    accept_shrink: bool = False
    accept_quarantine: bool = False

    _night: Night = PrivateAttr()
    _days: tuple[date, date] = PrivateAttr()
    _is_rolled_up: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["NightResource"]:
        """Hold the run's lock; a run that Dagster has queued waits for whoever holds it.

        Raises:
            PulseError: guards are let through from the launchpad, where that is not configured.
            LockWaitError: somebody else has held the lock for a day.
            DamagedError: the data folder is not as we left it.
            StorageError: there is too little room on the disk.
            ClockError, SourceUnavailableError: as `set_aside`, if something is ahead of our clock.
        """
        configuration = load(configuration_path(), uses=["sources"])
        self._refuse_from_launchpad(configuration, context.run.job_name if context.run else "")
        yesterday = clock.last_day_over()
        self._days = days_named(context.run.tags if context.run else {}) or (yesterday, yesterday)
        purpose = f"Dagster run {context.run.run_id}" if context.run else "Dagster"
        tell = context.log.warning if context.log else print
        with (
            lock.run_lock(configuration, purpose, wait_seconds=lock.RUN_SECONDS, tell=tell),
            obeyed(LISTENER_OF_COMMAND.get() or Silent()) as listener,
        ):
            readiness.refuse_unusable(configuration)
            space.refuse_if_short(configuration)
            self._night = Night.of(configuration, Progress(listener))
            line = set_aside(self._night)
            if line and context.log:
                context.log.warning(line)
            yield self

    def now(self) -> Night:
        """Return what is known now: whatever the steps before have written, in this process, has been read again."""
        return self._night.read_again()

    @property
    def accepted(self) -> tuple[str, ...]:
        """The guards that the operator lets through."""
        return tuple(name for name in ("accept_shrink", "accept_quarantine") if getattr(self, name))

    def _refuse_from_launchpad(self, configuration: Configuration, job: str) -> None:
        """Let guards through where a command asks, which its own process says: tags and fields are anybody's."""
        if self.accepted and LISTENER_OF_COMMAND.get() is None and not configuration.pulse.launchpad_accepts:
            command = "reconcile" if job == "reconcile" else "nightly"
            options = " ".join(f"--{name.replace('_', '-')}" for name in self.accepted)
            message = (
                f"{', '.join(self.accepted)} is not let through from Dagster's UI: run `pulse {command} {options}`, "
                "or allow it with [pulse] launchpad_accepts = true"
            )
            raise PulseError(message)

    def run(self) -> Run:
        """Return what the run is for: the partitions that its tags name, or yesterday.

        Raises:
            ConfigurationError: no day of it can be extracted.
        """
        run = planned(self._night.configuration, *self._days, accepted=self.accepted)
        return replace(run, first=date.fromisoformat(self.asked_from)) if self.asked_from else run

    def has_to_roll_up(self) -> bool:
        """Say once that the activity has to be made again; to the assets that ask later it has been."""
        has_to, self._is_rolled_up = not self._is_rolled_up, True
        return has_to
