"""Guessing which tables hold events, and of which kind: what learners earn, when they learn, what they try.

A table has a learner, an instant, a key, and columns that only one kind has; what lacks one of these is left out, and
the reason is kept.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.propose.guess import names
from pipelines.propose.guess.amounts import amount_of
from pipelines.propose.guess.columns import is_number, is_own_date
from pipelines.propose.guess.deleted import deleted_events_of
from pipelines.propose.guess.lengths import length_of
from pipelines.propose.guess.proposal import Guess, ProposedStream, names_in
from pipelines.propose.guess.roles import (
    Evidence,
    Instant,
    any_instant_of,
    event_id_of,
    instant_of,
    on_own_date,
    updated_at_of,
    user_id_of,
)
from pipelines.propose.guess.rows import filters_of, remarks_of
from pipelines.propose.guess.scores import Passed, passed_of
from pipelines.propose.guess.totals import Totals, dated_sessions_of, totals_of
from pipelines.propose.look.tables import LookedAt, shown
from warehouse.configuration.roles import Unit
from warehouse.configuration.stream_mistakes import RESERVED_STREAM_NAMES
from warehouse.configuration.streams import Kind
from warehouse.configuration.streams import instant_of as instant_role

LONGEST_NAME = 50
ALSO_SESSIONS = "note: it has starts and ends, too, which could be a stream of sessions"
INSTANTS = (*names.STARTED_AT, *names.SUBMITTED_AT, *names.EARNED_AT)


@dataclass(frozen=True)
class Looks:
    """What a table looks like, beside its learner and its key: a kind with the roles that only that kind has."""

    kind: Kind
    guess: Guess
    instant: Instant
    roles: Mapping[str, Guess]
    where: tuple[Guess, ...] = ()
    remarks: Sequence[str] = ()


def stream_of(table: LookedAt, users: LookedAt, usual: Unit | None, evidence: Evidence) -> ProposedStream | str:
    """Return the stream that reads a table, or why there is none.

    Args:
        table: any table but the learners'.
        users: the learners'.
        usual: the unit of SQLite's instants that have no value yet.
        evidence: how many of a column's sampled ids are learners'.
    """
    if names.has_word(table.bare, names.MONEY) and not names.has_word(table.bare, names.EARNED):
        return "by its name it is about money"
    user = user_id_of(table, users, evidence)
    if user is None:
        return "no column looks like a learner's id"
    looks = _looks(table, usual)
    if totals := _totals(table, user, looks):
        stream = _stream(table, "daily", totals.guess, {"user_id": user, **totals.roles})
        return _with_what_all_have(stream, table, usual)
    if looks is None:
        return _why_not(table, usual)
    event_id = event_id_of(table)
    if event_id is None:
        return 'it has no key of ids; a query can make one, or see kind "daily" in docs/guide/connect.md'
    columns = {"event_id": event_id, "user_id": user, instant_role(looks.kind): looks.instant.guess, **looks.roles}
    stream = replace(_stream(table, looks.kind, looks.guess, columns), where=looks.where, remarks=looks.remarks)
    return _with_what_all_have(stream, table, usual)


def stream_name(table: str) -> str:
    """Return a name that a stream may have, of the name of a table."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", table).lower()
    name = re.sub(r"[^a-z0-9]+", "_", name).strip("_")[:LONGEST_NAME]
    is_name = bool(re.match(r"[a-z]", name)) and name not in RESERVED_STREAM_NAMES | {"users"}
    return name if is_name else f"events_{name}".strip("_")


def _stream(table: LookedAt, kind: Kind, guess: Guess, columns: Mapping[str, Guess]) -> ProposedStream:
    return ProposedStream(stream_name(table.bare), kind, guess, table.name, columns)


def _with_what_all_have(stream: ProposedStream, table: LookedAt, usual: Unit | None) -> ProposedStream:
    """Return a stream with what every kind may have: when a row was changed, which rows count, which are deleted."""
    columns = dict(stream.columns)
    taken = [name for guess in columns.values() for name in names_in(guess.value)]
    if updated := updated_at_of(table, usual, taken):
        columns["updated_at"] = updated
    over = filters_of(table, taken, only_over=stream.kind in ("xp", "quizzes"))
    taken += [name for guess in over for name in names_in(guess.value)]
    if deleted := deleted_events_of(table.columns, usual, taken):
        columns[deleted[0]] = deleted[1]
        taken += names_in(deleted[1].value)
    where = [*stream.where, *_of_somebody(table, columns["user_id"]), *over]
    return replace(stream, columns=columns, where=where, remarks=[*stream.remarks, *remarks_of(table, taken)])


def _of_somebody(table: LookedAt, user: Guess) -> Iterator[Guess]:
    """Yield the filter without which the rows of guests would be quarantined (R19)."""
    for name in names_in(user.value):
        if table.columns[name].nulls:
            yield Guess({"column": name, "not_null": True}, "check", "rows of nobody; check that they do not count")


def _totals(table: LookedAt, user: Guess, looks: Looks | None) -> Totals | None:
    """Return the totals by day of a table, None where its rows are rather attempts, or sessions with instants."""
    if looks is not None and looks.kind in ("quizzes", "sessions"):
        return None
    return totals_of(table, user) or (dated_sessions_of(table) if looks is None else None)


def _looks(table: LookedAt, usual: Unit | None) -> Looks | None:
    """Return what a table looks like; what only one kind has comes first, what several have last."""
    is_quiz = names.has_word(table.bare, names.QUIZZES)
    is_earned = names.has_word(table.bare, names.EARNED)
    passed = passed_of(table, is_quiz=is_quiz)
    amount = amount_of(table, names.AMOUNT)
    if passed is not None and (is_quiz or passed.is_telling) and not (amount and is_earned):
        return _tried(table, passed, usual, is_named=is_quiz)
    if amount and (is_earned or not is_quiz):
        return _earned(table, amount, usual, is_named=is_earned)
    sessions = _learned(table, usual)
    perhaps = None if sessions else amount_of(table, names.PERHAPS_AMOUNT)
    if perhaps and is_earned:
        return _earned(
            table, perhaps.doubted("by its name alone, check that it is what learners earn"), usual, is_named=True
        )
    return sessions


def _why_not(table: LookedAt, usual: Unit | None) -> str:
    """Return why a table with a learner is none of events."""
    for name in names.ranked(table.columns, INSTANTS):
        column = table.columns[name]
        if column.values and not is_number(column) and instant_of(table, [names.flat(name)], usual) is None:
            return f"{shown(name)} has no instants that are read as they are; a query can convert them"
    return "no columns of XP, of sessions or of quizzes, with an instant"


def _kind(kind: Kind, *, is_named: bool) -> Guess:
    return Guess(kind, "likely", "by its name and columns" if is_named else "by its columns")


def _tried(table: LookedAt, passed: Passed, usual: Unit | None, *, is_named: bool) -> Looks | None:
    instant = instant_of(table, names.SUBMITTED_AT, usual) or instant_of(table, names.UPDATED_AT, usual)
    if instant is None:
        return None
    if names.flat(instant.name) not in names.FINISHED_AT:
        reason = "check that it is when the attempt was over"
        instant = instant._replace(guess=instant.guess.doubted(reason))
    remarks = [ALSO_SESSIONS] if _learned(table, usual) else []
    if names.flat(instant.name) in names.UPDATED_AT:
        remarks.append(f"check: {shown(instant.name)} changes with its row; moves = true counts each row once")
    kind = _kind("quizzes", is_named=is_named)
    return Looks("quizzes", kind, on_own_date(table, instant), {"passed": passed.guess}, passed.where, remarks)


def _earned(table: LookedAt, amount: Guess, usual: Unit | None, *, is_named: bool) -> Looks | None:
    instant = instant_of(table, names.EARNED_AT, usual) or any_instant_of(table, usual)
    if instant is None:
        return None
    (name,) = names_in(amount.value)
    is_xp = is_named or "xp" in names.words(name)
    amount = amount if is_xp else amount.doubted("by its name alone, check that it is what learners earn")
    return Looks("xp", _kind("xp", is_named=is_named), on_own_date(table, instant), {"amount": amount})


def _learned(table: LookedAt, usual: Unit | None) -> Looks | None:
    """Return sessions, which have a start and an end or a length; None if a table has not both."""
    start = instant_of(table, names.STARTED_AT, usual)
    is_named = names.has_word(table.bare, names.SESSIONS)
    if start is None or is_own_date(table.columns[start.name]):
        return None  # sessions need instants
    if names.flat(start.name) in names.CREATED_AT and not is_named:
        return None
    roles = dict(_ends(table, start, usual))
    if not {"ended_at", "duration"} & roles.keys() and not ("last_activity_at" in roles and is_named):
        return None
    return Looks("sessions", _kind("sessions", is_named=is_named), start, roles)


def _ends(table: LookedAt, start: Instant, usual: Unit | None) -> Iterator[tuple[str, Guess]]:
    end = instant_of(table, names.ENDED_AT, usual)
    length = length_of(table, start.name)
    is_end = end is not None and end.name != start.name and not end.known.is_date
    if end is not None and is_end and (end.known.is_seen or length is None):
        yield "ended_at", end.beside(start)
    elif length is not None:
        yield "duration", length
    last = instant_of(table, names.LAST_ACTIVITY_AT, usual)
    if last is not None and last.name != start.name and not last.known.is_date:
        yield "last_activity_at", last.beside(start)
