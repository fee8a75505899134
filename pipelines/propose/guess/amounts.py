"""Guessing which column says how much a learner has earned."""

from pipelines.propose.guess import names
from pipelines.propose.guess.columns import is_number, is_switch, numbers
from pipelines.propose.guess.proposal import Guess, Value
from pipelines.propose.look.tables import LookedAt

MOST_FRACTIONS = 0.1  # of amounts; a few are broken rows, which R19 quarantines


def amount_of(table: LookedAt, known: tuple[str, ...]) -> Guess | None:
    """Return the guess of an amount, None if no number has such a name.

    Args:
        table: the table.
        known: how such columns are called, the most telling first.
    """
    for name in names.ranked(table.columns, known):
        column = table.columns[name]
        if not is_number(column) or is_switch(column) or name in (*table.key, *table.references):
            continue
        fractions = sum(value != value // 1 for value in numbers(column.values))
        if fractions > MOST_FRACTIONS * len(column.values):
            value: Value = {"column": name, "times": 1, "round": "half_up"}
            return Guess(value, "check", "by its name; fractions are rounded, check that this is meant")
        return Guess(name, "likely", "by its name")
    return None
