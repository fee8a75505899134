"""What a data engineer clicks first, through Dagster's GraphQL API against a running `pulse ui` (FAULTS 62 to 65).

One UI for the whole module; its tests are in order, and each says what it needs of those before it. A backfill takes
Dagster's daemon half a minute for each of its runs.
"""

import fcntl
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.pipelines.instance import dagster_ui
from tests.pipelines.instance.dagster_ui import Ui, command, eventually, running, yesterday
from warehouse.disk.files import UNFINISHED
from warehouse.disk.lock import run_lock
from warehouse.errors import LockHeldError
from warehouse.lake.days import days_between
from warehouse.versions import schema
from warehouse.versions.manifest import sha256_of

pytestmark = pytest.mark.slow

STREAMS = [
    "lake/xp_events",
    "lake/quiz_attempts",
    "lake/coding_sessions",
    "lake/math_sessions",
    "lake/english_sessions",
]
TABLES = [f"version/{table.name}" for table in schema.tables()]
EVERYTHING = [*STREAMS, "lake/users", "lake/activity", *TABLES, "warehouse/pulse"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform whose history has been published by command, and whose Dagster folder was lost after that."""
    made = tmp_path_factory.mktemp("clicks")
    dagster_ui.make(made)
    done = command(made, "nightly")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(made / "var" / "dagster")
    return made


@pytest.fixture(scope="module")
def ui(folder: Path) -> Iterator[Ui]:
    with running(folder) as found:
        yield found


@pytest.fixture(scope="module")
def days(ui: Ui) -> list[str]:
    first = ui.configuration.pulse.first_day
    return [day.isoformat() for day in days_between(first, yesterday())]


@pytest.fixture(autouse=True)
def _nothing_is_half(ui: Ui) -> Iterator[None]:
    """Whatever was clicked: afterwards the lock is free, what is published is whole, and nothing unfinished is left."""
    yield
    eventually(lambda: is_free(ui))
    current = ui.warehouse.current()
    assert current is not None
    assert ui.warehouse.manifest(current).sha256 == sha256_of(ui.warehouse.file(current))
    assert not list((ui.folder / "var").rglob(f".*{UNFINISHED}*"))


def is_free(ui: Ui) -> bool:
    try:
        with run_lock(ui.configuration, "the test"):
            return True
    except LockHeldError:
        return False


def test_what_the_lost_history_lacked_is_reported_at_the_start_and_never_twice(ui: Ui, days: list[str]) -> None:
    """FAULTS 65."""
    for _ in range(2):
        shown = ui.health(*EVERYTHING)
        for asset in [*STREAMS, "lake/activity"]:
            assert shown[asset]["partitionStats"]["numMaterialized"] == len(days), asset
            assert shown[asset]["partitionStats"]["numPartitions"] == len(days)
        for asset in ["lake/users", *TABLES, "warehouse/pulse"]:
            assert len(shown[asset]["assetMaterializations"]) == 1, asset
    log = (ui.folder / "ui.log").read_text()
    days_and_others = (len(STREAMS) + 1) * len(days) + len(TABLES) + 2
    assert log.count("reported to Dagster: ") == 1
    assert f"reported to Dagster: {days_and_others} days and tables that its history lacked" in log


@pytest.mark.parametrize("asset", [STREAMS[0], "lake/users", "lake/activity", TABLES[0], TABLES[-1]])
def test_an_asset_alone_takes_yesterday_if_it_has_days(ui: Ui, asset: str) -> None:
    """FAULTS 62: from its page, or from the lineage; one table of the version too."""
    run = ui.launch(asset)
    assert ui.ended(run) == "SUCCESS"
    has_days = asset in STREAMS or asset == "lake/activity"
    assert ui.tags(run).get("dagster/partition") == (yesterday().isoformat() if has_days else None)
    assert len(ui.steps(run)) == 1
    if has_days:
        assert yesterday().isoformat() in ui.days_materialized(run, asset)


def test_the_published_file_alone_takes_the_version_that_waits_and_else_says_what_is_missing(ui: Ui) -> None:
    """FAULTS 62, 66: the version waits since the table before was asked for."""
    before = ui.warehouse.current()
    assert ui.ended(ui.launch(TABLES[0])) == "SUCCESS"
    assert ui.ended(ui.launch("warehouse/pulse")) == "SUCCESS"
    assert ui.warehouse.current() != before
    run = ui.launch("warehouse/pulse")
    assert ui.ended(run) == "FAILURE"
    assert ui.failure(run).startswith("no version that was built to its end waits in ")
    assert "materialize the version's tables first, or run `pulse build`" in ui.failure(run)


def test_any_range_of_one_asset_is_one_run(ui: Ui, days: list[str]) -> None:
    """FAULTS 62: by the range that the dialog sends; the days before it are its lookback (R23)."""
    tags = {"dagster/asset_partition_range_start": days[2], "dagster/asset_partition_range_end": days[4]}
    run = ui.launch(STREAMS[0], tags=tags)
    assert ui.ended(run) == "SUCCESS"
    assert set(days[2:5]) <= ui.days_materialized(run, STREAMS[0])


def test_a_range_of_everything_is_one_run_in_one_process_under_one_lock(ui: Ui, days: list[str]) -> None:
    """FAULTS 62, 63: what a night by command would do between two steps, it is refused; afterwards it goes."""
    before = ui.warehouse.current()
    tags = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
    refused = []
    with ui.hold_at("activity: one written") as wait:
        (ui.lake.activity(date.fromisoformat(days[3]))).unlink()
        run = ui.launch(*EVERYTHING, tags=tags)
        wait()
        refused.append(command(ui.folder, "nightly"))
    assert ui.ended(run) == "SUCCESS"
    assert set(ui.steps(run).values()) == {"SUCCESS"}
    assert refused[0].returncode == 3, refused[0].stderr
    assert f"Dagster run {run}" in refused[0].stderr
    processes = {
        event["message"] for event in ui.events(run) if "Executing steps in process" in event.get("message", "")
    }
    assert len(processes) == 1
    assert not [event for event in ui.events(run) if event["__typename"] == "StepProcessStartingEvent"]
    assert ui.warehouse.current() != before


@pytest.mark.parametrize("partition", ["named", "none"])
def test_the_job_from_its_launchpad(ui: Ui, days: list[str], partition: str) -> None:
    """FAULTS 62: with a partition, and without one."""
    day = days[3] if partition == "named" else yesterday().isoformat()
    run = ui.launch(job="nightly", tags={"dagster/partition": day} if partition == "named" else {})
    assert ui.ended(run) == "SUCCESS"
    assert ui.tags(run)["dagster/partition"] == day
    assert day in ui.days_materialized(run, STREAMS[0])


def test_a_backfill_of_everything_lets_a_night_go_between_its_runs_and_nothing_fails(ui: Ui, days: list[str]) -> None:
    """FAULTS 62, 63: from the lineage page; Dagster makes a run each of streams, users, activity, and the rest."""
    before = ui.warehouse.current()
    hash_before = ui.warehouse.manifest(before).logical_hash if before else ""
    backfill = ui.backfill(EVERYTHING, days[2:5])
    eventually(lambda: any(run["status"] == "SUCCESS" for run in ui.runs_of(backfill)))
    night = command(ui.folder, "nightly")
    assert night.returncode in {0, 3}, night.stderr
    assert ui.backfill_ended(backfill) == "COMPLETED_SUCCESS"
    runs = ui.runs_of(backfill)
    assert {run["status"] for run in runs} == {"SUCCESS"}
    assert 3 <= len(runs) <= 4, "the range is not cut into days"
    current = ui.warehouse.current()
    assert current not in {None, before}
    assert ui.warehouse.manifest(str(current)).logical_hash == hash_before


@pytest.mark.parametrize(
    "point", ["landing: rows spooled", "landing: one put in place", "build: filled", "publish: put in place"]
)
def test_terminate_ends_the_run_where_it_is(ui: Ui, point: str) -> None:
    """FAULTS 64: pressed while the run is at that point; the run is cancelled, and the next one goes."""
    versions = ui.warehouse.kept()
    with ui.hold_at(point) as wait:
        run = ui.launch(job="nightly")
        wait()
        ui.terminate(run)
        if point in {"landing: one put in place", "publish: put in place"}:
            eventually(lambda: "CANCELING" in ui.status(run))
        else:
            assert ui.ended(run) == "CANCELED"
    assert ui.ended(run) == "CANCELED"
    assert "UP_FOR_RETRY" not in str(ui.steps(run))
    published = ui.warehouse.kept()[-1] not in versions
    assert published == point.startswith("publish: put"), "whole or not at all"
    said = ui.launch("warehouse/pulse")
    assert ui.ended(said) == "FAILURE"
    assert "no version that was built to its end waits" in ui.failure(said), "FAULTS 66"


def test_a_run_that_waits_for_the_lock_can_be_terminated(ui: Ui) -> None:
    """FAULTS 64."""
    with (ui.folder / "var" / "run.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = ui.launch("lake/users")
        eventually(lambda: "ResourceInitStartedEvent" in str(ui.events(run)))
        ui.terminate(run)
        assert ui.ended(run) == "CANCELED"
