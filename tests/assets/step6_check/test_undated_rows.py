"""Rows whose instants cannot be read, or are not there, must not look like a quiet platform: FAULTS 44.

What else of a row may be of no use is `test_unusable_rows.py`'s.
"""

import pytest

from tests.assets.step6_check.blocking import DATETIME_TYPES, MILLISECONDS, blocked, refused, undated
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    SESSIONS_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    night,
    only_xp,
    xp_rows,
)
from tests.support.slowly import slowly


@pytest.mark.parametrize(
    "instant",
    slowly([MILLISECONDS, "17/11/2026", "Tue Nov 17 2026 12:00:00 GMT+0300 (Africa/Nairobi)", b"2026-11-17"], quick=2),
)
def test_a_stream_of_unreadable_instants_blocks_with_reason_and_value(sqlite_source: Platform, instant: object) -> None:
    """FAULTS 44: 120 of 120 rows; a value is shown up to 40 characters."""
    sqlite_source.make("users", USERS_TYPES, [("ann", "UTC")])
    sqlite_source.make("xp", DATETIME_TYPES, undated(120, instant))
    spelled = instant.decode() if isinstance(instant, bytes) else str(instant)
    example = blocked(sqlite_source.configuration())
    assert example == f'xp: 120 of 120 rows: 120 missing_time (occurred_at "{spelled[:40]}")'


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["postgresql"], indirect=True)
def test_instants_out_of_the_calendar_block_in_postgresql(platform: Platform) -> None:
    """FAULTS 44: an `infinity` that nobody replaced."""
    sessions = [(f"s{n}", "ann", "infinity", None) for n in range(21)]
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("sessions", SESSIONS_TYPES, sessions)
    assert blocked(platform.configuration()).startswith("sessions: 21 of 21 rows: 21 missing_time (started_at ")


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["mariadb"], indirect=True)
def test_half_dates_are_unreadable_and_zero_dates_are_not_there_in_mariadb(platform: Platform) -> None:
    """FAULTS 44: `2026-06-00` is a value that nobody can read, `0000-00-00` is MySQL's way to say nothing."""
    half, zero = undated(21, "2026-06-00 00:00:00", "h"), undated(100, "0000-00-00 00:00:00", "z")
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("xp", {**XP_TYPES, "occurred_at": "timestamp"}, [*xp_rows(30), *zero])
    assert night(platform.configuration(), FIRST) is not None
    platform.add("xp", half)
    assert blocked(platform.configuration()) == (
        'xp: 21 of 51 rows: 21 missing_time (occurred_at "2026-06-00 00:00:00.000000")'
    )


@pytest.mark.slow
def test_unreadable_instants_count_in_the_budget_like_any_quarantine(sqlite_source: Platform) -> None:
    """FAULTS 44: 20 whatever their share, then one in a hundred of the rows landed since, them included."""
    configuration = only_xp(sqlite_source, [*xp_rows(30), *undated(20, "soon")])
    assert night(configuration, FIRST) is not None
    configuration = only_xp(sqlite_source, [*xp_rows(2079), *undated(41, "soon")])
    assert night(configuration, FIRST) is not None, "21 that the published version did not have, of 2100"
    sqlite_source.add("xp", undated(22, "later", prefix="l"))
    assert blocked(configuration) == 'xp: 22 of 2101 rows: 22 missing_time (occurred_at "later")'


def test_unreadable_instants_and_other_quarantine_are_one_budget(sqlite_source: Platform) -> None:
    """FAULTS 44: neither is above 20 rows, both together are."""
    bad = xp_rows(11, prefix="bad", amount="many")
    configuration = only_xp(sqlite_source, [*xp_rows(40), *bad, *undated(10, "soon")])
    assert blocked(configuration) == (
        'xp: 21 of 61 rows: 11 bad_amount (amount "many"), 10 missing_time (occurred_at "soon")'
    )


@pytest.mark.slow
def test_undated_rows_let_through_do_not_count_again_and_their_likes_do(sqlite_source: Platform) -> None:
    """FAULTS 44: known by their ids, whatever else changes in them; another row just like them is new."""
    configuration = only_xp(sqlite_source, [*xp_rows(30), *undated(50, "soon")])
    blocked(configuration)
    manifest = night(configuration, FIRST, "accept_quarantine")
    assert manifest is not None
    assert manifest.accepted == ("accept_quarantine",)
    sqlite_source.run("update {xp} set amount = 2, occurred_at = 'sooner' where event_id like 'u%'")
    again = night(configuration, FIRST + DAY)
    assert again is not None
    assert again.accepted == ()
    sqlite_source.add("xp", undated(21, "soon"))  # the same ids once more
    assert blocked(configuration, FIRST + DAY).startswith("xp: 21 of 51 rows: 21 missing_time")


@pytest.mark.slow
def test_a_row_without_an_instant_that_gets_an_unreadable_one_is_new(sqlite_source: Platform) -> None:
    """FAULTS 44: attempts in progress are finished, with a spelling that nobody reads."""
    configuration = only_xp(sqlite_source, [*xp_rows(30), *undated(25, None)])
    assert night(configuration, FIRST) is not None
    sqlite_source.run("update {xp} set occurred_at = '17/11/2026' where occurred_at is null")
    assert blocked(configuration) == 'xp: 25 of 55 rows: 25 missing_time (occurred_at "17/11/2026")'


def test_rows_in_progress_are_normal(platform: Platform) -> None:
    """FAULTS 44: any number of nulls beside rows that have an instant, and more of them on every night."""
    configuration = only_xp(platform, [*xp_rows(1), *undated(200, None)])
    assert night(configuration, FIRST) is not None
    platform.add("xp", [*xp_rows(1, FIRST + DAY, prefix="next"), *undated(200, None, prefix="more")])
    assert night(configuration, FIRST + DAY) is not None


@pytest.mark.parametrize("nothing", slowly(["", "0", 0, "0000-00-00 00:00:00", "0000-00-00"], quick=2), ids=repr)
def test_what_says_nothing_in_sqlite_is_as_null(sqlite_source: Platform, nothing: object) -> None:
    """FAULTS 44: as in R3's `deleted_at`."""
    sqlite_source.make("users", USERS_TYPES, [("ann", "UTC")])
    sqlite_source.make("xp", {**XP_TYPES, "occurred_at": ""}, [*xp_rows(1), *undated(200, nothing)])
    assert night(sqlite_source.configuration(), FIRST) is not None


@pytest.mark.slow
def test_a_column_that_is_not_filled_any_more_blocks(platform: Platform) -> None:
    """FAULTS 44: new days bring five new nulls and no dated row. Four may be, and so may five beside one row."""
    configuration = only_xp(platform, [*xp_rows(30), *undated(3, None)])
    assert night(configuration, FIRST) is not None
    platform.add("xp", undated(4, None, prefix="four"))
    assert night(configuration, FIRST + DAY) is not None
    platform.add("xp", undated(5, None, prefix="five"))
    line = refused(configuration, FIRST + 2 * DAY)
    assert "check instants_filled found 1 (such as xp: 5 new rows without occurred_at, and none with one" in line
    assert "2026-06-03" in line
    assert "missing_time" in line
    assert "--accept-quarantine" in line
    platform.add("xp", xp_rows(1, FIRST + 2 * DAY, prefix="dated"))
    assert night(configuration, FIRST + 2 * DAY) is not None


@pytest.mark.slow
def test_nulls_that_come_without_a_new_day_do_not_block(sqlite_source: Platform) -> None:
    """FAULTS 44: the same night again; a stopped column is seen by the next new day."""
    configuration = only_xp(sqlite_source, xp_rows(30))
    assert night(configuration, FIRST) is not None
    sqlite_source.add("xp", undated(50, None))
    assert night(configuration, FIRST) is not None


@pytest.mark.slow
def test_a_first_version_of_nulls_alone_blocks_until_it_is_let_through_once(sqlite_source: Platform) -> None:
    """FAULTS 44: the wrong column was mapped."""
    configuration = only_xp(sqlite_source, undated(5, None))
    assert "check instants_filled found 1 (such as xp: 5 new rows without occurred_at" in refused(configuration)
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert night(configuration, FIRST + DAY) is not None
