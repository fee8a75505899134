"""Cases worked out by hand that would show an error in how the oracle judges rows and reads their values.

Each names the rule of docs/RULES.md that it follows. What comes of good rows is `test_oracle.py`'s.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.oracle.oracle import Row, instant, tables, truth, whole_amount
from tests.oracle.small_worlds import SESSIONS, XP, at, by_date, session, user, world, xp

# --- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "timezone", "expected"),
    [
        ("2026-03-08 02:30", "America/New_York", "2026-03-08T07:30:00+00:00"),  # does not exist: 03:30 EDT
        ("2026-11-01 01:30", "America/New_York", "2026-11-01T05:30:00+00:00"),  # twice: the first, EDT
        ("2026-03-08T02:30Z", "America/New_York", "2026-03-08T02:30:00+00:00"),
        ("2026-03-08T02:30:00.1234567-0530", "UTC", "2026-03-08T08:00:00.123456+00:00"),
        (date(2026, 3, 9), "America/New_York", "2026-03-09T04:00:00+00:00"),
        ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30T22:00:00+00:00"),  # a whole date missing: the 31st at noon
    ],
)
def test_instants_without_a_zone_are_read_in_the_declared_one(raw: object, timezone: str, expected: str) -> None:
    """R1."""
    found = instant(raw, timezone)
    assert found is not None
    assert datetime.fromtimestamp(0, UTC) + timedelta(microseconds=found) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "raw",
    [
        *(None, "", 5, 1.5, b"2026-01-01", "2026-02-30", "0000-01-01", "2026-01-01Z", " 2026-01-01", "2026-01-01\n"),
        *("2026-01-01 24:00", "infinity", "9999-12-31 23:00-05:00", "2026-01-01T1:00", "20260101"),
        "\uff12\uff10\uff12\uff16-01-01",
    ],
)
def test_what_is_no_instant_is_unreadable(raw: object) -> None:
    """R1, R19."""
    assert instant(raw, "UTC") is None


# --- rows that break rules ------------------------------------------------------------------------------------------


def test_the_greatest_updated_at_wins_then_the_greatest_content() -> None:
    """R20: a null updated_at loses to any, and on a tie the amount 10 is more than 9 as a number."""
    day, later = at("2026-05-01"), at("2026-06-01")
    rows = [
        *(xp("a", "ann", day, 100), xp("a", "ann", day, 1, updated_at=later)),
        *(xp("b", "ann", day, 9, updated_at=later), xp("b", "ann", day, 10, updated_at=later)),
        *(xp("c", "ann", day, 5), xp("c", "ann", day, Decimal("5.0"), updated_at=later)),
        xp("a", "ann", at("2026-05-02"), 7),
    ]
    expected_landings: list[Row] = [
        ("xp_events", date(2026, 5, 1), 6, 3, 0, 3, 0, 2),
        ("xp_events", date(2026, 5, 2), 1, 1, 0, 0, 0, 0),
    ]
    for order in (rows, rows[::-1]):
        made = world(("2026-05-01", "2026-05-02"), {XP: order}, user("ann"))
        assert by_date(made, 2) == {"2026-05-01": 16, "2026-05-02": 7}
        assert tables(made)["landings"] == expected_landings


def test_every_broken_row_has_one_reason_and_the_first_one_wins() -> None:
    """R19, in its order; a day after the newest is ignored, an undated row never."""
    day = at("2026-05-01T10:00:00")
    xp_rows = [
        *(xp("", "", day, "x"), xp("2", "", b"\xff", 1), xp("3", "", day, 1), xp("4", "a\0", day, 1)),
        *(xp("5" * 1025, "ann", day, 1), xp("6", "ann", day, 1, updated_at="soon"), xp("7", "ann", day, 1.5)),
        *(xp("8", "ann", day, 10**12 + 1), xp("9", "ann", day, None), xp("10", "ann", at("2026-05-02"), None)),
    ]
    sessions = [
        session("1", "ann", day, day - timedelta(microseconds=1)),
        session("2", "ann", day, day + timedelta(days=1, microseconds=1)),
        session("3", "ann", day, day + timedelta(days=1)),
        session("4", "ann", day, "9999-99-99"),
    ]
    made = world(("2026-05-01", "2026-05-01"), {XP: xp_rows, SESSIONS: sessions}, user("ann"), user(""))
    on = date(2026, 5, 1)
    assert tables(made)["quarantine"] == [
        ("users", None, None, "missing_id"),
        ("web_sessions", on, "1", "ended_before_started"),
        ("web_sessions", on, "2", "longer_than_24h"),
        ("web_sessions", on, "4", "bad_time"),
        ("xp_events", None, "2", "missing_time"),
        ("xp_events", on, None, "bad_text"),
        ("xp_events", on, None, "missing_id"),
        ("xp_events", on, "3", "missing_user"),
        ("xp_events", on, "4", "bad_text"),
        ("xp_events", on, "6", "bad_time"),
        ("xp_events", on, "7", "bad_amount"),
        ("xp_events", on, "8", "bad_amount"),
        ("xp_events", on, "9", "bad_amount"),
    ]
    assert tables(made)["landings"] == [("web_sessions", on, 4, 1, 3, 0, 0, 0), ("xp_events", on, 8, 0, 8, 0, 0, 0)]


def test_amounts_and_outcomes_are_read_as_sources_spell_them() -> None:
    """R19."""
    amounts = ["+7", "12.00", "1.", "0" * 5000 + "5", Decimal("1E+3"), -(10**12), 3.0]
    assert [whole_amount(raw) for raw in amounts] == [7, 12, 1, 5, 1000, -(10**12), 3]
    bad = [
        "1e3",
        " 5",
        "",
        "\u0663",
        True,
        None,
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("1.5"),
        10**400,
        b"1",
    ]
    assert [whole_amount(raw) for raw in bad] == [None] * len(bad)
    assert [truth(raw) for raw in ("T", "fALSE", 1.0, Decimal(0), "yes", 2, float("nan"), None, "")] == [
        *(True, False, True, False),
        *(None,) * 5,
    ]


def test_a_uuid_is_one_learner_in_any_case_and_other_ids_keep_theirs() -> None:
    """R26, R21: `ANN` is not `ann`, so that the row is an unknown learner's."""
    lower = "0b2f3c4d-0000-4000-8000-00000000abcd"
    rows = [xp("1", lower.upper(), at("2026-05-01"), 5), xp("2", "ANN", at("2026-05-01"), 7)]
    made = world(("2026-05-01", "2026-05-01"), {XP: rows}, user(lower), user("ann"))
    assert by_date(made, 2, lower) == {"2026-05-01": 5}
    assert by_date(made, 2, "ann") == {}
    assert tables(made)["counters"] == [(0, 1, 0)]
