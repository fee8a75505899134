"""Reconciliation: what changed further back than the lookback is found, restated and proven (R23, FAULTS 16, 17).

On SQLite, a real PostgreSQL and a real MariaDB, with the lookback switched off. That any change of a row shows in the
figures is `tests/assets/step1_extract/selects/test_figures.py`; the command and Dagster's job stand in
`tests/pipelines/command_line/test_commands.py` and `tests/pipelines/jobs/test_dagster.py`.
"""

import dataclasses
from datetime import UTC, date, datetime, time

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.reconcile.reconcile import reconcile
from assets.step1_extract.extract import open_stream
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    lake_files,
    night,
    only_xp,
    published,
    xp_by_day,
    xp_rows,
)
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ShrinkError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

LAST = FIRST + 4 * DAY
OLD = FIRST + DAY


def five_days(source: Platform) -> Configuration:
    """Publish five days of one learner, the last one alone within the lookback; a second learner has nothing yet."""
    source.make("users", USERS_TYPES, [("ann", "UTC"), ("bob", "UTC")])
    source.make("xp", XP_TYPES, [row for n in range(5) for row in xp_rows(3, FIRST + n * DAY, prefix=f"d{n}e")])
    configuration = source.configuration(lookback_days=0)
    night(configuration, LAST)
    return configuration


def drifted(configuration: Configuration) -> list[str]:
    """Return the lines that say what has drifted."""
    return [str(drift) for drift in compare(Night.of(configuration)).drifts]


def times(configuration: Configuration) -> dict[str, tuple[datetime, datetime]]:
    """Return when each day was extracted and when it was proven, as published."""
    rows = published(configuration, "select day::varchar, epoch_ms(extracted_at), epoch_ms(proven_at) from landings")
    return {day: (extracted, proven) for day, extracted, proven in rows}


CHANGES = {
    "a row arrives": (
        "insert into {xp} select 'late', user_id, occurred_at, 100 from {xp} where event_id = 'd1e0'",
        "rows 3 → 4",
        {OLD: 103},
    ),
    "a row changes": ("update {xp} set amount = 5 where event_id = 'd1e0'", "amount", {OLD: 7}),
    "a row is deleted": ("delete from {xp} where event_id = 'd1e0'", "rows 3 → 2", {OLD: 2}),
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("change", "said", "xp"), slowly(CHANGES.values(), quick=1), ids=CHANGES)
def test_what_changed_before_the_lookback_is_found_and_published(
    platform: Platform, change: str, said: str, xp: dict[date, int]
) -> None:
    """FAULTS 16: hard deletes too, which no updated_at tells of; the next night alone would not see any of it."""
    configuration = five_days(platform)
    platform.run(change)
    night(configuration, LAST)
    assert xp_by_day(configuration)[OLD] == 3
    comparison, restated = reconcile(Night.of(configuration))
    assert {drift.landing.stream for drift in comparison.drifts} == {"xp"}
    assert OLD in {drift.landing.day for drift in comparison.drifts}
    assert said in " ".join(map(str, comparison.drifts))
    assert restated is not None
    assert restated.manifest is not None
    assert Warehouse.of(configuration).current() == restated.manifest.version
    assert xp_by_day(configuration) == {**{FIRST + n * DAY: 3 for n in range(5)}, **xp}
    assert drifted(configuration) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("user_id = 'bob'", {("ann", OLD): 2, ("bob", OLD): 1}),
        (f"occurred_at = '{OLD + DAY} 12:00:00'", {("ann", OLD): 2, ("ann", OLD + DAY): 4}),
    ],
    ids=["another learner", "another day"],
)
def test_a_row_that_moved_is_found_where_it_was_and_where_it_is(
    platform: Platform, change: str, expected: dict[tuple[str, date], int]
) -> None:
    """FAULTS 17: without any updated_at; sums are conserved."""
    configuration = five_days(platform)
    platform.run(f"update {{xp}} set {change} where event_id = 'd1e0'")
    reconcile(Night.of(configuration))
    rows = published(configuration, "select user_id, activity_date, xp_earned from daily_activity")
    found = {(user_id, day): xp for user_id, day, xp in rows}
    assert found.items() >= expected.items()
    assert sum(found.values()) == 15
    assert drifted(configuration) == []


def test_without_drift_nothing_is_published_and_every_landing_is_proven(platform: Platform) -> None:
    """The proof is in the next version, which has the same logical hash."""
    configuration = five_days(platform)
    before, files = Warehouse.of(configuration).current(), lake_files(configuration)
    assert [extracted == proven for extracted, proven in times(configuration).values()] == [True] * 5
    comparison, restated = reconcile(Night.of(configuration))
    assert (comparison.drifts, len(comparison.proven), restated) == ([], 5, None)
    assert Warehouse.of(configuration).current() == before
    assert {name for name, content in lake_files(configuration).items() if files.get(name) != content} == {
        "proofs.parquet"
    }
    assert before is not None
    logical_hash = Warehouse.of(configuration).manifest(before).logical_hash
    manifest = publish_lake(Night.of(configuration))
    assert manifest is not None
    assert manifest.logical_hash == logical_hash
    assert [extracted < proven for extracted, proven in times(configuration).values()] == [True] * 5


@pytest.mark.slow
def test_a_proof_is_one_of_the_landing_that_was_compared(sqlite_source: Platform) -> None:
    """A day that is extracted again is proven by that; the others keep the proof that they had."""
    configuration = five_days(sqlite_source)
    reconcile(Night.of(configuration))
    night(configuration, LAST)
    found = times(configuration)
    assert found[str(LAST)][0] == found[str(LAST)][1]
    assert all(extracted < proven for day, (extracted, proven) in found.items() if day != str(LAST))


def test_only_the_days_that_drifted_are_extracted_again(platform: Platform) -> None:
    """Where text orders otherwise than instants, the days beside them too: any of the three may hold the row."""
    configuration = five_days(platform)
    before = {key: landing.extracted_at for key, landing in Lake.of(configuration).landings(configuration).items()}
    platform.run("delete from {xp} where event_id = 'd1e0'")
    reconcile(Night.of(configuration))
    after = {key: landing.extracted_at for key, landing in Lake.of(configuration).landings(configuration).items()}
    beside = [FIRST, OLD, OLD + DAY] if platform.is_sqlite else [OLD]
    assert sorted(day for (_, day), when in after.items() if when != before["xp", day]) == beside


@pytest.mark.slow
def test_a_source_restored_from_an_old_backup_stops_the_reconciliation(platform: Platform) -> None:
    """FAULTS 22: the shrink guard holds; nothing is thrown away, and what did not drift is proven all the same."""
    configuration = only_xp(platform, [*xp_rows(20), *xp_rows(20, FIRST + 3 * DAY, prefix="later")], lookback_days=0)
    night(configuration, FIRST + 3 * DAY)
    platform.run("delete from {xp} where event_id like 'e%' and event_id > 'e12'")
    version = Warehouse.of(configuration).current()
    with pytest.raises(ShrinkError, match=r"xp: the landing of 2026-06-01 would shrink from 20 to .*accept-shrink"):
        reconcile(Night.of(configuration))
    assert Warehouse.of(configuration).current() == version
    assert Lake.of(configuration).landings(configuration)["xp", FIRST].rows == 20
    publish_lake(Night.of(configuration))
    assert times(configuration)["2026-06-04"][0] < times(configuration)["2026-06-04"][1]
    reconcile(Night.of(configuration), ("accept_shrink",))
    assert xp_by_day(configuration)[FIRST] < 20


@pytest.mark.slow
def test_landings_of_a_time_without_figures_drift_once(sqlite_source: Platform) -> None:
    configuration = five_days(sqlite_source)
    lake = Lake.of(configuration)
    landing = lake.landings(configuration)["xp", OLD]
    old = dataclasses.replace(landing, source={}, columns={})
    place = lake.landing("xp", OLD)
    with duckdb.connect() as connection:
        connection.execute("create table rows as from read_parquet($file)", {"file": str(place)})
        copy = "copy rows to $file (format parquet, kv_metadata {pulse: $about})"
        connection.execute(copy, {"file": str(place), "about": old.to_json()})
    assert drifted(configuration) == [f"xp {OLD}: landed before figures of the source were kept"]
    reconcile(Night.of(configuration))
    assert drifted(configuration) == []
    assert lake.landings(configuration)["xp", OLD].source == landing.source


def test_before_first_day_is_everywhere_there_is_nothing_to_compare(sqlite_source: Platform) -> None:
    configuration = only_xp(sqlite_source, xp_rows(1))
    comparison, restated = reconcile(Night.of(configuration))
    assert (comparison.drifts, comparison.proven, restated) == ([], {}, None)


@pytest.mark.slow
def test_a_row_spelled_as_of_the_day_after_may_be_one_of_this_day(sqlite_source: Platform) -> None:
    """R1: where text orders otherwise than instants."""
    configuration = five_days(sqlite_source)
    sqlite_source.add("xp", [("late", "ann", f"{LAST + DAY}T00:30:00+02:00", 4)])
    assert drifted(configuration) == [
        f"xp {LAST}: rows 0 → 1, amount none → 4, checksum differs (the source's {LAST + DAY})"
    ]
    reconcile(Night.of(configuration))
    assert xp_by_day(configuration)[LAST] == 7


def test_a_query_that_bounds_itself_by_instants_does_not_drift(sqlite_source: Platform) -> None:
    """R1: texts with offsets are instants of the days beside; the figures of each night count them as well."""
    begin, end = "T00:30:00+02:00", "T23:30:00-02:00"
    rows = [(f"{n}{at[-6]}", "ann", f"{FIRST + n * DAY}{at}", 1) for n in range(1, 4) for at in (begin, end)]
    configuration = only_xp(sqlite_source, rows, lookback_days=0)
    query = "select * from xp where datetime(occurred_at) >= :from and datetime(occurred_at) < :to"
    text = configuration.path.read_text(encoding="utf-8").replace('table = "xp"', f'query = "{query}"')
    configuration.path.write_text(text, encoding="utf-8")
    configuration = load(configuration.path, uses=["sources"])
    for n in range(5):
        night(configuration, FIRST + n * DAY)
        assert drifted(configuration) == []
    assert sum(xp_by_day(configuration).values()) == 6


@pytest.mark.parametrize(("hour", "is_compared"), [(11, 0), (12, 1)])
def test_while_the_day_after_fills_a_day_is_left_alone(sqlite_source: Platform, hour: int, is_compared: int) -> None:
    """A night reads its day when the next one has begun; at noon UTC a day has ended in every zone."""
    configuration = five_days(sqlite_source)
    with open_stream(configuration, configuration.streams["xp"]) as reader:
        taken_at = datetime.combine(FIRST + 2 * DAY, time(hour), tzinfo=UTC)
        found = dataclasses.replace(reader, taken_at=taken_at).figures_of(FIRST, {})
    beside = [FIRST + DAY] * is_compared
    assert list(found) == [str(day) for day in [FIRST - DAY, FIRST, *beside]]
