"""What every asset gets: the configuration and what the run is for; having it means holding the run's lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from assets.step0_ahead import set_aside
from assets.step0_plan import Run
from warehouse import lock, readiness, space
from warehouse.configuration import Configuration, load


class Night(dg.ConfigurableResource["Night"]):
    """A run of the job: set up once, in the one process of the run, and let go at its end.

    Args:
        config_file: the configuration file; sources are resolved when the run starts.
        asked_from: the first UTC day that was asked for, ISO; empty for the first of the run's partitions.
        accept_shrink: replace landings, and publish, even if more is lost than R23 and R25 let pass.
        accept_quarantine: publish whatever the size of the quarantine (R22).
    """

    config_file: str
    asked_from: str = ""
    accept_shrink: bool = False
    accept_quarantine: bool = False

    _configuration: Configuration = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Night"]:
        """Hold the run's lock; a run that Dagster has queued waits for whoever holds it.

        Raises:
            DamagedError: the data folder is not as we left it.
            StorageError: there is too little room on the disk.
            ClockError, SourceUnavailableError: as `set_aside`, if something is ahead of our clock.
        """
        self._configuration = load(Path(self.config_file), uses=["sources"])
        purpose = f"Dagster run {context.run.run_id}" if context.run else "Dagster"
        with lock.run_lock(self._configuration, purpose, wait=True):
            readiness.refuse_unusable(self._configuration)
            space.refuse_if_short(self._configuration)
            line = set_aside(self._configuration)
            if line and context.log:
                context.log.warning(line)
            yield self

    @property
    def configuration(self) -> Configuration:
        """The configuration, with the sources resolved."""
        return self._configuration

    @property
    def accepted(self) -> tuple[str, ...]:
        """The guards that the operator lets through."""
        return tuple(name for name in ("accept_shrink", "accept_quarantine") if getattr(self, name))

    def run(self, partitions: dg.PartitionKeyRange) -> Run:
        """Return what the run is for, given its range of partitions."""
        first = date.fromisoformat(self.asked_from or partitions.start)
        return Run(first, date.fromisoformat(partitions.end), accepted=self.accepted)
