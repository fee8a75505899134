"""Guessing which rows of a table count: its states, its previews, and what else to know of it.

A filter is proposed only for values that everybody understands; of others it is said that they are there.
"""

from collections.abc import Collection, Iterator

from pipelines.propose.guess import names
from pipelines.propose.guess.columns import is_flag, yes
from pipelines.propose.guess.proposal import Guess
from pipelines.propose.look.tables import Column, LookedAt, shown

MOST_KINDS = 20  # a column of more different values tells no kinds of rows


def filters_of(table: LookedAt, taken: Collection[str], *, only_over: bool) -> list[Guess]:
    """Return the guesses of which rows count.

    Args:
        table: the table.
        taken: columns that roles are read from already.
        only_over: whether a row begins to count when its state says that it is over.
    """
    states = [table.columns[name] for name in names.ranked(table.columns, names.STATE) if name not in taken]
    flags = [table.columns[name] for name in names.ranked(table.columns, names.LEFT_OUT_IF_TRUE) if name not in taken]
    guesses = [*(map(_of_state, states) if only_over else ()), *map(_of_flag, flags)]
    return [guess for guess in guesses if guess is not None]


def remarks_of(table: LookedAt, taken: Collection[str]) -> Iterator[str]:
    """Yield what else has to be known of a table.

    Args:
        table: the table.
        taken: columns that roles or filters are read from already.
    """
    for name in names.ranked(table.columns, (*names.STATE, *names.KINDS)):
        kinds = len(set(map(str, table.columns[name].values)))
        if name not in taken and 1 < kinds <= MOST_KINDS:
            yield f"check: {shown(name)} has {kinds} different values, and all rows count; where can choose among them"
    for name in names.ranked(table.columns, names.DELETED_AT)[:1]:
        if name not in taken and not is_flag(table.columns[name]):
            yield f"check: rows that {shown(name)} says are deleted count, too; a query can make a deleted_at of it"


def _of_state(column: Column) -> Guess | None:
    states = {value for value in column.values if isinstance(value, str)}
    over = sorted(state for state in states if state.lower() in names.OVER)
    if not over:
        return None
    reason = f"by its values; {len(states) - len(over)} others were seen, check that rows of others do not count"
    return Guess({"column": column.name, "is": over}, "check", reason)


def _of_flag(column: Column) -> Guess | None:
    if not is_flag(column):
        return None
    value = yes(column)
    rule = {"is_not": [value]} if column.is_nullable else {"is": [type(value)(0)]}
    return Guess({"column": column.name, **rule}, "check", "by its name; check that these rows do not count")
