"""What a night is in Dagster: its runs and their events, nights that fail, and what is run again.

A run takes three seconds or more, so the night that most tests look at is run once; what needs another state works on a
copy of its folder. What Dagster shows before a run is `tests/pipelines/test_definitions.py`'s.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.api import execute_run

from assets.all_steps import run_night
from assets.night.night import Night
from assets.night.progress import Silent
from assets.orchestration.keys import lake_key, version_key, warehouse_key
from assets.orchestration.resources import NightResource
from assets.step0_plan.plan import planned
from assets.step2_land import asset as land_asset
from assets.step2_land import land as landing_step
from assets.step2_land.land import Landed
from assets.step5_build.build import build
from assets.step6_check.check_list import checks_of
from assets.step7_publish.asset import warehouse_asset
from pipelines.command_line.dagster_run import nightly_job, run_reconcile
from pipelines.jobs.nightly import JOB_NAME, range_tags
from pipelines.jobs.reconcile import RECONCILE
from tests.support.running.dagster_place import DAYS, FIRST_DAY, LAST_DAY, Place, at_home, events, last_run, steps
from warehouse.configuration.configuration import Stream
from warehouse.disk.lock import run_lock
from warehouse.errors import PulseError, SourceUnavailableError
from warehouse.lake.days import days_between
from warehouse.versions import schema
from warehouse.versions.versions import Warehouse


def _evaluation(event: dg.DagsterEvent) -> dg.AssetCheckEvaluation:
    return event.asset_check_evaluation_data


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
        result = dg.materialize(
            [warehouse_asset(place.configuration)], instance=instance, resources={"night": NightResource()}
        )
    (shown,) = result.asset_materializations_for_node("warehouse__pulse")
    assert shown.metadata["version"].value == built.version
    assert shown.metadata["pin"].value == f"{pin.version} is pinned since {pin.since}"
    assert place.current == pin.version


def test_every_check_has_a_result_that_passed(instance: dg.DagsterInstance, published: Place) -> None:
    found = events(instance, last_run(instance), dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    results = {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data.passed for event in found
    }
    assert results == {check.name: True for check in checks_of(published.configuration)}


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


@pytest.mark.slow
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

    def land(night: Night, stream: Stream, days: list[date], **more: Any) -> Landed:
        attempts.append(stream)
        if len(attempts) < 3:
            raise SourceUnavailableError(f"stream {stream.name}: source platform failed: gone fishing; is it up?")
        return really_land(night, stream, days, **more)

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


@pytest.mark.slow
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
        *((version_key(table.name), None) for table in schema.tables()),
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
