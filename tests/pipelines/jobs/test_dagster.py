"""What Dagster shows and does: the assets, their checks, the job, its schedule, its runs and its events.

The only module of the suite that imports Dagster, because that takes a second or two. A run takes three or more, so
the night that most tests look at is run once; what needs another state works on a copy of its folder.
"""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.events import ASSET_CHECK_EVENTS, BATCH_WRITABLE_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.api import execute_run
from dagster._core.storage.event_log import SqliteEventLogStorage

import pipelines.definitions
from assets.all_steps import run_night
from assets.night.night import Night
from assets.night.progress import Silent
from assets.orchestration.keys import lake_key, source_key, version_key, warehouse_key
from assets.orchestration.resources import NightResource
from assets.step0_plan.plan import planned
from assets.step2_land import asset as land_asset
from assets.step2_land import land as landing_step
from assets.step2_land.land import Landed
from assets.step5_build.build import build
from assets.step6_check.check_list import CHECK_LIST
from assets.step7_publish.asset import warehouse_asset
from pipelines.command_line.dagster_run import nightly_job, run_nightly, run_reconcile
from pipelines.definitions import definitions
from pipelines.demo.platform import demo_configuration, make_platform
from pipelines.instance import dagster_home
from pipelines.instance.event_log import BatchingEventLogStorage
from pipelines.jobs.abandoned import BY_COMMAND, fail_abandoned_runs
from pipelines.jobs.nightly import JOB_NAME, range_tags
from pipelines.jobs.reconcile import RECONCILE
from tests.support.repository import ROOT
from warehouse.configuration.configuration import Configuration, Stream, load
from warehouse.disk.lock import run_lock
from warehouse.errors import PulseError, SourceUnavailableError
from warehouse.lake.days import DAY, days_between
from warehouse.lake.lake import Lake
from warehouse.versions import schema
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


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A platform from which nothing has been landed; for copying only."""
    folder = tmp_path_factory.mktemp("platform")
    made = make_platform(folder / "platform.sqlite", users=5, days=len(DAYS), last_day=LAST_DAY)
    assert made.first_day == FIRST_DAY
    text = demo_configuration("var", "sqlite:///platform.sqlite", FIRST_DAY, "not used here, but over 32 bytes long")
    (folder / "pulse.toml").write_text(text)
    return Place(folder)


@pytest.fixture(scope="module")
def published(platform: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The first night of that platform through the job; for reading only."""
    place = Place(tmp_path_factory.mktemp("published") / "copy")
    shutil.copytree(platform.folder, place.folder)
    with at_home(place):
        place.night()
    return place


@pytest.fixture(scope="module")
def instance(published: Place) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of the published place."""
    with at_home(published) as found:
        yield found


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Place], Place]:
    """Give a copy of a place that a test may change."""

    def copy(place: Place) -> Place:
        shutil.copytree(place.folder, tmp_path / "copy", symlinks=True)
        return Place(tmp_path / "copy")

    return copy


def _evaluation(event: dg.DagsterEvent) -> dg.AssetCheckEvaluation:
    return event.asset_check_evaluation_data


def last_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.get_runs(limit=1)[0]


def events(instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    return [entry.get_dagster_event() for entry in instance.all_logs(run.run_id, of_type=kind)]


def steps(instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType) -> set[str | None]:
    return {event.step_key for event in events(instance, run, kind)}


# --- definitions ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graph(platform: Place) -> Any:
    return definitions(platform.configuration).resolve_asset_graph()


def test_without_a_configuration_the_definitions_are_empty_and_hint_at_one() -> None:
    code = "from pipelines.definitions import defs; print(defs.assets, defs.jobs, defs.schedules, defs.metadata)"
    environment = {**os.environ, "PULSE_CONFIG": "/nowhere/pulse.toml", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("None None None")
    for shown in (done.stdout, done.stderr):
        assert "PULSE_CONFIG" in shown
        assert "pulse demo" in shown
    assert done.stderr.count("\n") == 1


def test_lineage_goes_from_each_source_table_to_the_published_file(graph: Any, platform: Place) -> None:
    streams = platform.configuration.streams.values()
    events_of = {lake_key(stream.name) for stream in streams if stream.kind != "users"}
    for stream in streams:
        assert graph.get(lake_key(stream.name)).parent_keys == {source_key(stream)}
        assert not graph.get(source_key(stream)).is_materializable
    assert graph.get(lake_key("activity")).parent_keys == {*events_of, lake_key("users")}
    tables = {version_key(table.name) for table in schema.tables()}
    for table in tables:
        assert graph.get(table).parent_keys == {lake_key("activity"), lake_key("users")}
    assert graph.get(warehouse_key()).parent_keys == tables
    assert warehouse_key().path == ["warehouse", "pulse"]
    assert source_key(platform.configuration.users_stream).path == ["sources", "platform", "users"]


def test_every_asset_is_described_and_stands_in_the_group_of_its_room(graph: Any) -> None:
    keys = graph.get_all_asset_keys()
    assert keys  # a loop over nothing asserts nothing
    for key in keys:
        assert len(graph.get(key).description or "") > 20, key
        assert graph.get(key).group_name == key.path[0]


def test_two_streams_of_one_table_share_its_asset_and_a_schema_is_part_of_the_key(platform: Place) -> None:
    configuration = platform.configuration
    xp = configuration.streams["xp_events"]
    twice = {"one": xp.model_copy(update={"name": "one"}), "two": xp.model_copy(update={"name": "two"})}
    shared = configuration.model_copy(update={"streams": {"users": configuration.users_stream, **twice}})
    found = definitions(shared).resolve_asset_graph()
    assert found.get(lake_key("one")).parent_keys == found.get(lake_key("two")).parent_keys == {source_key(xp)}
    assert source_key(xp.model_copy(update={"table": "app.xp"})).path == ["sources", "platform", "app", "xp"]


def test_tables_show_the_columns_that_the_schema_has(graph: Any) -> None:
    for table in schema.tables():
        shown = graph.get(version_key(table.name)).metadata["dagster/column_schema"]
        assert [(column.name, column.type, column.description) for column in shown.columns] == [
            (column.name, column.type, column.comment) for column in table.columns
        ]
    users = graph.get(version_key("users")).metadata["dagster/column_schema"]
    nullable = {column.name: column.constraints.nullable for column in users.columns}
    assert nullable["user_id"] is False
    assert nullable["username"] is True


def test_streams_and_activity_have_a_partition_for_every_day_that_is_over(graph: Any, platform: Place) -> None:
    with_days = {key for key in graph.get_all_asset_keys() if graph.get(key).partitions_def}
    assert with_days == {
        lake_key("activity"),
        *(lake_key(stream.name) for stream in platform.configuration.event_streams),
    }
    one_object = {id(graph.get(key).partitions_def) for key in with_days}
    assert len(one_object) == 1
    keys = graph.get(lake_key("activity")).partitions_def.get_partition_keys(
        current_time=datetime(2026, 1, 3, 0, 0, tzinfo=UTC)
    )
    assert keys == ["2026-01-01", "2026-01-02"]
    for key in with_days:
        assert graph.get(key).backfill_policy == dg.BackfillPolicy.single_run()


def test_every_check_stands_beside_its_table_says_what_holds_and_blocks(graph: Any) -> None:
    keys = {(key.asset_key, key.name) for key in graph.asset_check_keys}
    assert keys == {(version_key(check.table), check.name) for check in CHECK_LIST}
    for key in graph.asset_check_keys:
        node = graph.get(key)
        assert node.blocking
        assert node.description


def test_only_extraction_is_tried_again_with_growing_pauses(platform: Place) -> None:
    job = definitions(platform.configuration).resolve_job_def(JOB_NAME)
    policies = {
        op.name: op.retry_policy
        for op in (node.definition for node in job.graph.nodes)
        if isinstance(op, dg.OpDefinition)
    }
    streams = {f"lake__{name}" for name in platform.configuration.streams}
    assert {name for name, policy in policies.items() if policy} == streams
    for name in streams:
        policy = policies[name]
        assert policy is not None
        assert (policy.max_retries, policy.backoff) == (3, dg.Backoff.EXPONENTIAL)


def test_the_job_runs_in_one_process_over_all_that_can_be_made(platform: Place) -> None:
    job = definitions(platform.configuration).resolve_job_def(JOB_NAME)
    assert job.executor_def is dg.in_process_executor
    assert job.description
    names = {node.name for node in job.graph.nodes}
    streams = {f"lake__{name}" for name in platform.configuration.streams}
    assert names == {*streams, "lake__activity", "version", "warehouse__pulse"}


# --- schedule -------------------------------------------------------------------------------------------------------


def tick(place: Place, instance: dg.DagsterInstance, moment: datetime) -> dg.RunRequest | dg.SkipReason:
    """Return what the schedule asks for at a moment."""
    schedule = definitions(place.configuration).resolve_schedule_def("every_night")
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
    found = schedule.evaluate_tick(context)
    if found.run_requests:
        return found.run_requests[0]
    return dg.SkipReason(found.skip_message)


def test_the_schedule_is_the_configurations_and_runs_by_default(
    platform: Place, copy_of: Callable[[Place], Place]
) -> None:
    place = copy_of(platform)
    place.replace('cron = "0 2 * * *"\ntimezone = "UTC"', 'cron = "30 4 * * 1-5"\ntimezone = "Pacific/Kiritimati"')
    schedule = definitions(place.configuration).resolve_schedule_def("every_night")
    assert schedule.cron_schedule == "30 4 * * 1-5"
    assert schedule.execution_timezone == "Pacific/Kiritimati"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == JOB_NAME


@pytest.mark.parametrize(
    ("zone", "local", "day"),
    [
        ("UTC", "2026-01-21 02:00", "2026-01-20"),
        ("Europe/Berlin", "2026-01-21 00:30", "2026-01-19"),  # 23:30 in UTC: the 20th is not over
        ("Pacific/Kiritimati", "2026-01-21 02:00", "2026-01-19"),  # noon of the 20th in UTC
        ("America/Los_Angeles", "2026-01-20 20:00", "2026-01-20"),  # already the 21st in UTC
    ],
)
def test_a_tick_asks_for_the_day_before_the_utc_date_of_its_scheduled_time(
    published: Place, instance: dg.DagsterInstance, zone: str, local: str, day: str
) -> None:
    asked = tick(published, instance, datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)))
    assert isinstance(asked, dg.RunRequest)
    assert asked.tags["dagster/asset_partition_range_end"] == day
    first = date.fromisoformat(day) - 7 * DAY
    assert asked.tags["dagster/asset_partition_range_start"] == first.isoformat(), "the lookback"
    assert asked.run_config["resources"]["night"]["config"]["asked_from"] == day


def test_the_first_tick_asks_for_everything_and_none_before_first_day_is_due(
    platform: Place, copy_of: Callable[[Place], Place]
) -> None:
    place = copy_of(platform)
    with at_home(place) as found:
        asked = tick(place, found, datetime(2026, 1, 21, 2, tzinfo=UTC))
        assert isinstance(asked, dg.RunRequest)
        assert asked.tags["dagster/asset_partition_range_start"] == "2026-01-01"
        skipped = tick(place, found, datetime(2026, 1, 1, 2, tzinfo=UTC))
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "2025-12-31 is before first_day (2026-01-01)"


def test_a_run_whose_process_died_is_failed_by_whoever_holds_the_lock_next(
    platform: Place, copy_of: Callable[[Place], Place]
) -> None:
    """FAULTS 6: else it would fill the queue of Dagster's daemon for ever."""
    place = copy_of(platform)
    with at_home(place) as found:
        dead, waiting = (
            found.create_run_for_job(
                nightly_job(), tags={**range_tags(LAST_DAY, LAST_DAY), **tags}, status=dg.DagsterRunStatus.STARTED
            )
            for tags in (BY_COMMAND, {})
        )

        def state(run: dg.DagsterRun) -> dg.DagsterRunStatus:
            known = found.get_run_by_id(run.run_id)
            assert known is not None
            return known.status

        tick(place, found, datetime(2026, 1, 21, 2, tzinfo=UTC))
        assert state(dead) == dg.DagsterRunStatus.FAILURE
        assert state(waiting) == dg.DagsterRunStatus.STARTED, "one that Dagster launched may be waiting for the lock"
        fail_abandoned_runs(found, of_commands_only=False)
        assert state(waiting) == dg.DagsterRunStatus.FAILURE


# --- a night --------------------------------------------------------------------------------------------------------


def test_a_night_through_dagster_publishes_what_the_steps_alone_do(
    platform: Place, published: Place, copy_of: Callable[[Place], Place]
) -> None:
    """R24, and R23: the first night is the initial load."""
    place = copy_of(platform)
    manifest = run_night(Night.of(place.configuration), planned(place.configuration, FIRST_DAY, LAST_DAY))
    assert manifest is not None
    assert published.logical_hash == manifest.logical_hash


def test_a_night_of_a_command_is_a_run_of_the_job_at_its_code_location(instance: dg.DagsterInstance) -> None:
    run = last_run(instance)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.job_name == JOB_NAME
    origin = run.remote_job_origin
    assert origin is not None
    assert origin.location_name == "pipelines.definitions"
    assert run.job_code_origin is not None
    assert run.tags["dagster/asset_partition_range_start"] == "2026-01-01"
    assert run.tags["dagster/asset_partition_range_end"] == "2026-01-20"


def test_every_day_is_materialized_with_its_own_rows(instance: dg.DagsterInstance, published: Place) -> None:
    landings = published.lake.landings(published.configuration)
    days = {day.isoformat() for day in DAYS}
    for stream in published.configuration.event_streams:
        assert instance.get_materialized_partitions(lake_key(stream.name)) == days
        for day in (FIRST_DAY, LAST_DAY):
            event = latest(instance, lake_key(stream.name), day)
            assert event.metadata["dagster/partition_row_count"].value == landings[stream.name, day].rows
            assert event.metadata["source_rows"].value == landings[stream.name, day].source_rows
    assert instance.get_materialized_partitions(lake_key("activity")) == days
    assert "dagster/partition_row_count" in latest(instance, lake_key("activity"), LAST_DAY).metadata


def latest(instance: dg.DagsterInstance, key: dg.AssetKey, day: date) -> dg.AssetMaterialization:
    """Return the last materialization of a day."""
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[day.isoformat()])
    found = instance.fetch_materializations(wanted, limit=1).records[0].asset_materialization
    assert found is not None
    return found


def test_tables_learners_and_the_published_file_show_their_figures(
    instance: dg.DagsterInstance, published: Place
) -> None:
    assert published.current
    manifest = Warehouse.of(published.configuration).manifest(published.current)

    def figures(key: dg.AssetKey) -> dict[str, object]:
        event = instance.get_latest_materialization_event(key)
        assert event is not None
        assert event.asset_materialization is not None
        return {name: held.value for name, held in event.asset_materialization.metadata.items()}

    for table in schema.tables():
        shown = figures(version_key(table.name))
        assert shown["version"] == published.current
        assert shown.get("dagster/row_count") == (None if table.is_view else manifest.rows[table.name])
    assert figures(lake_key("users"))["dagster/row_count"] == 5
    assert figures(warehouse_key())["logical_hash"] == manifest.logical_hash
    assert figures(warehouse_key())["version"] == published.current
    assert figures(warehouse_key())["pin"] == ""


def test_the_published_file_shows_the_pin_that_holds_it_back(
    published: Place, copy_of: Callable[[Place], Place]
) -> None:
    """FAULTS 10."""
    place = copy_of(published)
    pin = Warehouse.of(place.configuration).rollback(place.current)
    built = build(Night.of(place.configuration))
    assert built is not None
    with at_home(place) as instance:
        result = dg.materialize([warehouse_asset()], instance=instance, resources={"night": NightResource()})
    (shown,) = result.asset_materializations_for_node("warehouse__pulse")
    assert shown.metadata["version"].value == built.version
    assert shown.metadata["pin"].value == f"{pin.version} is pinned since {pin.since}"
    assert place.current == pin.version


def test_every_check_has_a_result_that_passed(instance: dg.DagsterInstance) -> None:
    found = events(instance, last_run(instance), dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    results = {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data.passed for event in found
    }
    assert results == {check.name: True for check in CHECK_LIST}


def test_what_a_run_plans_is_one_event_a_day_for_assets_with_days_and_one_for_the_others(
    instance: dg.DagsterInstance, published: Place
) -> None:
    """Dagster 1.13 takes a run's partitions from the last step of its plan, and would plan all assets for all days."""
    planned_events = events(instance, last_run(instance), dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    counts = Counter(event.asset_key for event in planned_events)
    with_days = {lake_key("activity"), *(lake_key(stream.name) for stream in published.configuration.event_streams)}
    assert {key for key, count in counts.items() if count > 1} <= with_days
    assert max(counts.values()) <= len(DAYS)
    assert set(counts) == with_days | {
        lake_key("users"),
        warehouse_key(),
        *(version_key(table.name) for table in schema.tables()),
    }


# --- nights that fail, and are run again ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_stream_that_fails_fails_the_night_alone_and_is_all_that_a_retry_extracts(
    platform: Place, published: Place, copy_of: Callable[[Place], Place], capfd: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 13: what cannot help is not tried again, and Dagster's retry from failure extracts only what failed."""
    place = copy_of(platform)
    place.sql("alter table quiz_attempts rename to elsewhere")
    with at_home(place) as found:
        with pytest.raises(PulseError, match=r"^stream quiz_attempts: [^\n]*quiz_attempts[^\n]*$"):
            place.night()
        assert place.current is None
        failed = last_run(found)
        assert failed.status == dg.DagsterRunStatus.FAILURE
        assert steps(found, failed, dg.DagsterEventType.STEP_FAILURE) == {"lake__quiz_attempts"}
        assert not steps(found, failed, dg.DagsterEventType.STEP_UP_FOR_RETRY)
        landed = Counter(stream for stream, _ in place.lake.landings(place.configuration))
        others = {stream.name for stream in place.configuration.event_streams} - {"quiz_attempts"}
        assert landed == dict.fromkeys(others, len(DAYS))

        place.sql("alter table elsewhere rename to quiz_attempts")
        with run_lock(place.configuration, "the test"):
            again = dg.execute_job(
                dg.reconstructable(nightly_job),
                found,
                run_config=failed.run_config,
                tags=range_tags(FIRST_DAY, LAST_DAY),
                reexecution_options=dg.ReexecutionOptions.from_failure(failed.run_id, found),
            )
        assert again.success
        run = last_run(found)
        assert run.parent_run_id == failed.run_id
        assert steps(found, run, dg.DagsterEventType.STEP_SUCCESS) == {
            "lake__quiz_attempts",
            "lake__activity",
            "version",
            "warehouse__pulse",
        }
    assert place.logical_hash == published.logical_hash
    assert capfd.readouterr() == ("", ""), "Dagster's own log stays out of our output"


def test_a_check_that_fails_keeps_the_version_from_being_published_in_the_same_run(
    platform: Place, copy_of: Callable[[Place], Place]
) -> None:
    place = copy_of(platform)
    place.sql("update xp_events set amount = 'many'")
    with at_home(place) as found:
        with pytest.raises(PulseError, match=r"^version \S+ was not published: check quarantine_within_budget found"):
            place.night()
        run = last_run(found)
        evaluations = events(found, run, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        (failed,) = (one for one in map(_evaluation, evaluations) if not one.passed)
        assert failed.check_name == "quarantine_within_budget"
        assert "--accept-quarantine" in (failed.description or "")
        assert "warehouse__pulse" not in steps(found, run, dg.DagsterEventType.STEP_START)
        assert found.get_materialized_partitions(lake_key("activity")), "what it was built from stays"
    assert place.current is None


@pytest.mark.slow
def test_one_stream_alone_is_tried_again_while_its_source_is_away(
    published: Place, copy_of: Callable[[Place], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 12; and `backfill --stream S` extracts S only, and publishes."""
    place = copy_of(published)
    before, hash_before = place.current, place.logical_hash
    attempts: list[Stream] = []
    really_land = landing_step.land

    def land(night: Night, stream: Stream, days: list[date], *, accept_shrink: bool) -> Landed:
        attempts.append(stream)
        if len(attempts) < 3:
            raise SourceUnavailableError(f"stream {stream.name}: source platform failed: gone fishing; is it up?")
        return really_land(night, stream, days, accept_shrink=accept_shrink)

    at_once = dg.RetryPolicy(max_retries=3, delay=0.01, backoff=dg.Backoff.EXPONENTIAL)
    monkeypatch.setattr(land_asset, "EXTRACTION_RETRIES", at_once)
    monkeypatch.setattr(landing_step, "land", land)
    with at_home(place) as found:
        place.night(date(2026, 1, 10), date(2026, 1, 12), stream="xp_events")
        run = last_run(found)
        retried = events(found, run, dg.DagsterEventType.STEP_RESTARTED)
        assert [event.step_key for event in retried] == ["lake__xp_events"] * 2
        assert steps(found, run, dg.DagsterEventType.STEP_SUCCESS) == {
            "lake__xp_events",
            "lake__activity",
            "version",
            "warehouse__pulse",
        }
        assert run.tags["dagster/asset_partition_range_start"] == "2026-01-03", "the lookback, R23"
    assert {stream.name for stream in attempts} == {"xp_events"}
    assert place.current != before
    assert place.logical_hash == hash_before


def test_one_partition_launched_in_the_ui_is_a_night_that_heals_what_is_missing(
    published: Place, copy_of: Callable[[Place], Place]
) -> None:
    """R23, FAULTS 30: no run configuration and no range, just the day's partition."""
    place = copy_of(published)
    lost = place.lake.landing("xp_events", date(2026, 1, 2))
    lost.unlink()
    before = place.logical_hash
    with at_home(place) as found:
        job = dg.reconstructable(nightly_job)
        created = found.create_run_for_job(job.get_definition(), tags={"dagster/partition": LAST_DAY.isoformat()})
        assert execute_run(job, created, found).success
        landed = events(found, created, dg.DagsterEventType.ASSET_MATERIALIZATION)
        days = {event.partition for event in landed if event.asset_key == lake_key("xp_events")}
        assert days == {"2026-01-02", *(day.isoformat() for day in days_between(date(2026, 1, 13), LAST_DAY))}
    assert lost.exists()
    assert place.current == "pulse-2026-01-20-000002"
    assert place.logical_hash == before


@pytest.mark.slow
def test_a_reconciliation_shows_the_days_that_it_extracted_and_the_version(
    published: Place, copy_of: Callable[[Place], Place]
) -> None:
    """R23: an op of a job of its own, with an event for each day and table; without drift there is none."""
    place = copy_of(published)
    with at_home(place) as found, run_lock(place.configuration, "the test"):
        run_reconcile((), Silent())
        assert last_run(found).job_name == RECONCILE
        assert last_run(found).status == dg.DagsterRunStatus.SUCCESS
        assert materialized_by(found, last_run(found).run_id) == {}
        of_a_day = "select min(rowid) from xp_events where created_at like '2026-01-05 1%'"
        place.sql(f"delete from xp_events where rowid = ({of_a_day})")
        run_reconcile((), Silent())
        events = materialized_by(found, last_run(found).run_id)
    assert set(events) == {
        *((lake_key("xp_events"), f"2026-01-0{n}") for n in (4, 5, 6)),
        (lake_key("activity"), "2026-01-05"),
        *((version_key(table.name), None) for table in schema.tables() if not table.is_view),
        (warehouse_key(), None),
    }
    assert "rows " in str(events[lake_key("xp_events"), "2026-01-05"]["drifted"].value)
    assert events[warehouse_key(), None]["version"].value == place.current


def materialized_by(
    instance: dg.DagsterInstance, run_id: str
) -> dict[tuple[dg.AssetKey, str | None], Mapping[str, dg.MetadataValue[Any]]]:
    """Return the metadata of every materialization of a run, by asset and day."""
    entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.get_dagster_event().step_materialization_data.materialization for entry in entries]
    return {(event.asset_key, event.partition): event.metadata for event in found}


def test_the_weekly_schedule_is_the_configurations_and_asks_for_the_whole_job(
    published: Place, instance: dg.DagsterInstance
) -> None:
    configuration = published.configuration
    schedule = definitions(configuration).resolve_schedule_def("every_week")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 4 * * 0", "UTC")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == RECONCILE
    moment = datetime(2026, 1, 25, 4, tzinfo=UTC)
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
    (asked,) = schedule.evaluate_tick(context).run_requests or []
    assert asked.run_key == moment.isoformat()
    assert asked.run_config["resources"]["night"]["config"] == {}


@pytest.mark.slow
def test_without_dagsters_storage_nothing_is_lost(published: Place, copy_of: Callable[[Place], Place]) -> None:
    """FAULTS 11."""
    place = copy_of(published)
    before = place.logical_hash
    shutil.rmtree(place.configuration.data_dir / "dagster")
    with at_home(place) as found:
        place.night()
        assert len(found.get_runs()) == 1
    assert place.current == "pulse-2026-01-20-000002"
    assert place.logical_hash == before


# --- events in batches ----------------------------------------------------------------------------------------------

COUNTED_BY_THE_DATABASE = {
    "id",
    "event_id",
    "create_timestamp",
    "evaluation_event_storage_id",
    "materialization_event_storage_id",
}
TAGS_OF_OTHER_EVENTS = """
select count(*) from asset_event_tags left join event_logs on event_logs.id = asset_event_tags.event_id
where asset_event_tags.asset_key is distinct from event_logs.asset_key
"""
Rows = dict[str, list[tuple[object, ...]]]


def rows_of(folder: Path) -> Rows:
    """Return every row of every table of an event log's files but what the order of storing decides."""
    found = {}
    for file in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(file)) as database:
            names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
            for name in set(names) - {"alembic_version", "secondary_indexes", "sqlite_sequence"}:
                columns = [row[1] for row in database.execute(f"pragma table_info({name})")]
                kept = ", ".join(f'"{column}"' for column in columns if column not in COUNTED_BY_THE_DATABASE)
                rows = database.execute(f"select {kept} from {name}").fetchall()
                found[f"{file.stem}.{name}"] = sorted(rows, key=repr)
    return found


def batches(entries: list[EventLogEntry]) -> Iterator[list[EventLogEntry]]:
    """Yield the events of a run in order, those that Dagster may batch together."""
    batch: list[EventLogEntry] = []
    for entry in entries:
        if entry.dagster_event_type in BATCH_WRITABLE_EVENTS:
            batch.append(entry)
            continue
        if batch:
            yield batch
        batch = []
        yield [entry]
    if batch:
        yield batch


def as_dagster_does(storage: SqliteEventLogStorage, batch: list[EventLogEntry]) -> None:
    """Store a batch, and its events one by one if that fails: as `DagsterInstance.handle_new_event`."""
    if len(batch) == 1:
        storage.store_event(batch[0])
        return
    try:
        storage.store_event_batch(batch)
    except sqlite3.OperationalError:
        for event in batch:
            storage.store_event(event)


def stored(kind: type[SqliteEventLogStorage], entries: list[EventLogEntry], folder: Path) -> Rows:
    """Store events through a storage class and return the rows of its files."""
    folder.mkdir()
    storage = kind(str(folder))
    for batch in batches(entries):
        as_dagster_does(storage, batch)
    storage.dispose()
    return rows_of(folder)


class FailingOnce(BatchingEventLogStorage):
    """The index cannot be written when the first batch comes, after its rows have been."""

    has_failed = False

    def _store_asset_event(self, *words: object) -> None:
        if not self.has_failed:
            self.has_failed = True
            raise sqlite3.OperationalError("disk I/O error")
        super()._store_asset_event(*words)  # type: ignore[arg-type]


@pytest.mark.slow
def test_events_in_batches_are_the_rows_that_dagster_stores_one_by_one(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """Also when a batch fails half-way, and Dagster stores its events again: no event comes twice."""
    keys = {lake_key("xp_events"), lake_key("users"), version_key("users"), version_key("pulse_totals")}
    night = instance.all_logs(last_run(instance).run_id)
    entries = [entry for entry in night if entry.dagster_event and entry.dagster_event.asset_key in keys]
    entries += [entry for entry in night if entry.dagster_event_type in ASSET_CHECK_EVENTS]
    expected = stored(SqliteEventLogStorage, entries, tmp_path / "one by one")
    assert sum(map(len, expected.values())) > 4 * len(DAYS), "planned and materialized, in the run's file and the index"
    for kind in (BatchingEventLogStorage, FailingOnce):
        found = stored(kind, entries, tmp_path / kind.__name__)
        assert found.keys() == expected.keys()
        for table, rows in expected.items():
            assert found[table] == rows, (kind, table)
        with closing(sqlite3.connect(tmp_path / kind.__name__ / "index.db")) as index:
            assert index.execute(TAGS_OF_OTHER_EVENTS).fetchall() == [(0,)]


# --- the UI ---------------------------------------------------------------------------------------------------------

WORKSPACE = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
    ... on RepositoryLocation { repositories { name jobs { name } schedules { name scheduleState { status } } } }
    ... on PythonError { message }
} } } } }"""
RUNS = """{ runsOrError { ... on Runs { results {
    runId status jobName parentRunId repositoryOrigin { repositoryName repositoryLocationName }
    stepKeysToExecute
} } } }"""
RUN_AGAIN = """mutation($parent: String!) {
    launchRunReexecution(reexecutionParams: { parentRunId: $parent, strategy: FROM_FAILURE }) {
        __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    }
}"""
BEGUN = """query($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events { __typename } } } }"""
PATIENCE = 120  # seconds; on a quiet machine the UI is there in ten


def eventually(ask: Callable[[], Any]) -> Any:
    """Ask until the answer is true, as long as our patience lasts."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(ConnectionError, TimeoutError):
            if answer := ask():
                return answer
        time.sleep(0.2)
    raise AssertionError(f"still {ask()!r} after {PATIENCE} seconds")


def asked_over_graphql(port: int, query: str, variables: dict[str, str]) -> Any:
    """Return the data of the UI's answer."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own, on this machine
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        pytest.fail(error.read().decode())
    except urllib.error.URLError as error:
        raise ConnectionError from error


@pytest.mark.slow
def test_the_ui_runs_the_schedule_and_continues_a_commands_failed_night_when_the_lock_is_free(
    platform: Place, published: Place, copy_of: Callable[[Place], Place]
) -> None:
    """FAULTS 6, 13: what `pulse ui` starts, asked over GraphQL as its pages do; SIGTERM ends all of it."""
    place = copy_of(platform)
    place.sql("alter table quiz_attempts rename to elsewhere")
    with at_home(place), pytest.raises(PulseError):
        place.night()
    place.sql("alter table elsewhere rename to quiz_attempts")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]

    def ask(query: str, **variables: str) -> Any:
        return asked_over_graphql(port, query, variables)

    def location() -> Any:
        (entry,) = ask(WORKSPACE)["workspaceOrError"]["locationEntries"]
        return entry["locationOrLoadError"] and entry

    words = [sys.executable, "-m", "pipelines.command_line.cli", "ui", "--port", str(port), "--config", "pulse.toml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        (place.folder / "ui.log").open("w+") as log,
        subprocess.Popen(words, env=environment, stdout=log, stderr=log, cwd=place.folder) as ui,
    ):
        try:
            entry = eventually(location)
            assert entry["name"] == "pipelines.definitions"
            (repository,) = entry["locationOrLoadError"]["repositories"]
            assert {"name": "nightly"} in repository["jobs"]
            running = {"scheduleState": {"status": "RUNNING"}}
            assert repository["schedules"] == [{"name": name, **running} for name in ("every_night", "every_week")]
            (failed,) = ask(RUNS)["runsOrError"]["results"]
            assert (failed["status"], failed["jobName"]) == ("FAILURE", "nightly")
            origin = {"repositoryName": "__repository__", "repositoryLocationName": "pipelines.definitions"}
            assert failed["repositoryOrigin"] == origin

            with run_lock(place.configuration, "the test"):
                launched = ask(RUN_AGAIN, parent=failed["runId"])["launchRunReexecution"]
                run_id = launched["run"]["runId"]
                eventually(lambda: "ResourceInitStartedEvent" in str(ask(BEGUN, run=run_id)))
                again = ask(RUNS)["runsOrError"]["results"][0]
                assert (again["runId"], again["status"]) == (run_id, "STARTED"), "it waits for the lock"
                assert not place.lake.landing("quiz_attempts", LAST_DAY).exists()
            eventually(lambda: ask(RUNS)["runsOrError"]["results"][0]["status"] == "SUCCESS")
            again = ask(RUNS)["runsOrError"]["results"][0]
            assert again["parentRunId"] == failed["runId"]
            assert set(again["stepKeysToExecute"]) == {
                "lake__quiz_attempts",
                "lake__activity",
                "version",
                "warehouse__pulse",
            }
        finally:
            ui.terminate()
            code = ui.wait(timeout=PATIENCE)
        log.seek(0)
        assert (code, "Warning" in log.read()) == (0, False)
    assert place.logical_hash == published.logical_hash
