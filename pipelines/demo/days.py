"""The demo platform day by day: the rows that a learner's habit leaves behind, and the few that break rules.

Belongs here: the event rows and everything that happens on one local date. Stays out: who the learners are
(`people.py`), tables and files (`platform.py`). A learner's date depends on the seed, the learner and the date
alone, so a platform of more days, or of the next day, has the same past.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from math import pi, sin
from random import Random
from typing import NamedTuple

from pipelines.demo.people import SUBJECTS, Learner, new_id

EVENT_TABLES = ("xp_events", *(f"{subject}_sessions" for subject in SUBJECTS), "quiz_attempts")
FAVOURITE_SUBJECT_CHANCE = 0.4
SECOND_DEVICE_CHANCE = 0.06
LEFT_OPEN_CHANCE = 0.04
QUIZ_CHANCE = 0.5
CORRECTION_CHANCE = 0.01
SATURDAY = 5
WAVE_DAYS = 61  # motivation rises and falls with this period
WAVE_DEPTH = 0.35
MINUTES_PER_XP_EVENT = 16.0
LONGEST_SESSION_MINUTES = 200.0
XP_AMOUNTS = (5, 10, 10, 10, 15, 20, 25)
XP_FOR_A_PASSED_QUIZ = 30
XP_TAKEN_BACK = (-10, -20, -50)
DAYS_BETWEEN_FLAWS = 23  # a stream gets one flawed row in so many days, however many people learn
STRANGER_ID = "00000000-0000-4000-8000-000000000000"  # a learner whom `users` does not know


class XpEvent(NamedTuple):
    """One row of `xp_events`; in every event row the third column is the instant that places it."""

    id: str
    user_id: str | None
    created_at: datetime | None
    amount: float
    updated_at: datetime


class Session(NamedTuple):
    """One row of `english_sessions`, `math_sessions` or `coding_sessions`."""

    id: str
    user_id: str | None
    started_at: datetime | None
    ended_at: datetime | None
    last_activity_at: datetime | None
    updated_at: datetime


class QuizAttempt(NamedTuple):
    """One row of `quiz_attempts`."""

    id: str
    user_id: str | None
    submitted_at: datetime | None
    passed: bool
    updated_at: datetime


EventRow = XpEvent | Session | QuizAttempt
RowsByTable = dict[str, list[EventRow]]


def rows_of_date(people: Iterable[Learner], day: date, seed: int) -> RowsByTable:
    """The event rows, by table, of all `people` on the local date `day` of each, and the flawed ones among them."""
    rows: RowsByTable = {table: [] for table in EVENT_TABLES}
    for learner in people:
        for table, row in _activity(learner, day, seed):
            rows[table].append(row)
    for offset, table in enumerate(EVENT_TABLES):
        turn, days_since_flaw = divmod(day.toordinal() + 4 * offset, DAYS_BETWEEN_FLAWS)
        if rows[table] and not days_since_flaw:
            kinds = _flawed(rows[table][-1], new_id(Random(f"{seed}/{table}/{day}")))
            rows[table].append(kinds[turn % len(kinds)])
    return rows


def _activity(learner: Learner, day: date, seed: int) -> Iterator[tuple[str, EventRow]]:
    """Everything that the learner does in the sittings begun on the local date `day`, as (table, row)."""
    rng = Random(f"{seed}/{learner.index}/{day}")
    if not _is_learning(learner, day, rng):
        return
    motivation = _motivation(learner, day)
    start = _first_start(learner, day, rng)
    for _ in range(max(1, round(rng.gauss(learner.habit.mean_sessions * motivation, 0.8)))):
        minutes = learner.habit.mean_minutes * motivation * rng.lognormvariate(0.0, 0.5)
        length = timedelta(minutes=min(minutes, LONGEST_SESSION_MINUTES))
        yield from _sitting(learner, start, length, rng)
        start += length + timedelta(minutes=rng.uniform(5, 100))
    if rng.random() < CORRECTION_CHANCE:
        corrected_at = start + timedelta(hours=rng.uniform(1, 20))
        yield "xp_events", _xp_event(learner, corrected_at, rng.choice(XP_TAKEN_BACK), rng)


def _is_learning(learner: Learner, day: date, rng: Random) -> bool:
    habit = learner.habit
    if day < learner.joined or (learner.deleted_at and day >= learner.deleted_at.date()):
        return False
    if (day.toordinal() + learner.phase_days) % (habit.streak_days + habit.rest_days) < habit.rest_days:
        return False
    return rng.random() < (habit.weekend_chance if day.weekday() >= SATURDAY else habit.weekday_chance)


def _motivation(learner: Learner, day: date) -> float:
    return 1 + WAVE_DEPTH * sin(2 * pi * (day.toordinal() + learner.phase_days) / WAVE_DAYS)


def _first_start(learner: Learner, day: date, rng: Random) -> datetime:
    """The UTC instant at which the first sitting of the local date begins, without its zone."""
    hours = timedelta(hours=max(0.0, rng.gauss(learner.habit.start_hour, learner.habit.start_hour_spread)))
    local = datetime.combine(day, time()) + hours
    return local.replace(tzinfo=learner.zone).astimezone(UTC).replace(tzinfo=None)


def _sitting(learner: Learner, start: datetime, length: timedelta, rng: Random) -> Iterator[tuple[str, EventRow]]:
    """One session with the XP it earns, sometimes a second device beside it, sometimes a quiz at its end."""
    yield _session(learner, start, start + length, rng)
    if rng.random() < SECOND_DEVICE_CHANCE:
        yield _session(learner, start + length * 0.5, start + length * 1.2, rng)
    for _ in range(max(1, round(length.total_seconds() / 60 / MINUTES_PER_XP_EVENT))):
        yield "xp_events", _xp_event(learner, start + length * rng.random(), rng.choice(XP_AMOUNTS), rng)
    if rng.random() < QUIZ_CHANCE:
        passed = rng.random() < learner.skill
        submitted_at = start + length
        yield "quiz_attempts", QuizAttempt(new_id(rng), learner.id, submitted_at, passed, submitted_at)
        if passed:
            yield "xp_events", _xp_event(learner, submitted_at, XP_FOR_A_PASSED_QUIZ, rng)


def _session(learner: Learner, start: datetime, end: datetime, rng: Random) -> tuple[str, Session]:
    subject = learner.favourite if rng.random() < FAVOURITE_SUBJECT_CHANCE else rng.choice(SUBJECTS)
    ended_at = None if rng.random() < LEFT_OPEN_CHANCE else end
    return f"{subject}_sessions", Session(new_id(rng), learner.id, start, ended_at, end, end)


def _xp_event(learner: Learner, at: datetime, amount: int, rng: Random) -> XpEvent:
    return XpEvent(new_id(rng), learner.id, at, amount, at)


def _flawed(row: EventRow, fresh_id: str) -> tuple[EventRow, ...]:
    """Every way in which `row` can come back: doubled (R20), as a stranger's (R21), or broken under a new id (R19)."""
    fresh = row._replace(id=fresh_id)
    common = (row, fresh._replace(user_id=STRANGER_ID), fresh._replace(user_id=None))
    match row:
        case XpEvent():
            return *common, *_flawed_xp_event(row, fresh_id)
        case Session():
            return *common, *_flawed_session(row, fresh_id)
        case QuizAttempt():
            return *common, *_flawed_quiz_attempt(row, fresh_id)


def _flawed_xp_event(row: XpEvent, fresh_id: str) -> tuple[XpEvent, ...]:
    changed = row._replace(amount=row.amount + 5, updated_at=row.updated_at + timedelta(seconds=1))
    fresh = row._replace(id=fresh_id)
    return changed, fresh._replace(created_at=None), fresh._replace(amount=12.5)


def _flawed_session(row: Session, fresh_id: str) -> tuple[Session, ...]:
    prolonged_to = row.updated_at + timedelta(minutes=1)
    changed = row._replace(ended_at=prolonged_to, last_activity_at=prolonged_to, updated_at=prolonged_to)
    fresh = row._replace(id=fresh_id)
    ended_before_started = fresh._replace(ended_at=row.updated_at - timedelta(days=1))
    longer_than_24h = fresh._replace(ended_at=row.updated_at + timedelta(hours=30))
    return changed, fresh._replace(started_at=None), ended_before_started, longer_than_24h


def _flawed_quiz_attempt(row: QuizAttempt, fresh_id: str) -> tuple[QuizAttempt, ...]:
    changed = row._replace(passed=not row.passed, updated_at=row.updated_at + timedelta(seconds=1))
    return changed, row._replace(id=fresh_id, submitted_at=None)
