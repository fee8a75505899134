"""A world made for being explained: Ann's 8 March 2026 in New York, a date of 23 hours, with every kind of row.

What is expected of it stands in `test_explained_rows.py`, worked out by hand. Bob has a row beside each of hers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from tests.oracle.oracle import Stream, World
from tests.oracle.small_worlds import PHONE_SESSIONS, QUIZZES, SESSIONS, XP, at, session, user, world, xp

if TYPE_CHECKING:
    from tests.oracle.small_worlds import RawRow

READING = Stream("reading", "daily", has_own_dates=True, roles=("event_id", "xp", "seconds"))
SAVERS = Stream("savers", "freezes", has_own_dates=True)
DATE = date(2026, 3, 8)
HOSTILE = "\x1b[31m\u202ered\nhead: x"


def quiz(event_id: str, user_id: str, passed: object) -> RawRow:
    """A raw attempt at noon."""
    return {"event_id": event_id, "user_id": user_id, "occurred_at": NOON, "passed": passed}


def reading(event_id: str, user_id: str, on: str, points: int, seconds: int) -> RawRow:
    """A raw total of a date."""
    return {"event_id": event_id, "user_id": user_id, "on": date.fromisoformat(on), "xp": points, "seconds": seconds}


def saver(event_id: str, user_id: str, on: str) -> RawRow:
    """A raw saver of a date."""
    return {"event_id": event_id, "user_id": user_id, "covered_on": date.fromisoformat(on)}


NOON = at("2026-03-08 12:00")
ROWS = {
    XP: [
        xp("first", "ann", at("2026-03-08 05:00"), 10),  # the first instant of the date
        xp("last", "ann", at("2026-03-09 03:59:59"), 5),  # its last second: an hour earlier than on other dates
        xp("the next date", "ann", at("2026-03-09 04:00"), 100),
        xp("the date before", "ann", at("2026-03-08 04:59:59"), -50),  # alone on it: never below 0 (R6)
        xp("bad", "ann", NOON, "many"),
        xp("twice", "ann", NOON, 7, updated_at=at("2026-03-08 13:00")),
        xp("twice", "ann", NOON, 8, updated_at=at("2026-03-08 14:00")),
        xp("whose", "ann", NOON, 1_000, updated_at=at("2026-03-08 13:00")),
        xp("whose", "bob", NOON, 2_000, updated_at=at("2026-03-08 14:00")),  # the later row is another learner's
        xp("gone", "ann", NOON, 3_000, deleted_at=at("2026-03-08 14:00")),
        xp("when", "ann", None, 4_000),
        xp(HOSTILE, "ann", NOON, 1),
        xp("of bob", "bob", NOON, 9_999),
        xp("of dee", "dee", NOON, 20),
        xp("of nobody", "eve", NOON, 30),
    ],
    SESSIONS: [
        session("over midnight", "ann", at("2026-03-08 04:30"), at("2026-03-08 06:00")),  # began on the date before
        session("into the next", "ann", at("2026-03-09 03:50"), at("2026-03-09 04:30")),
        session("backwards", "ann", at("2026-03-08 14:00"), at("2026-03-08 13:00")),
        session("without an end", "ann", NOON),
        session("of bob", "bob", at("2026-03-08 05:00"), at("2026-03-08 20:00")),
        session("of cat", "cat", at("2026-03-10 23:00"), at("2026-03-11 01:00")),  # one hour is after data through
    ],
    # at the same time as the first one, and longer by an hour and a quarter
    PHONE_SESSIONS: [session("second device", "ann", at("2026-03-08 05:30"), at("2026-03-08 07:15:00.5"))],
    QUIZZES: [quiz("passed", "ann", 1), quiz("not passed", "ann", 0), quiz("maybe", "ann", "maybe")],
    READING: [
        reading("book", "ann", "2026-03-08", 3, 90),
        reading("book of the next", "ann", "2026-03-09", 40, 4_000),
        reading("book of bob", "bob", "2026-03-08", 500, 5_000),
    ],
    SAVERS: [saver("cover", "ann", "2026-03-08"), saver("cover of bob", "bob", "2026-03-09")],
}
NEW_YORK = "America/New_York"
LATER = xp("later", "ann", at("2026-03-11 02:00"), 6)  # still 10 March in New York, and on the UTC day after


def explained_world() -> World:
    """Ann and Bob in New York, Cat in UTC, Dee deleted; nobody knows Eve."""
    gone = at("2026-03-09 00:00")
    users = (user("ann", NEW_YORK), user("bob", NEW_YORK), user("cat"), user("dee", deleted_at=gone))
    made = world(("2026-03-07", "2026-03-10"), ROWS, *users, min_active_days=1)
    return replace(made, rows={**made.rows, XP.name: [*made.rows[XP.name], LATER]})
