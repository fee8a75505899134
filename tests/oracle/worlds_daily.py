"""Random streams of learners' own dates (R5): XP, quizzes and savers of a date, and totals by day, with or without ids.

They are added to a world that `worlds.py` has drawn, and keep within the same guards: on each date on which a learner
has a row whom some landing of users lacks, a known learner has one, too (R21).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import strategies as st

from tests.oracle.oracle import Stream, identifier
from tests.oracle.parts.oracle_daily import TOTALS, own_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import DrawFn

RawRow = dict[str, object]

DAY = timedelta(days=1)
MOST_ROWS = 12
GOOD: Mapping[str, Sequence[int]] = {
    "xp": (0, 1, 12, 10**12),
    "seconds": (0, 1, 60, 3599, 86_400, 90_000),
    "sessions": (0, 1, 3, 40),
    "quizzes": (2, 3, 50),
    "quizzes_passed": (0, 1, 2),
}
BAD: Mapping[str, Sequence[int]] = {
    "xp": (-1, 10**12 + 1),
    "seconds": (-60, 90_001),
    "sessions": (-1,),
    "quizzes": (-2,),
    "quizzes_passed": (51, -1),
}
AMOUNTS = (0, 1, 5, 10, -3)
NO_DATES = (None, "infinity")
NO_DATES_LOOSE = (None, "", "soon", 17, "2026-02-30", "2025-03-08 10:00", "2025-03-08T10:00:00Z", "0000-00-00")
BROKEN_LEARNERS_LOOSE = (None, "", b"\xff\xfe", "a\0b", "x" * 1025)
# Of most savers nothing is known but their date; some are given back, and of these some are used once more.
CHANGES_OF_SAVERS: Sequence[RawRow] = (
    {},
    {},
    {},
    {"deleted_at": datetime(2026, 1, 3, tzinfo=UTC)},
    {"deleted_at": datetime(2026, 1, 3, tzinfo=UTC), "updated_at": datetime(2026, 1, 1, tzinfo=UTC)},
    {"updated_at": datetime(2026, 1, 2, tzinfo=UTC)},
)
ROLES = (
    ("seconds",),
    ("xp", "seconds", "quizzes", "quizzes_passed"),
    ("event_id", "seconds", "sessions", "updated_at"),
    ("event_id", *TOTALS),
    ("xp", "updated_at"),
    ("quizzes", "quizzes_passed"),
)


@dataclass(frozen=True)
class Place:
    """Where and of whom rows are drawn: the ids of learners, one who is always known, dates, how values are held."""

    learners: Sequence[object]
    known: object
    dates: Sequence[date]
    is_loose: bool


@st.composite
def own_dates(draw: DrawFn, place: Place) -> tuple[tuple[Stream, ...], dict[str, list[RawRow]]]:
    """None to three streams of learners' own dates with their rows."""
    names = draw(st.sampled_from(([], [], ["days"], ["days", "daily_xp"], ["days", "days_of_app", "daily_quizzes"])))
    names = [*names, *draw(st.sampled_from(([], ["daily_freezes"], ["daily_freezes"])))]
    streams, rows = [], {}
    for name in names:
        if name.startswith("days"):
            stream = draw(totals_streams(name))
            held = totals_rows(stream, place)
        else:
            kind = name.removeprefix("daily_")
            stream = Stream(name, kind, draw(st.sampled_from(("UTC", "America/New_York"))), has_own_dates=True)
            held = dated_rows(stream, place)
        drawn = draw(st.lists(held, max_size=MOST_ROWS))
        streams.append(stream)
        kept = _with_few_strangers(drawn, stream, place)
        rows[name] = draw(st.permutations([*kept, *_partners(kept, stream, place)]))
    return tuple(streams), rows


@st.composite
def totals_streams(draw: DrawFn, name: str) -> Stream:
    """A stream of kind daily: some roles have a column, others may be the same in every row."""
    roles = draw(st.sampled_from(ROLES))
    left = [role for role in TOTALS if role not in roles and (role != "quizzes_passed" or "quizzes" in roles)]
    same = draw(st.sampled_from([(), *((role,) for role in left)]))
    return Stream(name, "daily", has_own_dates=True, roles=roles, constants=tuple((role, 1) for role in same))


@st.composite
def totals_rows(draw: DrawFn, stream: Stream, place: Place) -> RawRow:
    """A raw row of kind daily, now and then with a value that breaks R19; of few ids, so that doubles come often."""
    row: RawRow = {"user_id": draw(st.sampled_from(place.learners)), "on": draw(st.sampled_from(place.dates))}
    if "event_id" in stream.roles:
        row["event_id"] = f"d{draw(st.integers(0, 9))}"
    if "updated_at" in stream.roles:
        row["updated_at"] = draw(st.sampled_from((None, *(datetime(2026, 1, n, tzinfo=UTC) for n in (1, 2)))))
    row |= {role: _held(draw(st.sampled_from(GOOD[role])), stream, place) for role in stream.roles if role in TOTALS}
    broken = draw(st.sampled_from([*[None] * 12, *(role for role in row if role != "updated_at")]))
    if broken in TOTALS:
        bad = [*(_held(value, stream, place) for value in BAD[broken]), None]
        fractions = [1.5, "many", "7", 3.0] if place.is_loose else [Decimal("1.5")] if _has_decimals(stream) else []
        row[broken] = draw(st.sampled_from([*bad, *fractions]))
    elif broken is not None:
        row[broken] = draw(st.sampled_from(_broken(broken, place)))
    return row


@st.composite
def dated_rows(draw: DrawFn, stream: Stream, place: Place) -> RawRow:
    """A raw row of XP, of a quiz or of a saver that has a date instead of an instant."""
    row: RawRow = {
        "event_id": f"o{draw(st.integers(0, 9))}",
        "user_id": draw(st.sampled_from(place.learners)),
        stream.dated_by: draw(st.sampled_from(place.dates)),
        **_value(stream, draw(st.sampled_from(AMOUNTS)), is_passed=draw(st.booleans())),
        **(draw(st.sampled_from(CHANGES_OF_SAVERS)) if stream.kind == "freezes" else {}),
    }
    broken = draw(st.sampled_from([*[None] * 12, "event_id", "user_id", stream.dated_by]))
    if broken is not None:
        row[broken] = draw(st.sampled_from(_broken(broken, place)))
    return row


def _has_decimals(stream: Stream) -> bool:
    """Whether the columns of totals are decimals, where columns have types."""
    return len(stream.roles) % 2 == 0


def _held(value: int, stream: Stream, place: Place) -> int | Decimal:
    """A total in the column's type."""
    return Decimal(value) if _has_decimals(stream) and not place.is_loose else value


def _value(stream: Stream, amount: int, *, is_passed: bool) -> RawRow:
    if stream.kind == "freezes":
        return {}
    return {"amount": Decimal(amount)} if stream.kind == "xp" else {"passed": is_passed}


def _broken(role: str, place: Place) -> Sequence[object]:
    """Values that are no id or no date and fit the column's type."""
    if role in ("on", "occurred_at", "covered_on"):
        return NO_DATES_LOOSE if place.is_loose else NO_DATES
    return BROKEN_LEARNERS_LOOSE if place.is_loose else (None,)


def _with_few_strangers(rows: Sequence[RawRow], stream: Stream, place: Place) -> list[RawRow]:
    """Where a learner has a date once, at most one learner of each date who may be unknown: one partner is enough."""
    if not stream.is_without_ids:
        return list(rows)
    strangers: dict[object, object] = {}
    kept = []
    for row in rows:
        who = identifier(row["user_id"])[0]
        is_known = who == identifier(place.known)[0]
        if is_known or who is None or strangers.setdefault(own_date(row["on"]), who) == who:
            kept.append(row)
    return kept


def _partners(rows: Sequence[RawRow], stream: Stream, place: Place) -> list[RawRow]:
    """For each row of a learner who may be unknown, a good row of the known one on the same date (R21)."""
    role = stream.dated_by
    unknown = [row for row in rows if identifier(row["user_id"]) != identifier(place.known)]
    partners: list[RawRow] = []
    for number, row in enumerate(unknown):
        partner: RawRow = {"user_id": place.known, role: row[role]}
        if not stream.is_without_ids:
            partner["event_id"] = f"p{number}"
        if stream.kind == "daily":
            partner |= {name: _held(GOOD[name][0], stream, place) for name in stream.roles if name in TOTALS}
        else:
            partner |= _value(stream, 1, is_passed=True)
        partners.append(partner)
    return partners


def place_of(
    ids: Sequence[object], known: Sequence[object], first_day: date, newest_day: date, *, is_loose: bool
) -> Place:
    """The ids and the dates of a world, in the types that the columns of its other streams have."""
    ids, known = ([_typed(user, is_loose=is_loose) for user in users] for users in (ids, known))
    middle = newest_day - DAY * min(6, (newest_day - first_day).days)
    dates = [first_day - DAY, first_day, *(middle + DAY * n for n in range((newest_day - middle).days + 2))]
    return Place(ids, known[0], dates, is_loose)


def _typed(user_id: object, *, is_loose: bool) -> object:
    if is_loose or not isinstance(user_id, str) or user_id.count("-") != 4:
        return user_id
    return UUID(user_id)
