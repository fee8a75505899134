"""Guessing how long things took: a number and its unit, or what says its unit itself (R7)."""

from collections.abc import Iterator

from sqlalchemy import types
from sqlalchemy.dialects import postgresql

from assets.step1_extract.selects.types import MYSQL
from assets.step1_extract.values.mapped_values import ISO_8601_LENGTH
from pipelines.propose.guess import names
from pipelines.propose.guess.columns import is_number, is_text, unit_of_lengths
from pipelines.propose.guess.proposal import Guess, Value
from pipelines.propose.look.tables import Column, LookedAt
from warehouse.configuration.roles import PER_SECOND

UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
SECONDS_PER = {"min": 60, "mins": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600}


def length_of(table: LookedAt, start: str) -> Guess | None:
    """Return the guess of how long a session was, None if no column says so in a unit of ours.

    Args:
        table: the table.
        start: the column of when it began, which is no length.
    """
    for column in _lengths(table, start):
        if guess := _of_itself(column) or _of_number(column):
            return guess
    return None


def seconds_of(table: LookedAt, on: str) -> Guess | None:
    """Return the guess of how many seconds there were on a date, None if no number says so.

    Args:
        table: the table.
        on: the column of the date.
    """
    for column in _lengths(table, on):
        if not is_number(column):
            continue
        per = SECONDS_PER.get(names.last_word(column.name))
        if per is not None:
            return Guess({"column": column.name, "times": per}, "likely", "by its name")
        unit = names.unit_of_name(column.name)
        guessed = unit or unit_of_lengths(column.values)
        value: Value = column.name
        if guessed != "s":
            value = {"column": column.name, "times": 1 / PER_SECOND[guessed], "round": "half_up"}
        if unit is not None:
            return Guess(value, "likely", "by its name")
        return Guess(value, "check", f"{UNIT_NAMES[guessed]} by their size, check that they are no minutes")
    return None


def _lengths(table: LookedAt, instant: str) -> Iterator[Column]:
    for name, column in table.columns.items():
        if names.is_length(name) and name not in (instant, *table.key, *table.references):
            yield column


def _of_itself(column: Column) -> Guess | None:
    if isinstance(column.type, types.Interval | postgresql.INTERVAL):
        return Guess(column.name, "likely", "by its name and type")
    if isinstance(column.type, types.Time) and column.dialect in MYSQL:
        return Guess(column.name, "check", "a TIME is taken for a length; check that it is no time of the day")
    is_length = is_text(column) and column.values and all(map(ISO_8601_LENGTH.fullmatch, column.values))
    return Guess(column.name, "likely", "by its name and values") if is_length else None


def _of_number(column: Column) -> Guess | None:
    if not is_number(column) or names.last_word(column.name) in names.NO_UNIT_OF_OURS:
        return None
    unit = names.unit_of_name(column.name)
    if unit is not None:
        return Guess({"column": column.name, "unit": unit}, "likely", "by its name")
    guessed = unit_of_lengths(column.values)
    reason = f"{UNIT_NAMES[guessed]} by their size, check that a usual session is not 1,000 times as long or short"
    return Guess({"column": column.name, "unit": guessed}, "check", reason)
