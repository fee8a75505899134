"""Guessing the roles that every stream of events has: its id, its learner, its instants, and which rows count.

A guess by size or name that would bend numbers if it were wrong is one to check.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from pipelines.propose.guess import names
from pipelines.propose.guess.columns import Instants, days_of, instants_of, is_id, is_own_date
from pipelines.propose.guess.learners import as_id, id_of
from pipelines.propose.guess.lengths import UNIT_NAMES
from pipelines.propose.guess.proposal import Guess, Value
from pipelines.propose.look.tables import LookedAt, shown
from warehouse.configuration.roles import Unit

# How many of a column's sampled ids are learners', of how many; None if they cannot be compared.
Evidence: TypeAlias = Callable[[LookedAt, str], tuple[int, int] | None]
FEW = 0.5
NO_INSTANTS_OF_EVENTS = (*names.UPDATED_AT, *names.DELETED_AT, "expiresat", "expires", "expiry", "expiredat")
STANDS_ON_UTC = (
    "dates without a time, which have no type of dates, stand on their UTC day, the day before for those west of UTC; "
    'check that this is meant, or make a DATE of it in a query, which can be date = "local"'
)
OWN_DATES = "dates without a time are taken for the learner's own; check that they are no UTC days"


class Instant(NamedTuple):
    """A column of instants: its name, what is known of it, and the guess."""

    name: str
    known: Instants
    guess: Guess

    def beside(self, other: "Instant") -> Guess:
        """Return the guess without the doubt about its zone, which the other's has already."""
        is_named = self.known.unit is None and self.known.format is None
        is_said = is_named and not self.known.carries_zone and not other.known.carries_zone
        return Guess(self.name, "likely", "by its name") if is_said else self.guess


def on_own_date(table: LookedAt, instant: Instant) -> Instant:
    """Return an instant of XP or quizzes as the learner's own date, where it is a date without a time (R5)."""
    if not is_own_date(table.columns[instant.name]):
        return instant
    value = {"column": instant.name, "date": "local"}
    return instant._replace(guess=Guess(value, "check", OWN_DATES))


def event_id_of(table: LookedAt) -> Guess | None:
    """Return the guess of what tells a table's rows apart, None if it has nothing that can."""
    if table.key:
        ids = [name for name in table.key if name in table.columns and is_id(table.columns[name])]
        if len(ids) < len(table.key):  # as where a table is partitioned by an instant
            own = names.ranked(ids, names.EVENT_ID)[:1]
            reason = "by its name, the primary key has more columns; check that it is unique within a day"
            return Guess(as_id(table.columns[own[0]], own[0]), "check", reason) if own else None
        value: Value = list(table.key) if len(table.key) > 1 else as_id(table.columns[table.key[0]], table.key[0])
        return Guess(value, "sure", "the primary key")
    keys = [key for key in table.unique if all(name in table.columns and is_id(table.columns[name]) for name in key)]
    if keys:
        key = min(keys, key=len)
        return Guess(list(key) if len(key) > 1 else as_id(table.columns[key[0]], key[0]), "likely", "a unique key")
    for name in names.ranked(table.columns, names.EVENT_ID):
        if is_id(table.columns[name]):
            guess = Guess(as_id(table.columns[name], name), "likely", "by its name; the table has no primary key")
            values = table.columns[name].values
            share = 1 - len(set(values)) / max(len(values), 1)
            reason = f"{share:.0%} of the sampled values are there already; check that it is the whole key"
            return guess.doubted(reason) if share > 0.1 else guess  # noqa: PLR2004 - a few duplicates are R20's
    return None


def user_id_of(table: LookedAt, users: LookedAt, evidence: Evidence) -> Guess | None:
    """Return the guess of which column is the learner, None if none looks like it."""
    referring = [name for name, (target, _) in table.references.items() if target == users.bare]
    by_name = [name for name in names.ranked(table.columns, names.USER_ID) if is_id(table.columns[name])]
    by_name += [
        name
        for name in table.columns
        if names.flat(name).endswith(names.ENDS_OF_USER_ID) and name not in by_name and is_id(table.columns[name])
    ]
    by_name = [name for name in by_name if [name] != list(table.key) or name in table.references]
    if referring:
        name = next((name for name in by_name if name in referring), referring[0])
        guess = Guess(as_id(table.columns[name], name), "sure", f"foreign key to {shown(users.bare)}")
        target = table.references[name][1]
        if target != id_of(users):
            return guess.doubted(f"it refers to {shown(target)} there, map that as user_id of the learners, too")
        others = ", ".join(shown(other) for other in referring if other != name)
        return guess.doubted(f"{others} refer to learners as well, check that this is who acts") if others else guess
    if not by_name:
        return None
    name = by_name[0]
    guess = Guess(as_id(table.columns[name], name), "likely", "by its name")
    if name in table.references:
        return guess.doubted(f"it refers to {shown(table.references[name][0])}, check that its ids are the learners'")
    return _with_evidence(guess, users, evidence(table, name))


def _with_evidence(guess: Guess, users: LookedAt, seen: tuple[int, int] | None) -> Guess:
    target = f"{shown(users.name)}.{shown(id_of(users) or '')}"
    if seen is None:
        return guess.doubted(f"its ids could not be compared with {target}, check that they are the learners'")
    known, of = seen
    if not of:
        return guess
    reason = f"{known} of {of} sampled ids are in {target}"
    if known <= FEW * of:
        return guess.doubted(f"{reason}, check that its ids are the learners'")
    return Guess(guess.value, "likely", f"by its name; {reason}")


def instant_of(table: LookedAt, known_names: Sequence[str], usual: Unit | None) -> Instant | None:
    """Return the column that is most likely the instant of a row, None if none is an instant.

    Args:
        table: the table.
        known_names: how such columns are called, the most telling first.
        usual: the unit of SQLite's instants that have no value yet.
    """
    for name in names.ranked(table.columns, known_names):
        if known := instants_of(table.columns[name], usual):
            return Instant(name, known, instant_guess(table, name, known))
    return None


def any_instant_of(table: LookedAt, usual: Unit | None) -> Instant | None:
    """Return an instant whatever it is called, to be checked; None if there is none that could be of an event."""
    for name, column in table.columns.items():
        known = instants_of(column, usual) if names.flat(name) not in NO_INSTANTS_OF_EVENTS else None
        if known is not None and known.unit is None and (known.is_seen or column.dialect != "sqlite"):
            reason = "by its type, check that it is when the row happened"
            return Instant(name, known, instant_guess(table, name, known).doubted(reason))
    return None


def instant_guess(table: LookedAt, name: str, known: Instants) -> Guess:
    """Return the guess of a column that is an instant."""
    guess = Guess(name, "likely", "by its name")
    if known.unit is not None:
        since = f"{UNIT_NAMES[known.unit]} since 1970"
        value = known.mapped(name)
        days = days_of(table.columns[name].values, known.unit)
        size = f"{since} by their size: {days[0]} to {days[-1]}" if days else f"{since} as in other columns"
        return Guess(value, "check", size + ("; zero is not yet" if known.has_zeros else ""))
    if known.format is not None:
        guess = Guess(known.mapped(name), "check", "texts of this format by their values, check that all are")
    if known.is_date:
        return guess.doubted(STANDS_ON_UTC)
    if not known.carries_zone:
        return guess.doubted("it carries no zone, and is taken for UTC; check that, or set the timezone of this stream")
    return guess


def updated_at_of(table: LookedAt, usual: Unit | None, taken: Sequence[str]) -> Guess | None:
    """Return the guess of when a row was changed last, None if no column says so."""
    instant = instant_of(table, names.UPDATED_AT, usual)
    if instant is None or instant.name in taken or instant.known.is_date:
        return None
    guess = Guess(instant.guess.value, "likely", "by its name; of rows with one id the latest counts")
    return guess if instant.known.format is None else guess.doubted("check that all its texts have this format")
