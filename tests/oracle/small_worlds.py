"""Worlds of a few rows for cases worked out by hand, and what the oracle makes of them by date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from tests.oracle.oracle import SECOND, Stream, World, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


RawRow = dict[str, object]
XP = Stream("xp_events", "xp")
SESSIONS = Stream("web_sessions", "sessions")
PHONE_SESSIONS = Stream("phone_sessions", "sessions")
QUIZZES = Stream("quiz_attempts", "quizzes")
TICK = 30 * SECOND


def at(text: str) -> datetime:
    """A UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def user(user_id: str, timezone: str | None = "UTC", **others: object) -> RawRow:
    """A raw row of users."""
    return {"user_id": user_id, "username": user_id, "timezone": timezone, "is_public": True, **others}


def xp(event_id: str, user_id: str, occurred_at: object, amount: object, **others: object) -> RawRow:
    """A raw XP row."""
    return {"event_id": event_id, "user_id": user_id, "occurred_at": occurred_at, "amount": amount, **others}


def session(event_id: str, user_id: str, started_at: object, ended_at: object = None, **others: object) -> RawRow:
    """A raw session row."""
    return {"event_id": event_id, "user_id": user_id, "started_at": started_at, "ended_at": ended_at, **others}


def world(
    days: tuple[str, str],
    rows: Mapping[Stream, Sequence[RawRow]],
    *users: RawRow,
    landings: tuple[tuple[date, Sequence[RawRow]], ...] = (),
    **settings: object,
) -> World:
    """A world from its first to its newest day, with one landing of users on the newest day unless given."""
    first_day, newest_day = map(date.fromisoformat, days)
    return World(
        first_day,
        newest_day,
        tuple(rows),
        {stream.name: stream_rows for stream, stream_rows in rows.items()},
        landings or ((newest_day, users),),
        **settings,  # type: ignore[arg-type]
    )


def by_date(made: World, position: int, user_id: str = "ann") -> dict[str, object]:
    """One measure of `daily_activity` by date: 2 xp_earned, 3 learning_time, 4 sessions, 5 quizzes, 6 passed."""
    return {str(row[1]): row[position] for row in tables(made)["daily_activity"] if row[0] == user_id}


def levels(made: World, user_id: str) -> list[object]:
    """A learner's levels of active days, oldest first."""
    return [row[-1] for row in tables(made)["learning_pulse"] if row[0] == user_id]
