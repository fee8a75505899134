"""Runs of Dagster's: what they are over, what waits to be published, history, names (FAULTS 57, 62, 63, 65, 66).

Here is what needs no running UI; `tests/pipelines/instance/test_dagster_clicks.py` clicks.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.api import execute_run

from assets.night.night import Night
from assets.orchestration.keys import lake_key, source_key, version_key, warehouse_key
from assets.orchestration.partitions import days_named
from assets.step2_land.land import land
from assets.step5_build.build import build
from assets.step7_publish.waiting_version import version_built
from pipelines.command_line.dagster_run import nightly_job
from pipelines.definitions import definitions
from pipelines.instance.history import report_what_is_lacking
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST_DAY, FIRST_NIGHT, SECOND_NIGHT
from tests.support.running.dagster_place import Place, at_home
from tests.support.slowly import slowly
from warehouse.disk.lock import run_lock
from warehouse.errors import CheckFailedError, PulseError
from warehouse.lake.days import DAY
from warehouse.versions import schema
from warehouse.versions.versions import Warehouse

NOTHING_WAITS = r"^no version that was built to its end waits"
WAY_OUT = "materialize the version's tables first, or run `pulse build`"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A platform whose first night is published, without Dagster."""
    small_platform.publish(small_platform.make(tmp_path), FIRST_NIGHT)
    return Place(tmp_path)


# --- what a run is over (62) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "days"),
    [
        ({}, None),
        ({"dagster/backfill": "abc"}, None),
        ({"dagster/partition": "2025-12-30"}, (FIRST_NIGHT, FIRST_NIGHT)),
        (
            {"dagster/asset_partition_range_start": "2025-12-29", "dagster/asset_partition_range_end": "2025-12-31"},
            (FIRST_DAY, SECOND_NIGHT),
        ),
    ],
)
def test_the_days_of_a_run_are_those_that_its_tags_name(tags: dict[str, str], days: tuple[date, date] | None) -> None:
    """FAULTS 62."""
    assert days_named(tags) == days


@pytest.mark.slow
def test_the_learners_alone_are_landed_as_of_yesterday(place: Place) -> None:
    """FAULTS 62: they have no day, so a run of them names none."""
    with at_home(place) as instance:
        run = instance.create_run_for_job(nightly_job(), asset_selection=frozenset([lake_key("users")]))
        assert execute_run(dg.reconstructable(nightly_job), run, instance).success
        event = instance.get_latest_materialization_event(lake_key("users"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["replaced"].value is True
    yesterday = datetime.now(UTC).date() - DAY
    assert f'"last_day": "{yesterday}"' in place.lake.users.read_bytes().decode("latin-1")


@pytest.mark.slow
def test_tables_without_the_activity_are_built_from_activity_that_is_up_to_date(place: Place) -> None:
    """FAULTS 62: a landing alone, then the version alone: nothing stale is built, and Dagster shows the day."""
    _another_landing(place)
    only = frozenset([version_key("users"), warehouse_key()])
    with at_home(place) as instance:
        run = instance.create_run_for_job(nightly_job(), asset_selection=only)
        assert execute_run(dg.reconstructable(nightly_job), run, instance).success
        assert instance.get_materialized_partitions(lake_key("activity")) == {FIRST_NIGHT.isoformat()}
        of_tables = [instance.get_latest_materialization_event(version_key(table.name)) for table in schema.tables()]
        assert len([event for event in of_tables if event]) == 1, "no other table was asked for"
    assert place.current == "pulse-2025-12-30-000002"


def test_every_run_is_one_process(place: Place) -> None:
    """FAULTS 63: however it begins; no other executor can be chosen in a launchpad."""
    repository = definitions(place.configuration).get_repository_def()
    jobs = repository.get_all_jobs()
    assert {job.name for job in jobs} == {"nightly", "reconcile", "__ASSET_JOB"}
    for job in jobs:
        assert job.executor_def is dg.in_process_executor, job.name


# --- what waits to be published (66) --------------------------------------------------------------------------------


def waits(place: Place) -> str:
    return version_built(Night.of(place.configuration))


def test_a_version_that_was_built_to_its_end_waits(place: Place) -> None:
    """FAULTS 66."""
    built = build(Night.of(place.configuration))
    assert built is not None
    assert waits(place) == built.version


def test_nothing_waits_where_nothing_was_built(place: Place) -> None:
    """FAULTS 66: the folder is empty, or is not there."""
    building = Warehouse.of(place.configuration).building("*").parent
    for _ in range(2):
        with pytest.raises(CheckFailedError, match=f"^no version that was built to its end waits in .*; {WAY_OUT}$"):
            waits(place)
        shutil.rmtree(building, ignore_errors=True)


@pytest.mark.parametrize("error", [KeyboardInterrupt, PulseError])
def test_a_build_that_did_not_come_to_its_end_leaves_nothing_that_could_be_published(
    place: Place, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """FAULTS 66: cancelled, or failed."""

    def stop(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("assets.step5_build.build._fill_pulses", stop)
        with pytest.raises(error):
            build(Night.of(place.configuration))
    assert not list(Warehouse.of(place.configuration).building("*").parent.iterdir())
    with pytest.raises(CheckFailedError, match=NOTHING_WAITS):
        waits(place)


def test_a_build_that_was_killed_is_not_taken_for_one_that_waits(place: Place) -> None:
    """FAULTS 66: its file is there, as far as it had come; the next run removes it."""
    building = Warehouse.of(place.configuration).building("pulse-2025-12-30-000002")
    unfinished = building.with_name(f".{building.name}.unfinished")
    building.parent.mkdir(exist_ok=True)
    unfinished.write_bytes(b"half")
    with pytest.raises(CheckFailedError, match=NOTHING_WAITS):
        waits(place)
    with run_lock(place.configuration, "the next run"):
        assert not unfinished.exists()


def _another_landing(place: Place) -> None:
    place.sql("update xp_events set amount = 998 where amount = 999")
    land(Night.of(place.configuration), place.configuration.event_streams[0], [FIRST_NIGHT])


def _a_day_more(place: Place) -> None:
    for stream in place.configuration.event_streams:
        land(Night.of(place.configuration), stream, [SECOND_NIGHT])


def _another_default_zone(place: Place) -> None:
    place.replace('default_timezone = "Asia/Tokyo"', 'default_timezone = "Europe/Berlin"')


def _the_first_day_is_gone(place: Place) -> None:
    place.lake.landing(place.configuration.event_streams[0].name, FIRST_DAY).unlink()


CHANGES = [_another_landing, _a_day_more, _another_default_zone, _the_first_day_is_gone]


@pytest.mark.parametrize("happens", slowly(CHANGES, quick=2), ids=lambda happens: happens.__name__)
def test_a_version_of_another_state_of_the_lake_is_named_and_not_published(
    place: Place, happens: Callable[[Place], None]
) -> None:
    """FAULTS 66."""
    built = build(Night.of(place.configuration))
    assert built is not None
    happens(place)
    message = f"^version {built.version} in .* was built from another state of the lake; {WAY_OUT}$"
    with pytest.raises(CheckFailedError, match=message):
        waits(place)


# --- history (65) ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_the_history_lacks_is_reported_and_never_twice(place: Place) -> None:
    """FAULTS 65: with the figures that a night shows; and a version that was made without Dagster."""
    configuration = place.configuration
    days = {FIRST_DAY.isoformat(), FIRST_NIGHT.isoformat()}
    streams = [stream.name for stream in configuration.event_streams]
    others = len(schema.tables()) + 2
    with at_home(place) as instance:
        assert report_what_is_lacking(configuration) == 2 * (len(streams) + 1) + others
        assert report_what_is_lacking(configuration) == 0
        for name in [*streams, "activity"]:
            assert instance.get_materialized_partitions(lake_key(name)) == days
        wanted = dg.AssetRecordsFilter(lake_key(streams[0]), asset_partitions=[FIRST_NIGHT.isoformat()])
        (record,) = instance.fetch_materializations(wanted, limit=9).records
        landing = place.lake.landings(configuration)[streams[0], FIRST_NIGHT]
        assert record.asset_materialization is not None
        assert record.asset_materialization.metadata["source_rows"].value == landing.source_rows
        small_platform.publish(configuration, SECOND_NIGHT)
        assert report_what_is_lacking(configuration) == (len(streams) + 1) + len(schema.tables()) + 1
        event = instance.get_latest_materialization_event(warehouse_key())
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata["version"].value == small_platform.SECOND
        assert report_what_is_lacking(configuration) == 0


@pytest.mark.slow
def test_a_year_is_reported_in_batches(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAULTS 65: one by one, a year of six assets takes half a minute."""
    from pipelines.instance.event_log import BatchingEventLogStorage

    stored: list[int] = []
    really = BatchingEventLogStorage.store_event_batch

    def store(self: BatchingEventLogStorage, events: list[dg.EventLogEntry]) -> None:
        stored.append(len(events))
        really(self, events)

    monkeypatch.setattr(BatchingEventLogStorage, "store_event_batch", store)
    monkeypatch.setattr(BatchingEventLogStorage, "store_event", lambda *_: pytest.fail("one by one"))
    with at_home(place):
        reported = report_what_is_lacking(place.configuration)
    assert stored == [reported]


def test_where_nothing_was_made_nothing_is_reported(tmp_path: Path) -> None:
    """FAULTS 65."""
    place = Place(small_platform.make(tmp_path).path.parent)
    with at_home(place):
        assert report_what_is_lacking(place.configuration) == 0


# --- names (57) -----------------------------------------------------------------------------------------------------

TAKEN_BEFORE = ["xp_events", "app.xp_events", "XP-Events", "Xp_events", "a__b", "a_b", "a-b", "a.b"]
AS_THEY_ARE = [*TAKEN_BEFORE, "Quiz Attempts", "Übungen", "xp$ev", "学习", "a'b", 'a"b', "xp events", "xp_events "]
KEPT_APART = [*AS_THEY_ARE, "a/b", "a%2Fb", "a%252Fb", "a\tb", "a%09b"]


def configured(place: Place, source: str, table: str) -> dg.Definitions:
    """Return definitions in which the first stream reads that table of that source."""
    configuration = place.configuration
    stream = configuration.event_streams[0].model_copy(update={"source": source, "table": table})
    streams = {**configuration.streams, stream.name: stream}
    sources = {**configuration.sources, source: next(iter(configuration.sources.values()))}
    return definitions(configuration.model_copy(update={"streams": streams, "sources": sources}))


@pytest.mark.parametrize("table", slowly(KEPT_APART, quick=2))
def test_a_table_of_any_name_loads(place: Place, table: str) -> None:
    """FAULTS 57."""
    dg.Definitions.validate_loadable(configured(place, "platform", table))


@pytest.mark.parametrize("source", slowly(["Schülerdatenbank", "our source", "a/b", "my.db", "a-b"], quick=1))
def test_a_source_of_any_name_loads(place: Place, source: str) -> None:
    """FAULTS 57."""
    found = configured(place, source, "xp_events")
    dg.Definitions.validate_loadable(found)


def test_two_names_never_become_one_and_names_that_were_taken_stay(place: Place) -> None:
    """FAULTS 57: neither as keys, nor as the text by which the UI and the command line name an asset."""
    stream = place.configuration.event_streams[0]
    pairs = [(source, table) for source in ("p", "p/a", "p%2Fa", "Ü") for table in KEPT_APART]
    keys = [source_key(stream.model_copy(update={"source": source, "table": table})) for source, table in pairs]
    assert len({key.to_user_string() for key in keys}) == len({key.to_string() for key in keys}) == len(pairs)
    for table in AS_THEY_ARE:
        key = source_key(stream.model_copy(update={"table": table}))
        assert key.path == ["sources", stream.source, *table.split(".")]


@pytest.mark.slow
def test_a_night_reads_a_table_whose_name_has_a_space_and_an_umlaut(tmp_path: Path) -> None:
    """FAULTS 57: through Dagster, from the source to the published file."""
    place = Place(small_platform.make(tmp_path).path.parent)
    place.sql('alter table quiz_attempts rename to "Übungen $ 1"')
    place.replace('table = "quiz_attempts"', 'table = "Übungen $ 1"')
    with at_home(place) as instance:
        run = instance.create_run_for_job(nightly_job(), tags={"dagster/partition": FIRST_NIGHT.isoformat()})
        assert execute_run(dg.reconstructable(nightly_job), run, instance).success
    assert place.current == small_platform.FIRST
