"""The resource of every asset: the configuration and the run's purpose. Whoever has it holds the run's lock.

The configuration is the one that the process was started with. Whoever launches a run cannot choose another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import date

import dagster as dg
from pydantic import Field, PrivateAttr

from assets.night.interrupts import obeyed
from assets.night.night import Night
from assets.night.progress import Listener, Progress, Silent
from assets.orchestration.partitions import days_named
from assets.orchestration.run_log import RunLog
from assets.step0_plan.clock_ahead import set_aside
from assets.step0_plan.plan import Run, planned
from warehouse import clock
from warehouse.condition import readiness, space
from warehouse.condition.alerts import occasions
from warehouse.configuration.configuration import Configuration, configuration_path, load
from warehouse.disk import lock
from warehouse.errors import PulseError
from warehouse.lake.lake import Lake

LISTENER_OF_COMMAND: ContextVar[Listener | None] = ContextVar("LISTENER_OF_COMMAND", default=None)
LAKE_OF_COMMAND: ContextVar[Lake | None] = ContextVar("LAKE_OF_COMMAND", default=None)


@contextmanager
def by_command(listener: Listener, lake: Lake | None = None) -> Iterator[None]:
    """Mark the runs of this block as a command's: those may let guards through. Nothing stored marks a run so.

    Args:
        listener: gets the progress of the steps. Dagster, which starts the run, hands nothing down.
        lake: the one that the command has read under the run's lock; files that are still the same are not read twice.
    """
    tokens = LISTENER_OF_COMMAND.set(listener), LAKE_OF_COMMAND.set(lake)
    try:
        yield
    finally:
        LISTENER_OF_COMMAND.reset(tokens[0])
        LAKE_OF_COMMAND.reset(tokens[1])


def _with_lake_of_command(night: Night) -> Night:
    lake = LAKE_OF_COMMAND.get()
    return night if lake is None or lake != night.lake else replace(night, lake=lake)


class NightResource(dg.ConfigurableResource["NightResource"]):
    """A run, however it was started: set up once, in the run's only process, and released at its end.

    Args:
        asked_from, accept_shrink, accept_quarantine: as the launchpad describes them.
    """

    asked_from: str = Field(
        default="",
        description="The first UTC day that is asked for, such as 2026-01-31. Leave it empty for the first of the "
        "run's partitions; a run that names no partition is over yesterday.",
    )
    accept_shrink: bool = Field(
        default=False,
        description="Replace landings, and publish, even if more is lost than shrink_budget lets pass (R23, R25). "
        "Taken from here only with [pulse] launchpad_accepts = true.",
    )
    accept_quarantine: bool = Field(
        default=False,
        description="Publish whatever the size of the quarantine (R22). "
        "Taken from here only with [pulse] launchpad_accepts = true.",
    )

    _night: Night = PrivateAttr()
    _days: tuple[date, date] = PrivateAttr()
    _is_rolled_up: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["NightResource"]:
        """Hold the run's lock; a run that Dagster has queued waits for its holder.

        Raises:
            PulseError: guards are let through from the launchpad, where that is not configured.
            LockWaitError: another process has held the lock for a day.
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
            self._night = _with_lake_of_command(Night.of(configuration, Progress(listener)))
            line = set_aside(self._night)
            if line and context.log:
                context.log.warning(line)
            yield self
        if LISTENER_OF_COMMAND.get() is None:  # a command tells when it has let go of the lock itself
            occasions.send_noted(configuration, tell)

    def now(self, log: dg.DagsterLogManager) -> Night:
        """Return the night read again, with what earlier steps have written in this process.

        Args:
            log: of the step that is at work; its lines go there.
        """
        progress = self._night.progress
        listener = progress.listener
        progress.listener = RunLog(listener.listener if isinstance(listener, RunLog) else listener, log)
        return self._night.read_again()

    @property
    def accepted(self) -> tuple[str, ...]:
        """The guards that the operator lets through."""
        return tuple(name for name in ("accept_shrink", "accept_quarantine") if getattr(self, name))

    def _refuse_from_launchpad(self, configuration: Configuration, job: str) -> None:
        """Refuse accepted guards unless a command of this process asks: anybody can set tags and fields."""
        if self.accepted and LISTENER_OF_COMMAND.get() is None and not configuration.pulse.launchpad_accepts:
            command = "reconcile" if job == "reconcile" else "nightly"
            options = " ".join(f"--{name.replace('_', '-')}" for name in self.accepted)
            raise PulseError(
                f"{', '.join(self.accepted)} is not let through from Dagster's UI: run `pulse {command} {options}`, "
                "or allow it with [pulse] launchpad_accepts = true"
            )

    def run(self) -> Run:
        """Return what the run is for: the partitions that its tags name, or yesterday.

        Raises:
            ConfigurationError: no day of it can be extracted.
        """
        run = planned(self._night.configuration, *self._days, accepted=self.accepted)
        return replace(run, first=date.fromisoformat(self.asked_from)) if self.asked_from else run

    def has_to_roll_up(self) -> bool:
        """Tell whether the activity has to be made again: true for the first asset that asks, and only for it."""
        has_to, self._is_rolled_up = not self._is_rolled_up, True
        return has_to
