"""Cases worked out by hand that would show an error in the oracle itself.

Each names the rule of docs/RULES.md that it follows. What compares the oracle with the product stays out; how rows are
judged is `test_oracle_of_rows.py`'s.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracle.oracle import (
    DAY,
    HOUR,
    SECOND,
    World,
    body,
    day_start,
    level_of,
    local_date,
    local_dates,
    nearest_rank_cuts,
    tables,
    zone_names,
)
from tests.oracle.small_worlds import (
    PHONE_SESSIONS,
    QUIZZES,
    SESSIONS,
    TICK,
    XP,
    RawRow,
    at,
    by_date,
    levels,
    session,
    user,
    world,
    xp,
)
from tests.oracle.worlds import worlds

# --- time -----------------------------------------------------------------------------------------------------------


def test_a_session_through_the_spring_change_leaves_the_short_day_23_hours_long() -> None:
    """R7: New York, 2026-03-08 runs from 05:00 UTC to 04:00 UTC of the next day."""
    sessions = [
        session("1", "ann", at("2026-03-08T04:59:00"), at("2026-03-08T16:00:00")),
        session("2", "ann", at("2026-03-08T16:00:00"), at("2026-03-09T05:00:00")),
    ]
    made = world(("2026-03-07", "2026-03-10"), {SESSIONS: sessions}, user("ann", "America/New_York"))
    assert by_date(made, 3) == {"2026-03-07": 60, "2026-03-08": 23 * 3600, "2026-03-09": 3600}
    assert by_date(made, 4) == {"2026-03-07": 1, "2026-03-08": 1, "2026-03-09": 0}


def test_a_date_that_happens_twice_gathers_both_of_its_parts() -> None:
    """R7: at 01:00 in Havana on 2025-11-02 clocks return to 00:00, so that the date has 25 hours."""
    pieces = local_dates("America/Havana", date(2025, 11, 2)) + local_dates("America/Havana", date(2025, 11, 3))
    assert sum(end - start for start, end, local in pieces if local == date(2025, 11, 2)) == 25 * HOUR


def test_midnight_twice_returns_to_the_date_before() -> None:
    """R5: in the Azores 2026-10-25 00:00 (UTC+0) to 01:00 is followed by 00:00 again, still the same date."""
    pieces = local_dates("Atlantic/Azores", date(2026, 10, 25))
    noon = day_start(date(2026, 10, 25))
    assert [(start - noon, end - noon, str(local)) for start, end, local in pieces] == [
        (0, HOUR, "2026-10-25"),
        (HOUR, DAY, "2026-10-25"),
    ]
    assert local_dates("Atlantic/Azores", date(2026, 10, 26))[0][1:] == (noon + DAY + HOUR, date(2026, 10, 25))


def test_apia_skips_a_date() -> None:
    """R5: 2011-12-29 in Apia ends at 10:00 UTC of the 30th, and 2011-12-31 follows at once."""
    pieces = local_dates("Pacific/Apia", date(2011, 12, 30))
    assert [str(local) for _, _, local in pieces] == ["2011-12-29", "2011-12-31"]
    assert pieces[0][1] == day_start(date(2011, 12, 30)) + 10 * HOUR


@pytest.mark.parametrize(
    ("timezone", "day"),
    [
        ("Africa/Cairo", date(2026, 4, 23)),
        ("Australia/Lord_Howe", date(2026, 4, 4)),
        ("Australia/Lord_Howe", date(2026, 10, 3)),
        ("America/Havana", date(2025, 11, 2)),
        ("Africa/Cairo", date(2026, 10, 29)),
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Asia/Kathmandu", date(2026, 1, 1)),
        ("Pacific/Kiritimati", date(2026, 1, 1)),
    ],
)
def test_the_pieces_of_a_day_agree_with_the_date_of_every_second_around_their_borders(timezone: str, day: date) -> None:
    """R7: two ways to a local date, by walking and by conversion, meet; no microsecond is lost or counted twice."""
    pieces = local_dates(timezone, day)
    assert pieces[0][0] == day_start(day)
    assert pieces[-1][1] == day_start(day) + DAY
    assert [end for _, end, _ in pieces[:-1]] == [start for start, _, _ in pieces[1:]]
    for start, end, local in pieces:
        assert {local_date(timezone, start + step) for step in range(0, end - start, HOUR // 4)} == {local}
        assert local_date(timezone, end - 1) == local


# --- measures -------------------------------------------------------------------------------------------------------


def test_two_devices_at_once_count_once_and_seconds_are_floored_once_per_date() -> None:
    """R7: 10:00:00.0 to 10:00:09.5 on two devices, and 1.5 s later: 11.0 s, where flooring each would give 10."""
    web = [
        session("1", "ann", at("2026-05-01T10:00:00"), at("2026-05-01T10:00:08")),
        session("2", "ann", at("2026-05-01T11:00:00"), at("2026-05-01T11:00:01.500000")),
    ]
    phone = [session("1", "ann", at("2026-05-01T10:00:01"), at("2026-05-01T10:00:09.500000"))]
    made = world(("2026-05-01", "2026-05-01"), {SESSIONS: web, PHONE_SESSIONS: phone}, user("ann"))
    assert by_date(made, 3) == {"2026-05-01": 11}
    assert by_date(made, 4) == {"2026-05-01": 3}


def test_a_session_ends_at_its_end_or_last_activity_or_start_but_never_after_data_through() -> None:
    """R8, R9: 60 s, 30 s, 0 s, and 120 s of an hour that runs over the end of the newest day."""
    sessions = [
        session(
            "1", "ann", at("2026-05-01T10:00:00"), at("2026-05-01T10:01:00"), last_activity_at=at("2026-05-01T12:00")
        ),
        session("2", "ann", at("2026-05-01T11:00:00"), last_activity_at=at("2026-05-01T11:00:30")),
        session("3", "ann", at("2026-05-01T12:00:00")),
        session("4", "ann", at("2026-05-01T23:58:00"), at("2026-05-02T00:58:00")),
    ]
    made = world(("2026-05-01", "2026-05-01"), {SESSIONS: sessions}, user("ann"))
    assert tables(made)["daily_activity"] == [("ann", date(2026, 5, 1), 0, 210, 4, 0, 0)]


def test_less_than_a_second_after_midnight_makes_no_active_day() -> None:
    """R11: half a second falls on the next date, which has nothing else."""
    rows = [session("1", "ann", at("2026-05-01T23:59:00"), at("2026-05-02T00:00:00.500000"))]
    made = world(("2026-05-01", "2026-05-02"), {SESSIONS: rows}, user("ann"))
    assert by_date(made, 3) == {"2026-05-01": 60}


def test_corrections_count_and_a_date_never_falls_below_zero() -> None:
    """R6: 10 - 3 = 7 on 1 May; 5 - 9 is 0 on 2 May, which is no active day; so is -4 on 3 May, active by a session."""
    rows = [
        *(xp("1", "ann", at("2026-05-01"), 10), xp("2", "ann", at("2026-05-01"), -3)),
        *(xp("3", "ann", at("2026-05-02"), 5), xp("4", "ann", at("2026-05-02"), -9)),
        xp("5", "ann", at("2026-05-03"), -4),
    ]
    sessions = [session("1", "ann", at("2026-05-03T10:00:00"))]
    made = world(("2026-05-01", "2026-05-03"), {XP: rows, SESSIONS: sessions}, user("ann"))
    assert by_date(made, 2) == {"2026-05-01": 7, "2026-05-03": 0}
    assert tables(made)["pulse_totals"][0][4] == 7


@given(worlds(is_loose=False))
@settings(max_examples=max(10, settings().max_examples), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_open_time_agrees_with_looking_at_every_half_minute(drawn: World) -> None:
    """R7, R8: where sessions begin and end on half minutes, a clock that ticks every half minute sees the same time."""
    sessions = [
        (start // TICK * TICK, start // TICK * TICK + length)
        for number, start in enumerate(
            range(day_start(drawn.first_day), day_start(drawn.newest_day), 7 * HOUR + SECOND)
        )
        for length in [(0, 5 * TICK, HOUR, 9 * HOUR, DAY)[number % 5]]
    ]
    as_utc = [[datetime.fromtimestamp(moment // SECOND, UTC) for moment in pair] for pair in sessions]
    rows = [session(str(number), "ann", *pair) for number, pair in enumerate(as_utc)]
    timezone = drawn.users_landings[0][1][0]["timezone"]
    timezone = timezone if timezone in zone_names() else "UTC"
    made = world((str(drawn.first_day), str(drawn.newest_day)), {SESSIONS: rows}, user("ann", str(timezone)))
    ticks: Counter[str] = Counter()
    for tick in range(day_start(drawn.first_day), day_start(drawn.newest_day) + DAY, TICK):
        if any(start <= tick < end for start, end in sessions):
            ticks[str(local_date(str(timezone), tick))] += TICK // SECOND
    assert {day: seconds for day, seconds in by_date(made, 3).items() if seconds} == ticks


# --- zones over time ------------------------------------------------------------------------------------------------


def test_a_move_leaves_the_past_where_it_was() -> None:
    """R3: 23:00 UTC is the next date in Tokyo until the move to New York on 3 May, and the same date from then on."""
    rows = [xp(str(day), "ann", at(f"2026-05-0{day}T23:00:00"), day) for day in (1, 2, 3)]
    landings = (
        (date(2026, 5, 2), [user("ann", "Asia/Tokyo")]),
        (date(2026, 5, 3), [user("ann", "America/New_York")]),
    )
    made = world(("2026-05-01", "2026-05-03"), {XP: rows}, landings=landings)
    assert by_date(made, 2) == {"2026-05-02": 1, "2026-05-03": 5}
    assert tables(made)["users"] == [("ann", "ann", "America/New_York", True)]


def test_a_rerun_of_the_same_day_replaces_that_days_zone() -> None:
    """R3: the mistaken zone of the first run on 2 May leaves no trace, also not as the earliest record."""
    rows = [xp("1", "ann", at("2026-05-01T23:00:00"), 1)]
    landings = ((date(2026, 5, 2), [user("ann", "Asia/Tokyo")]), (date(2026, 5, 2), [user("ann", "UTC")]))
    assert by_date(world(("2026-05-01", "2026-05-02"), {XP: rows}, landings=landings), 2) == {"2026-05-01": 1}


def test_bad_zones_are_the_default_zone_and_counted_for_live_learners_only() -> None:
    """R4: a lower-case name, an offset and NULL are no names; the deleted learner's does not count."""
    users = [user("ann", "europe/berlin"), user("bob", "+02:00"), user("cid", None), user("dan", "", deleted_at="x")]
    made = world(
        ("2026-05-01", "2026-05-01"),
        {XP: [xp("1", "ann", at("2026-05-01T23:00:00"), 1), xp("2", "dan", at("2026-05-01"), 1)]},
        *users,
        default_timezone="Asia/Tokyo",
    )
    assert by_date(made, 2) == {"2026-05-02": 1}
    assert tables(made)["counters"] == [(3, 0, 1)]
    assert {row[2] for row in tables(made)["users"]} == {"Asia/Tokyo"}


# --- levels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("population", "expected"),
    [
        ([1, 2, 3, 4], [1, 3, 4, 4]),  # cuts 1 2 3; cut.25 = lo, so nobody is level 2
        ([7, 7, 7], [2, 2, 2]),  # all equal
        ([0, 0, 0, 0, 5], [1, 1, 1, 1, 4]),  # cut.75 = lo, and more than lo is level 4
        ([1, 1, 1, 2, 9], [1, 1, 1, 4, 4]),  # cuts 1 1 2
        ([1, 2], [1, 4]),  # cuts 1 1 2
        ([10, 20, 30, 40, 50, 60, 70, 80], [1, 2, 2, 3, 3, 4, 4, 4]),  # cuts 20 40 60
        ([1, 5, 5, 5, 5, 5, 5, 1000], [1, 4, 4, 4, 4, 4, 4, 4]),  # cuts 5 5 5: an outlier changes nothing
    ],
)
def test_levels_follow_the_cuts_by_nearest_rank(population: list[int], expected: list[int]) -> None:
    """R17."""
    assert [level_of(score, population) for score in population] == expected


def test_cuts_are_the_scores_at_the_rounded_up_positions() -> None:
    """R17: for n = 5 the positions are 2, 3 and 4, for n = 1 always the first."""
    assert nearest_rank_cuts([50, 10, 40, 20, 30]) == (20, 30, 40)
    assert nearest_rank_cuts([9]) == (9, 9, 9)


def test_a_learner_with_few_active_days_is_measured_against_all() -> None:
    """R16: ann has 4 active days of 10 to 40, bob one of 25; with min_active_days 4 bob's population is all five."""
    rows = [xp(str(day), "ann", at(f"2026-05-0{day}"), 10 * day) for day in (1, 2, 3, 4)]
    rows.append(xp("5", "bob", at("2026-05-01"), 25))
    made = world(("2026-05-01", "2026-05-05"), {XP: rows}, user("ann"), user("bob"), user("cid"), min_active_days=4)
    assert levels(made, "ann") == [1, 3, 4, 4]
    assert levels(made, "bob") == [3]  # cuts 20 25 30
    assert [row[-5:] for row in tables(made)["pulse_totals"]] == [
        (4, 10, 20, 30, "own"),
        (1, 20, 25, 30, "platform"),
        (0, 20, 25, 30, "platform"),
    ]


def test_an_active_day_with_score_zero_is_at_least_level_one() -> None:
    """R15: quizzes alone make a day active; with another score in the population it is level 1, alone level 2."""
    attempts: list[RawRow] = [{"event_id": "1", "user_id": "ann", "occurred_at": at("2026-05-01"), "passed": "T"}]
    days = ("2026-05-01", "2026-05-02")
    assert levels(world(days, {QUIZZES: attempts}, user("ann")), "ann") == [2]
    with_xp = world(days, {QUIZZES: attempts, XP: [xp("1", "ann", at("2026-05-02"), 1)]}, user("ann"))
    assert levels(with_xp, "ann") == [1, 4]


# --- answers --------------------------------------------------------------------------------------------------------


def test_a_body_has_365_entries_up_to_the_learners_own_today() -> None:
    """R12, R13: as 2025 ends in UTC, it is 1 January in Kiritimati and still 31 December at UTC-12."""
    rows = [session("1", "ann", at("2025-12-31T12:00:00"), at("2025-12-31T12:05:00"))]
    made = world(
        ("2025-12-30", "2025-12-31"), {SESSIONS: rows}, user("ann", "Pacific/Kiritimati"), user("bob", "Etc/GMT+12")
    )
    answer = body(made, "ann")
    data = answer.pop("data")
    assert isinstance(data, list)
    assert [len(data), data[0]["date"], data[-1]["date"]] == [365, "2025-01-02", "2026-01-01"]
    assert list(data[-1].values()) == ["2026-01-01", 0, 300, 1, 0, 0, 2]
    assert list(data[-1]) == ["date", "xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level"]
    assert answer == {
        "total_learning_time": 300,
        "total_sessions": 1,
        "total_quizzes": 0,
        "total_quizzes_passed": 0,
        "year": 2026,
    }
    assert body(made, "bob")["year"] == 2025


def test_an_unknown_and_a_deleted_learner_get_365_zeros_in_the_default_zone() -> None:
    """R14, R21."""
    rows = [xp("1", "ann", at("2026-05-01"), 5), xp("2", "eve", at("2026-05-01"), 5)]
    gone = user("ann", "America/New_York", deleted_at="2026-01-01")
    made = world(("2026-05-01", "2026-05-01"), {XP: rows}, gone, default_timezone="Asia/Tokyo")
    for user_id in ("ann", "eve", "nobody"):
        data = body(made, user_id)["data"]
        assert isinstance(data, list)
        assert data[-1]["date"] == "2026-05-02"
        assert {value for entry in data for key, value in entry.items() if key != "date"} == {0}
    assert tables(made)["counters"] == [(0, 1, 1)]


def test_the_window_has_365_days_over_a_leap_day_and_leaves_out_the_day_before_it() -> None:
    """R12: from 2028-03-01 back over 29 February to 2027-03-03."""
    rows = [xp("1", "ann", at("2027-03-02"), 5), xp("2", "ann", at("2027-03-03"), 7)]
    made = world(("2027-03-01", "2028-03-01"), {XP: rows}, user("ann"))
    assert tables(made)["pulse_totals"][0][1:5] == (date(2027, 3, 3), date(2028, 3, 1), 2028, 7)
    assert by_date(made, 2) == {"2027-03-02": 5, "2027-03-03": 7}
