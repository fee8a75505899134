"""A platform with its configuration and Dagster's home, as a process of a command finds them; its runs and events."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.execution.api import execute_run
from dagster._utils.interrupts import capture_interrupts

import pipelines.definitions
from assets.night.progress import Silent
from assets.step0_plan.plan import planned
from pipelines.command_line.dagster_run import nightly_job, run_nightly
from pipelines.definitions import definitions
from pipelines.instance import dagster_home
from warehouse.configuration.configuration import Configuration, load
from warehouse.disk.lock import run_lock
from warehouse.lake.days import days_between
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

LAST_DAY = date(2026, 1, 20)
FIRST_DAY = date(2026, 1, 1)
DAYS = days_between(FIRST_DAY, LAST_DAY)


@dataclass(frozen=True)
class Place:
    """A folder with a platform, its configuration and Dagster's home."""

    folder: Path

    @property
    def configuration(self) -> Configuration:
        return load(self.folder / "pulse.toml", ["sources"])

    @property
    def lake(self) -> Lake:
        return Lake.of(self.configuration)

    @property
    def current(self) -> str | None:
        return Warehouse.of(self.configuration).current()

    @property
    def logical_hash(self) -> str:
        assert self.current
        return Warehouse.of(self.configuration).manifest(self.current).logical_hash

    def night(self, first: date = LAST_DAY, last: date = LAST_DAY, *, stream: str | None = None) -> None:
        """Run the job as the command does."""
        with run_lock(self.configuration, "the test"):
            run_nightly(self.configuration, planned(self.configuration, first, last, stream=stream), Silent())

    def replace(self, old: str, new: str) -> None:
        """Change the configuration's text."""
        path = self.folder / "pulse.toml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def sql(self, statement: str) -> None:
        """Change the platform."""
        with closing(sqlite3.connect(self.folder / "platform.sqlite")) as platform:
            platform.execute(statement)
            platform.commit()


@contextmanager
def at_home(place: Place) -> Iterator[dg.DagsterInstance]:
    """Be the process of a command in that place: environment, loaded definitions, Dagster's instance."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", "DAGSTER_EVENT_BATCH_SIZE", "PULSE_CONFIG"):
            patch.setenv(name, "")
        dagster_home.prepare(place.configuration)
        patch.setattr(pipelines.definitions, "defs", definitions(place.configuration))
        for kept in (ReconstructableJob.get_definition, ReconstructableJob.get_repository_definition):
            kept.cache_clear()  # of another place, in a process of a command there is only one
        with dg.DagsterInstance.get() as instance:
            yield instance


def last_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.get_runs(limit=1)[0]


def events(instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    return [entry.get_dagster_event() for entry in instance.all_logs(run.run_id, of_type=kind)]


def steps(instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType) -> set[str | None]:
    return {event.step_key for event in events(instance, run, kind)}


def run_of(instance: dg.DagsterInstance, day: date) -> dg.DagsterRun:
    return instance.create_run_for_job(nightly_job(), tags={"dagster/partition": day.isoformat()})


def executed(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    """Execute a run as the process of a run that the UI launched, and return its status."""
    with capture_interrupts():
        execute_run(dg.reconstructable(nightly_job), run, instance)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    return ended.status
