"""A night extracts a day of its lookback, or proves it (R23): which days it reads again, and which it must not.

What the figures of a day show is `tests/assets/step1_extract/selects/test_figures.py`; random histories look at every
night's days (`tests/histories/reading.py`).
"""

import dataclasses
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

import duckdb
import pytest

from assets.all_steps import extract, publish_lake, run_night
from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.step0_plan.plan import Run
from assets.step1_extract.extract import Reader, open_stream
from assets.step1_extract.selects import figures
from assets.step2_land.unchanged import judged_by
from assets.step2_land.unchanged.unchanged import unchanged_days
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    USERS_TYPES,
    XP_TYPES,
    Notes,
    Platform,
    night,
    published,
    server_platform,
    xp_by_day,
    xp_rows,
)
from warehouse.configuration.configuration import Configuration, load
from warehouse.disk.files import put_in_place
from warehouse.errors import CheckFailedError
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing

LAST = FIRST + 4 * DAY
LOOKBACK = [FIRST + n * DAY for n in (1, 2, 3)]
TYPES = {**XP_TYPES, "deleted_at": "timestamptz"}


class Ended(Notes):
    """Remembers how steps have ended."""

    def ended(self, summary: str) -> None:
        self.lines.append(summary)


def five_days(source: Platform, keys: str = "", **pulse: object) -> Configuration:
    """Land five days, two learners, as nights do, each of which looks back on three days."""
    source.make("users", USERS_TYPES, [("ann", "UTC"), ("bob", "UTC"), ("eve", "UTC")])
    rows = [
        row for n in range(5) for row in xp_rows(3, FIRST + n * DAY, prefix=f"d{n}e", user="ann" if n % 2 else "bob")
    ]
    source.make("xp", TYPES, [(*row, None) for row in rows])
    return settled(configured(source, keys, **pulse))


def configured(source: Platform, keys: str = "", **pulse: object) -> Configuration:
    file = source.configuration(lookback_days=3, **pulse).path
    text = file.read_text(encoding="utf-8").replace("[streams.xp]\n", f"[streams.xp]\n{keys}\n")
    file.write_text(text, encoding="utf-8")
    return load(file, uses=["sources"])


def settled(configuration: Configuration) -> Configuration:
    night(configuration, LAST)
    return configuration


def landings(configuration: Configuration) -> dict[date, Landing]:
    return {day: landing for (_, day), landing in Lake.of(configuration).landings(configuration).items()}


def read_again(configuration: Configuration, before: dict[date, Landing]) -> list[date]:
    """The days that have landed since."""
    after = landings(configuration)
    return sorted(day for day, landing in after.items() if landing.extracted_at != before[day].extracted_at)


def days_read(configuration: Configuration) -> list[date]:
    """The days that the same night reads when it is run again."""
    before = landings(configuration)
    night(configuration, LAST)
    return read_again(configuration, before)


def test_a_day_that_has_not_changed_is_proven_and_not_read(platform: Platform) -> None:
    """The landing keeps when it was extracted; the version says when it was proven, and nothing else is another."""
    configuration = five_days(platform)
    before, hashed = landings(configuration), published(configuration, "select logical_hash from version_info")
    listener = Ended()
    night(configuration, LAST, listener=listener)
    assert read_again(configuration, before) == [LAST]
    assert [line for line in listener.lines if line.startswith("xp:")] == ["xp: 1 days, 3 rows; 3 days proven"]
    times = published(configuration, "select day, extracted_at < proven_at from landings order by day")
    assert times == [(FIRST, False), *((day, True) for day in LOOKBACK), (LAST, False)]
    assert published(configuration, "select logical_hash from version_info") == hashed


CHANGES = {
    "a row comes late": (
        "insert into {xp} select 'late', user_id, occurred_at, 100, null from {xp} where event_id = 'd2e0'",
        103,
    ),
    "a row changes": ("update {xp} set amount = 5 where event_id = 'd2e0'", 7),
    "a row is deleted": ("delete from {xp} where event_id = 'd2e0'", 2),
    "two values are swapped": ("update {xp} set amount = 3 - amount where event_id in ('d2e0', 'd2e1')", 3),
}


@pytest.mark.parametrize(("change", "xp"), CHANGES.values(), ids=CHANGES)
def test_a_day_that_has_changed_is_read_again_and_no_other(platform: Platform, change: str, xp: int) -> None:
    """FAULTS 15. Where instants are texts, the row may be one of the days beside it, so these are read, too."""
    configuration = five_days(platform)
    platform.run(
        "update {xp} set amount = 2 where event_id = 'd2e1'", "update {xp} set amount = 0 where event_id = 'd2e2'"
    )
    assert days_read(configuration) == [*(LOOKBACK if platform.is_sqlite else [FIRST + 2 * DAY]), LAST]
    platform.run(change)
    assert days_read(configuration) == [*(LOOKBACK if platform.is_sqlite else [FIRST + 2 * DAY]), LAST]
    expected = {FIRST + n * DAY: 3 for n in range(5)} | {FIRST + 2 * DAY: xp}
    assert xp_by_day(configuration) == expected
    assert days_read(configuration) == [LAST]


def no_checksum(monkeypatch: pytest.MonkeyPatch, _: Configuration) -> None:
    monkeypatch.setattr(figures, "_checksum", lambda *_: None)


def another_release(monkeypatch: pytest.MonkeyPatch, _: Configuration) -> None:
    monkeypatch.setattr(judged_by, "_code_and_libraries", lambda: "another")


def erasure(_: pytest.MonkeyPatch, configuration: Configuration) -> None:
    assert erase(configuration, "bob").failure is None


def erasure_of_nobody(_: pytest.MonkeyPatch, configuration: Configuration) -> None:
    """Of a learner of whom no row has landed: his rows may be among those that could not be read."""
    assert erase(configuration, "zed").failure is None


def older_release(_: pytest.MonkeyPatch, configuration: Configuration) -> None:
    """Landings as one wrote them that did not note what judged them."""
    rewritten(configuration, lambda landing: dataclasses.replace(landing, judged_by=""))


def other_types(_: pytest.MonkeyPatch, configuration: Configuration) -> None:
    """A column was another; what its values mean may depend on that."""
    rewritten(
        configuration, lambda landing: dataclasses.replace(landing, columns={**landing.columns, "amount": "REAL"})
    )


def rewritten(configuration: Configuration, change: Callable[[Landing], Landing]) -> None:
    """Rewrite what landings say of themselves."""
    lake = Lake.of(configuration)
    for day, landing in landings(configuration).items():
        file = lake.landing("xp", day)
        with duckdb.connect() as connection:
            connection.execute("create table rows as from read_parquet($file)", {"file": str(file)})
            copy = "copy rows to $file (format parquet, kv_metadata {pulse: $about})"
            connection.execute(copy, {"file": str(file), "about": change(landing).to_json()})


def landed_early(landing: Landing) -> Landing:
    """As landed before the day after was over everywhere, which nobody had to wait for on the first day looked at."""
    after = str(landing.day + DAY) if landing.day > LOOKBACK[0] else ""
    return dataclasses.replace(landing, source={day: of for day, of in landing.source.items() if day != after})


REASONS = [no_checksum, another_release, erasure, erasure_of_nobody, older_release, other_types]


@pytest.mark.parametrize("reason", REASONS)
def test_a_day_is_read_regardless(
    sqlite_source: Platform,
    monkeypatch: pytest.MonkeyPatch,
    reason: Callable[[pytest.MonkeyPatch, Configuration], None],
) -> None:
    """Whatever could make other rows of the same figures, or judge the same rows otherwise."""
    configuration = five_days(sqlite_source)
    assert days_read(configuration) == [LAST]
    reason(monkeypatch, configuration)
    assert days_read(configuration) == [*LOOKBACK, LAST]


@pytest.mark.slow
def test_without_a_checksum_no_day_is_ever_proven(sqlite_source: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other figures may be equal by chance, also when none of them was ever a checksum."""
    no_checksum(monkeypatch, five_days(sqlite_source))
    configuration = settled(configured(sqlite_source))
    assert days_read(configuration) == [*LOOKBACK, LAST]


@pytest.mark.slow
def test_streams_whose_instants_begin_to_move_are_read_again(sqlite_source: Platform) -> None:
    """R23: `moves` is no part of a mapping; an event that has moved before stands on two days until it is sought."""
    five_days(sqlite_source)
    sqlite_source.run(f"update {{xp}} set occurred_at = '{LAST - DAY} 12:00:00' where event_id = 'd0e0'")
    night(configured(sqlite_source), LAST)
    assert xp_by_day(configured(sqlite_source)) == {**{FIRST + n * DAY: 3 for n in range(5)}, LAST - DAY: 4}
    night(configured(sqlite_source, "moves = true"), LAST)
    assert xp_by_day(configured(sqlite_source)) == {
        **{FIRST + n * DAY: 3 for n in range(5)},
        FIRST: 2,
        LAST - DAY: 4,
    }


@pytest.mark.slow
def test_an_event_that_is_deleted_later_goes_when_its_time_has_come(
    sqlite_source: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R20: the same rows land otherwise on another night, so its day is read every night; "never" is not later."""
    configuration = five_days(sqlite_source)
    now, days_later = datetime.now(UTC), count(4)
    sqlite_source.run(
        f"update {{xp}} set deleted_at = '{now + 3 * DAY:%Y-%m-%d %H:%M:%S}' where event_id = 'd2e0'",
        "update {xp} set deleted_at = '9999-12-31 00:00:00' where event_id = 'd1e0'",
    )
    night(configuration, LAST)
    assert landings(configuration)[FIRST + 2 * DAY].deletes_later
    assert days_read(configuration) == [FIRST + 2 * DAY, LAST]
    assert xp_by_day(configuration)[FIRST + 2 * DAY] == 3
    monkeypatch.setattr("warehouse.clock.now", lambda: now + next(days_later) * DAY)
    assert days_read(configuration) == [FIRST + 2 * DAY, LAST]
    assert xp_by_day(configuration)[FIRST + 2 * DAY] == 2
    assert days_read(configuration) == [LAST]


def test_a_run_reads_its_own_days_whatever_they_are(sqlite_source: Platform) -> None:
    """So a backfill lands any day anew; and a reconciliation those that have drifted."""
    configuration = five_days(sqlite_source)
    before = landings(configuration)
    run_night(Night.of(configuration), Run(FIRST + 2 * DAY, LAST))
    assert read_again(configuration, before) == [FIRST + 2 * DAY, FIRST + 3 * DAY, LAST]


def test_while_the_day_after_fills_a_day_is_read(sqlite_source: Platform) -> None:
    """R1: where instants are texts, a row of the day after may be one of this day until that is over everywhere."""
    configuration = five_days(sqlite_source)
    lake_night, erased = Night.of(configuration), Night.of(configuration).erased_learners()
    with open_stream(configuration, configuration.streams["xp"]) as reader:
        assert unchanged_days(lake_night, reader, LOOKBACK, erased) == {*LOOKBACK}
        early = dataclasses.replace(reader, taken_at=datetime.combine(LAST, datetime.min.time(), tzinfo=UTC))
        assert unchanged_days(lake_night, early, LOOKBACK, erased) == {*LOOKBACK[:1]}
        rewritten(configuration, landed_early)
        assert unchanged_days(Night.of(configuration), early, LOOKBACK, erased) == {*LOOKBACK[:1]}


@pytest.mark.slow
def test_a_landing_that_came_back_from_a_backup_is_read_again(sqlite_source: Platform) -> None:
    configuration = five_days(sqlite_source)
    file = Lake.of(configuration).landing("xp", FIRST + 2 * DAY)
    older = shutil.copy(file, sqlite_source.folder / "older.parquet")
    sqlite_source.run("update {xp} set amount = 5 where event_id = 'd2e0'")
    night(configuration, LAST)
    shutil.copy(older, file)
    night(configuration, LAST)
    assert xp_by_day(configuration)[FIRST + 2 * DAY] == 7


@pytest.mark.slow
def test_a_kill_before_the_day_that_an_event_has_left_counts_no_event_twice(
    sqlite_source: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R23: the day where it is now is put in place last, so that the next night reads it and looks again."""
    configuration = five_days(sqlite_source, "moves = true")
    sqlite_source.run(f"update {{xp}} set occurred_at = '{LAST - DAY} 12:00:00' where event_id = 'd0e0'")
    placed: list[Path] = []

    def put_one(unfinished: Path, target: Path) -> None:
        if placed:
            raise RuntimeError("killed")
        placed.append(target)
        put_in_place(unfinished, target)

    with monkeypatch.context() as killed:
        killed.setattr("assets.step2_land.land.put_in_place", put_one)
        with pytest.raises(RuntimeError, match="killed"):
            night(configuration, LAST)
    night(configuration, LAST)
    assert xp_by_day(configuration) == {**{FIRST + n * DAY: 3 for n in range(5)}, FIRST: 2, LAST - DAY: 4}


def mostly_one_day(source: Platform, lookback_days: int) -> Configuration:
    """Publish a day of 3,000 good rows, which the night after it looks back on or not."""
    source.make("users", USERS_TYPES, [("ann", "UTC")])
    source.make("xp", XP_TYPES, xp_rows(3000))
    configuration = source.configuration(lookback_days=lookback_days)
    night(configuration, FIRST)
    source.add("xp", [*xp_rows(900, FIRST + DAY, prefix="n"), *xp_rows(25, FIRST + DAY, prefix="bad", amount=0.5)])
    return configuration


@pytest.mark.slow
def test_a_proven_day_counts_as_landed_for_the_guards(sqlite_source: Platform) -> None:
    """R22: 25 of 925 rows are too many, 25 of 3,925 are not; that a day was proven and not read makes no difference."""
    configuration = mostly_one_day(sqlite_source, lookback_days=1)
    sqlite_source.run("delete from {xp} where occurred_at >= '2026-06-02'")
    night(configuration, FIRST + DAY)  # so that the first day is one to look back on, and nothing beside it changes
    version = published(configuration, "select version from version_info")
    sqlite_source.add("xp", xp_rows(25, FIRST + 3 * DAY, prefix="bad", amount=0.5))
    sqlite_source.add("xp", xp_rows(900, FIRST + 3 * DAY, prefix="n"))
    with pytest.raises(CheckFailedError, match="quarantine_within_budget"):
        night(configuration, FIRST + 3 * DAY)
    assert published(configuration, "select version from version_info") == version
    night(sqlite_source.configuration(lookback_days=3), FIRST + 3 * DAY)
    assert published(configuration, "select count(*) from quarantine") == [(25,)]
    assert landings(configuration)[FIRST].extracted_at < landings(configuration)[FIRST + 3 * DAY].extracted_at


@pytest.mark.slow
def test_what_a_reconciliation_has_proven_does_not_count_as_landed(sqlite_source: Platform) -> None:
    """R22: or else the night after it would have the whole past to hide bad rows among."""
    configuration = mostly_one_day(sqlite_source, lookback_days=0)
    compare(Night.of(configuration))
    with pytest.raises(CheckFailedError, match="quarantine_within_budget"):
        night(configuration, FIRST + DAY)


@pytest.mark.slow
def test_a_reconciliation_leaves_what_a_night_has_proven_landed(sqlite_source: Platform) -> None:
    """R22: as in the test before last, with a reconciliation between that night's landings and its version."""
    configuration = mostly_one_day(sqlite_source, lookback_days=3)
    sqlite_source.run("delete from {xp} where occurred_at >= '2026-06-02'")
    night(configuration, FIRST + DAY)
    sqlite_source.add("xp", xp_rows(25, FIRST + 3 * DAY, prefix="bad", amount=0.5))
    sqlite_source.add("xp", xp_rows(900, FIRST + 3 * DAY, prefix="n"))
    extract(Night.of(configuration), Run(FIRST + 3 * DAY, FIRST + 3 * DAY))
    assert compare(Night.of(configuration)).drifts == []
    publish_lake(Night.of(configuration))
    assert published(configuration, "select count(*) from quarantine") == [(25,)]


def test_where_the_source_is_read_whole_nothing_is_asked_twice(sqlite_source: Platform) -> None:
    configuration = five_days(sqlite_source)
    with open_stream(configuration, configuration.streams["xp"]) as reader:

        class Whole(Reader):
            reads_whole_table = True

        whole = Whole(**{field.name: getattr(reader, field.name) for field in dataclasses.fields(reader)})
        assert (
            unchanged_days(Night.of(configuration), whole, LOOKBACK, Night.of(configuration).erased_learners()) == set()
        )


@pytest.mark.slow
def test_postgresql_proves_a_day_whose_neighbours_have_changed(postgres_url: str, tmp_path: Path) -> None:
    """Its instants are in their own order, so a day stands for itself."""
    with server_platform(postgres_url, tmp_path) as platform:
        configuration = five_days(platform)
        platform.run("update {xp} set amount = 5 where event_id = 'd2e0'")
        assert days_read(configuration) == [FIRST + 2 * DAY, LAST]
        assert xp_by_day(configuration)[FIRST + 2 * DAY] == 7
