"""A world in which one learner is woven into everybody else's rows, and worlds without a learner.

What an erasure has to leave is what the oracle works out for the world without that learner's rows. Every row says why
it is there; `tests/warehouse/erasure/test_suppression.py` lands the world with the learner on the list,
`tests/assets/erase/test_erasure.py` erases him from it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.oracle.oracle import Stream, World, identifier

FIRST_DAY, LAST_DAY = date(2026, 3, 2), date(2026, 3, 4)
GONE = "4d0c6f1e-2b7a-4c55-9e1d-00a1b2c3d4e5"  # who is erased; the platform spells the id in either case (R26)
STAYS = "stays"
# Ids that a careless comparison takes for one another, or that end an SQL literal, a line or a JSON text.
LOOKALIKES = (
    "zo\u00eb",
    "zoe\u0308",
    "Zo\u00eb",
    "o'brien",
    "'; drop table",
    "\u202e7",
    "a\nb",
    '"',
    "\\",
    "%",
    "x" * 1024,
)


def _xp(
    event_id: object, user_id: object, at: object, amount: object = 10, updated_at: object = None
) -> dict[str, object]:
    return {"event_id": event_id, "user_id": user_id, "occurred_at": at, "amount": amount, "updated_at": updated_at}


def _session(event_id: object, user_id: object, started_at: object, ended_at: object) -> dict[str, object]:
    return {"event_id": event_id, "user_id": user_id, "started_at": started_at, "ended_at": ended_at}


def _quiz(event_id: object, user_id: object, at: object, passed: object) -> dict[str, object]:
    return {"event_id": event_id, "user_id": user_id, "occurred_at": at, "passed": passed}


def _saver(
    event_id: object, user_id: object, covered_on: object, updated_at: object = None, deleted_at: object = None
) -> dict[str, object]:
    times = {"updated_at": updated_at, "deleted_at": deleted_at}
    return {"event_id": event_id, "user_id": user_id, "covered_on": covered_on, **times}


XP = [
    # his and somebody else's, plain; in both cases of the id
    _xp(1, GONE, "2026-03-02 10:00"),
    _xp(2, GONE.upper(), "2026-03-03 10:00", 500),
    _xp(3, STAYS, "2026-03-02 11:00", 7),
    _xp(4, STAYS, "2026-03-03 11:00", 9),
    # his twice: a duplicate that goes with him
    _xp(5, GONE, "2026-03-02 12:00"),
    _xp(5, GONE, "2026-03-02 12:00"),
    # an id that he wins: without him the other's row is the right one
    _xp(6, GONE, "2026-03-03 12:00", 40, "2026-03-04 00:00"),
    _xp(6, STAYS, "2026-03-03 12:00", 3),
    # an id that he loses: without him there is no duplicate and no conflict
    _xp(7, STAYS, "2026-03-03 13:00", 4, "2026-03-04 00:00"),
    _xp(7, GONE, "2026-03-03 13:00", 60),
    # an id of three rows: without him two are left, one of them a duplicate
    _xp(8, GONE, "2026-03-03 14:00", 70, "2026-03-04 00:00"),
    _xp(8, STAYS, "2026-03-03 14:00", 5),
    _xp(8, STAYS, "2026-03-03 14:00", 6),
    # in quarantine with a day, without one, without an id, and somebody else's beside them
    _xp(9, GONE, "2026-03-02 13:00", "many"),
    _xp(10, GONE.upper(), "soon"),
    _xp(None, GONE, "2026-03-04 09:00"),
    _xp(11, STAYS, "2026-03-02 14:00", "many"),
    _xp(12, STAYS, None),
    # nobody's
    _xp(13, None, "2026-03-02 15:00"),
    _xp(14, b"\xff", "2026-03-02 15:00"),
    # a learner of whom the users table knows nothing
    _xp(15, "unknown", "2026-03-02 16:00"),
    *(_xp(f"look-{n}", user_id, "2026-03-02 17:00", n + 1) for n, user_id in enumerate(LOOKALIKES)),
]
SESSIONS = [
    # his over midnight, somebody else's around it
    _session(1, GONE, "2026-03-02 23:30", "2026-03-03 00:30"),
    _session(2, STAYS, "2026-03-02 23:00", "2026-03-03 01:00"),
    # his alone on its day: the landing is empty without him
    _session(3, GONE, "2026-03-04 08:00", "2026-03-04 09:00"),
    _session(4, GONE, "2026-03-03 08:00", "2026-03-03 07:00"),  # ended before it started
]
QUIZZES = [
    _quiz(1, GONE, "2026-03-04 10:00", 1),
    _quiz(2, STAYS, "2026-03-04 10:00", 1),
    _quiz(3, STAYS, "2026-03-04", 0),
]
SAVERS = [
    # his and somebody else's, of the same date; in both cases of the id
    _saver(1, GONE, "2026-03-02"),
    _saver(2, GONE.upper(), "2026-03-03"),
    _saver(3, STAYS, "2026-03-02"),
    # his twice
    _saver(4, GONE, "2026-03-04"),
    _saver(4, GONE, "2026-03-04"),
    # one that he wins: without him it keeps the other's streak alive
    _saver(5, GONE, "2026-03-04", "2026-03-05 00:00"),
    _saver(5, STAYS, "2026-03-04"),
    # one that he has given back; one that the other would have used if he had not given it back
    _saver(6, GONE, "2026-03-02", None, "2026-03-03 00:00"),
    _saver(7, STAYS, "2026-03-03", "2026-03-03 00:00"),
    _saver(7, GONE, "2026-03-03", "2026-03-04 00:00", "2026-03-04 00:00"),
    # in quarantine with a day, and without one
    _saver(None, GONE, "2026-03-03"),
    _saver(8, GONE, "soon"),
]
USERS: list[dict[str, object]] = [
    {
        "user_id": GONE.upper(),
        "username": "gone",
        "timezone": "Asia/Tokyo",
        "is_public": 1,
        "freezes_available": 3,
        "booster_multiplier": 2,
        "booster_ends_at": "2026-04-01 00:00",
    },
    {
        "user_id": STAYS,
        "username": "stays",
        "timezone": "Mars/Phobos",
        "is_public": 1,
        "freezes_available": 1,
        "booster_multiplier": 3,
        "booster_ends_at": "2026-03-05 00:00",  # over when the data end
    },
    {"user_id": None, "username": "nobody", "timezone": "UTC", "is_public": 1},
    *(
        {"user_id": user_id, "username": f"n{n}", "timezone": "UTC", "is_public": 0}
        for n, user_id in enumerate(LOOKALIKES)
    ),
]
STREAMS = (
    Stream("xp_events", "xp"),
    Stream("sessions", "sessions"),
    Stream("quiz_attempts", "quizzes"),
    Stream("savers", "freezes", has_own_dates=True),
)
WOVEN = World(
    FIRST_DAY,
    LAST_DAY,
    STREAMS,
    {"xp_events": XP, "sessions": SESSIONS, "quiz_attempts": QUIZZES, "savers": SAVERS},
    ((LAST_DAY, USERS),),
    min_active_days=1,
    is_by_stream=True,
)


def without(world: World, user_id: str) -> World:
    """Return a world of which no row was ever the learner's."""

    def others(rows: object) -> list[dict[str, object]]:
        return [row for row in rows if identifier(row.get("user_id"))[0] != user_id]  # type: ignore[attr-defined]

    return replace(
        world,
        rows={name: others(rows) for name, rows in world.rows.items()},
        users_landings=tuple((day, others(rows)) for day, rows in world.users_landings),
    )
