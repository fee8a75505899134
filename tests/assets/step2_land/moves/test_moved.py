"""Streams whose instants move: an event that was somewhere else counts once (R23)."""

from datetime import date

import pytest

from assets.all_steps import run_night
from assets.night.night import Night
from assets.night.progress import Progress
from assets.step0_plan.plan import Run
from assets.step2_land.land import land
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    USERS_TYPES,
    XP_TYPES,
    Notes,
    Platform,
    lake_files,
    night,
    published,
    xp_by_day,
    xp_rows,
)
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ShrinkError

MOVES = "moves = true"
LAST = FIRST + 5 * DAY
MOVE = "update {{xp}} set occurred_at = '{} 12:00:00', amount = {} where event_id = '{}'"


def configured(platform: Platform, keys: str = MOVES, **pulse: object) -> Configuration:
    """Write the `pulse.toml` with more keys of the stream `xp`; nights look back on nothing."""
    file = platform.configuration(**{"lookback_days": 0, **pulse}).path
    text = file.read_text(encoding="utf-8").replace("[streams.xp]\n", f"[streams.xp]\n{keys}\n")
    file.write_text(text, encoding="utf-8")
    return load(file, uses=["sources"])


def six_days(platform: Platform, keys: str = MOVES, rows: int = 2, **pulse: object) -> Configuration:
    """Publish six days of a few events of one XP each."""
    platform.make("users", USERS_TYPES, [("ann", "UTC"), ("bob", "UTC")])
    platform.make("xp", XP_TYPES, [row for n in range(6) for row in xp_rows(rows, FIRST + n * DAY, prefix=f"d{n}e")])
    configuration = configured(platform, keys, **pulse)
    night(configuration, LAST)
    return configuration


def moved_to(day: date, event_id: str, amount: int = 1) -> str:
    return MOVE.format(day, amount, event_id)


def test_an_event_that_moved_counts_once_and_where_it_is_now(platform: Platform) -> None:
    """FAULTS 16: its instant is that of its last change, and five days lie between the two."""
    configuration, notes = six_days(platform), Notes()
    before = lake_files(configuration)
    platform.run(moved_to(LAST + DAY, "d1e0", amount=10))
    night(configuration, LAST + DAY, listener=notes)
    assert xp_by_day(configuration) == {**{FIRST + n * DAY: 2 for n in range(6)}, FIRST + DAY: 1, LAST + DAY: 10}
    assert "xp: 1 day is read again from 2026-06-02 on, because events have moved" in notes.lines
    after = lake_files(configuration)
    landings = [f"xp/{FIRST + n * DAY}.parquet" for n in range(6)]
    assert [name for name in landings if after[name] != before[name]] == [landings[1]]
    restated = published(configuration, "select activity_date, old, new from restatements where measure = 'xp_earned'")
    assert restated == [(FIRST + DAY, 2, 1)]


@pytest.mark.slow
def test_without_the_key_it_counts_twice_and_no_other_day_is_read(sqlite_source: Platform) -> None:
    """The spurious case: the same move, of a stream that does not say so (R20)."""
    configuration = six_days(sqlite_source, "")
    sqlite_source.run(moved_to(LAST + DAY, "d1e0", amount=10))
    night(configuration, LAST + DAY)
    assert sum(xp_by_day(configuration).values()) == 22


@pytest.mark.slow
def test_what_a_day_that_is_read_again_has_is_looked_for_in_turn(sqlite_source: Platform) -> None:
    """The first event leads to the second day, on which another is now that was on the first, and so on."""
    configuration = six_days(sqlite_source)
    sqlite_source.run(
        moved_to(LAST + DAY, "d3e0"), moved_to(FIRST + 3 * DAY, "d2e0"), moved_to(FIRST + 2 * DAY, "d0e0")
    )
    night(configuration, LAST + DAY)
    assert xp_by_day(configuration) == {**{FIRST + n * DAY: 2 for n in range(6)}, FIRST: 1, LAST + DAY: 1}


@pytest.mark.slow
def test_days_that_the_source_has_purged_are_not_looked_at(sqlite_source: Platform) -> None:
    configuration = six_days(sqlite_source, f"{MOVES}\nkeeps_days = 2")
    sqlite_source.run(moved_to(LAST + DAY, "d1e0"), moved_to(LAST + DAY, "d4e0"))
    night(configuration, LAST + DAY)
    assert xp_by_day(configuration) == {**{FIRST + n * DAY: 2 for n in range(6)}, FIRST + 4 * DAY: 1, LAST + DAY: 2}


@pytest.mark.slow
def test_an_id_that_is_spelled_otherwise_and_a_row_in_quarantine_are_known_again(sqlite_source: Platform) -> None:
    """R26, R19: an event that cannot be counted where it is now does not count where it was."""
    configuration = six_days(sqlite_source)
    uuid = "0F8FAD5B-D9CB-469F-A165-70867728950E"
    sqlite_source.run(f"update {{xp}} set event_id = '{uuid}' where event_id = 'd0e0'")
    run_night(Night.of(configuration), Run(FIRST, FIRST))
    sqlite_source.run(moved_to(LAST + DAY, uuid, amount=7), moved_to(LAST + DAY, "d1e0"))
    sqlite_source.run(
        f"update {{xp}} set event_id = '{uuid.lower()}' where event_id = '{uuid}'",
        "update {xp} set amount = null where event_id = 'd1e0'",
    )
    night(configuration, LAST + DAY, "accept_quarantine")
    assert xp_by_day(configuration) == {
        **{FIRST + n * DAY: 2 for n in range(6)},
        FIRST: 1,
        FIRST + DAY: 1,
        LAST + DAY: 7,
    }


@pytest.mark.slow
def test_ids_that_a_source_has_as_uuids_are_known_again(platform: Platform) -> None:
    """They are 16 bytes while they are read and text once they have landed."""
    uuid = "0f8fad5b-d9cb-469f-a165-70867728950e"
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("xp", {**XP_TYPES, "event_id": "uuid"}, [(uuid, "ann", f"{FIRST}T12:00:00Z", 1)])
    configuration = configured(platform)
    night(configuration, LAST)
    platform.run(moved_to(LAST + DAY, uuid, amount=10))
    night(configuration, LAST + DAY, "accept_shrink")
    assert xp_by_day(configuration) == {LAST + DAY: 10}


@pytest.mark.slow
def test_the_row_of_an_erased_learner_leads_nowhere(sqlite_source: Platform) -> None:
    """An id of an erased learner's row may be that of another learner's event, which stays where it is."""
    configuration = six_days(sqlite_source)
    erase(configuration, "bob")
    before = lake_files(configuration)
    sqlite_source.add("xp", [("d1e0", "bob", f"{LAST + DAY}T12:00:00Z", 10)])
    land(Night.of(configuration), configuration.streams["xp"], [LAST + DAY])
    name = f"xp/{FIRST + DAY}.parquet"
    assert lake_files(configuration)[name] == before[name]


def test_rows_that_moved_are_not_lost_but_rows_that_are_gone_are(platform: Platform) -> None:
    """R23: to a day of the run, or to the one that is not over; and a real loss beside them stops the night."""
    configuration = six_days(platform, rows=30)
    platform.run(*(moved_to(LAST + DAY, f"d1e{n}") for n in range(15)))
    platform.run(*(moved_to(LAST + 2 * DAY, f"d1e{n}") for n in range(15, 25)))
    landed = land(Night.of(configuration), configuration.streams["xp"], [LAST + DAY])
    assert [(landing.day, landing.rows) for landing in landed.landings] == [(FIRST + DAY, 5), (LAST + DAY, 15)]
    platform.run(moved_to(LAST + 2 * DAY, "d2e29"), "delete from {xp} where event_id like 'd2e1%'")
    before = lake_files(configuration)
    with pytest.raises(ShrinkError, match="landing of 2026-06-03 would shrink from 30 to 18"):
        land(Night.of(configuration), configuration.streams["xp"], [LAST + DAY, LAST + 2 * DAY])
    assert lake_files(configuration) == before


def test_a_lookback_that_loses_rows_to_the_day_that_is_not_over_goes_on(sqlite_source: Platform) -> None:
    configuration = six_days(sqlite_source, rows=30)
    sqlite_source.run(*(moved_to(LAST + DAY, f"d5e{n}") for n in range(20)))
    landed = land(Night.of(configuration), configuration.streams["xp"], [LAST])
    assert [landing.rows for landing in landed.landings] == [10]


def test_what_moved_back_is_taken_from_the_day_after(sqlite_source: Platform) -> None:
    """A run over older days finds an event in a landing that is newer than its own."""
    configuration, notes = six_days(sqlite_source), Notes()
    sqlite_source.run(moved_to(FIRST, "d4e0"))
    run_night(Night.of(configuration, Progress(notes)), Run(FIRST, FIRST))
    assert xp_by_day(configuration) == {**{FIRST + n * DAY: 2 for n in range(6)}, FIRST: 3, FIRST + 4 * DAY: 1}
