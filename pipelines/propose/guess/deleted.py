"""Guessing what says that a learner, or an event, is deleted: an instant, else a flag, else a state (R3, R20)."""

from collections.abc import Collection, Mapping

from sqlalchemy import types

from pipelines.propose.guess import names
from pipelines.propose.guess.columns import instants_of, is_flag, is_number, yes
from pipelines.propose.guess.proposal import Guess
from pipelines.propose.look.tables import Column
from warehouse.configuration.roles import Unit
from warehouse.configuration.streams import DELETED_AT


def deleted_of(columns: Mapping[str, Column], usual: Unit | None) -> tuple[str, Guess] | None:
    """Return the role that says who or what is deleted, and its guess; None if no column says so.

    Args:
        columns: those that may say so, by name.
        usual: the unit of SQLite's instants that have no value yet.
    """
    guesses = [
        *(_deleted_at(columns[name], usual) for name in names.ranked(columns, names.DELETED_AT)),
        *(_is_deleted(columns[name]) for name in names.ranked(columns, (*names.DELETED, *names.DELETED_AT))),
        *(_is_gone(columns[name]) for name in names.ranked(columns, names.STATE)),
    ]
    return next((guess for guess in guesses if guess is not None), None)


def deleted_events_of(
    columns: Mapping[str, Column], usual: Unit | None, taken: Collection[str]
) -> tuple[str, Guess] | None:
    """Return the role that says which events are deleted, and its guess; None if no column says so.

    Args:
        columns: those of the table, by name.
        usual: the unit of SQLite's instants that have no value yet.
        taken: columns that other roles and filters are read from already.
    """
    role_and_guess = deleted_of({name: column for name, column in columns.items() if name not in taken}, usual)
    if role_and_guess is None or role_and_guess[0] == DELETED_AT:
        return role_and_guess
    role, guess = role_and_guess
    return role, guess.doubted("check that these rows do not count")


def _deleted_at(column: Column, usual: Unit | None) -> tuple[str, Guess] | None:
    known = None if is_flag(column) else instants_of(column, usual)
    is_zero = bool(column.values) and not any(column.values) and names.flat(column.name) not in names.DELETED
    if is_zero and is_number(column):
        value = {"column": column.name, "unit": "s", "never": [0]}
        return "deleted_at", Guess(value, "likely", "by its name; nothing is deleted yet, whatever its unit is")
    if known is None:
        return None
    reason = "by its name; null, infinity and zero are not deleted"
    if not known.is_seen:
        reason = "by its name; it has no value yet" + (", its unit is that of other columns" if known.unit else "")
    if known.format is not None:
        return "deleted_at", Guess(
            known.mapped(column.name), "check", f"{reason}; check that all texts have this format"
        )
    return "deleted_at", Guess(known.mapped(column.name), "likely", reason)


def _is_deleted(column: Column) -> tuple[str, Guess] | None:
    if isinstance(column.type, types.Boolean) or is_flag(column):
        return "is_deleted", Guess({"column": column.name, "true": [yes(column)]}, "likely", "by its name and values")
    return None


def _is_gone(column: Column) -> tuple[str, Guess] | None:
    gone = sorted({value for value in column.values if isinstance(value, str) and value.lower() in names.GONE})
    return ("is_deleted", Guess({"column": column.name, "true": gone}, "likely", "by its values")) if gone else None
