"""Guessing which tables have totals by day: a learner and a date without a time tell their rows apart (R5).

So does a table of lengths that has dates and no instants: a row of it is a session of its date.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipelines.propose.guess import names
from pipelines.propose.guess.amounts import amount_of
from pipelines.propose.guess.columns import is_id, is_number, is_own_date, is_switch
from pipelines.propose.guess.lengths import seconds_of
from pipelines.propose.guess.proposal import Guess, names_in
from pipelines.propose.guess.roles import event_id_of
from pipelines.propose.look.tables import LookedAt

ON = (*names.STARTED_AT, *names.EARNED_AT, "visitedat", "activitydate", "activityday", "statdate", "localdate")
OWN_DATES = "a date without a time is taken for the learner's own; check that it is no UTC day"


class Totals(NamedTuple):
    """What a table of totals by day has: the guess of its kind, and of each role but the learner."""

    guess: Guess
    roles: Mapping[str, Guess]


def totals_of(table: LookedAt, user: Guess) -> Totals | None:
    """Return the totals by day that a table has, None if it has none.

    Args:
        table: the table.
        user: the guess of its learner.
    """
    dates = [name for name in table.columns if is_own_date(table.columns[name])]
    for on in [*names.ranked(dates, ON), *(name for name in dates if names.flat(name) not in ON)]:
        for key in (table.key, *table.unique):
            if {on, *names_in(user.value)} <= {*key}:
                return _of_key(table, on, [name for name in key if name != on])
    return None


def dated_sessions_of(table: LookedAt) -> Totals | None:
    """Return a table of lengths as totals by day, of which each row is a session; None if it is none."""
    dates = [name for name in table.columns if is_own_date(table.columns[name])]
    event_id = event_id_of(table)
    on = names.ranked(dates, ON)[:1]
    seconds = seconds_of(table, on[0]) if on else None
    if event_id is None or seconds is None:
        return None
    reason = "by its columns: sessions need instants, and it has dates; check that each row is a session of its date"
    roles = {"event_id": event_id, "on": _on(on[0]), "seconds": seconds, "sessions": _each_row("session")}
    return Totals(Guess("daily", "check", reason), roles)


def _of_key(table: LookedAt, on: str, others: list[str]) -> Totals | None:
    measures = dict(_measures(table, on))
    if not measures or not all(name in table.columns and is_id(table.columns[name]) for name in others):
        return None
    reason = "a key of a learner and a date has one row a day; check that these are totals of it"
    ids = {"event_id": Guess(others, "likely", "a unique key without the date")} if len(others) > 1 else {}
    return Totals(Guess("daily", "check", reason), {**ids, "on": _on(on), **measures})


def _measures(table: LookedAt, on: str) -> Iterator[tuple[str, Guess]]:
    is_earned = names.has_word(table.bare, names.EARNED)
    xp = amount_of(table, (*names.AMOUNT, *(names.PERHAPS_AMOUNT if is_earned else ())))
    if xp is not None:
        yield "xp", xp if is_earned else xp.doubted("check that it is what learners earn")
    seconds, sessions = seconds_of(table, on), _count(table, names.COUNTS_OF_SESSIONS)
    if seconds is not None:
        yield "seconds", seconds
    if sessions is not None or seconds is not None:
        yield "sessions", sessions or _each_row("session")
    quizzes, passed = _count(table, names.COUNTS_OF_QUIZZES), _count(table, names.COUNTS_OF_PASSED)
    if quizzes is not None:
        yield "quizzes", quizzes
        if passed is not None:
            yield "quizzes_passed", passed


def _count(table: LookedAt, known: tuple[str, ...]) -> Guess | None:
    for name in names.ranked(table.columns, known):
        if is_number(table.columns[name]) and not is_switch(table.columns[name]):
            return Guess(name, "check", "by its name; check that it is a number of the day")
    return None


def _on(name: str) -> Guess:
    return Guess(name, "check", OWN_DATES)


def _each_row(what: str) -> Guess:
    return Guess({"value": 1}, "check", f"each row counts as a {what}; check that, or leave it out")
