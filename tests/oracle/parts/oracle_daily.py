"""The independent oracle of dates without a time: rows of a learner's own date, and totals by day (R5, R7, R19, R20).

As slow and obvious as `tests/oracle/oracle.py`, which asks it, and like it without anything of the product. A row dated
D is of the landing D and stands on D, wherever its learner is.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TOTALS = ("xp", "seconds", "sessions", "quizzes", "quizzes_passed")
SECONDS_OF_25_HOURS = 90_000


def own_date(raw: object) -> date | None:
    """The date that a raw value is, None if it is none, or says a time as well (R5)."""
    if isinstance(raw, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            return None
    return raw if isinstance(raw, date) and not isinstance(raw, datetime) else None


def totals(
    row: Mapping[str, object],
    roles: Sequence[str],
    constants: Mapping[str, int],
    whole: Callable[[object], int | None],
) -> tuple[int, ...] | None:
    """The five totals of a raw row of kind daily, None if one of them breaks R19: `bad_amount`.

    `roles` are those that have a column, `constants` those that are the same in every row; the rest is 0. `whole` is a
    raw value as a whole number within the bounds of an amount, or nothing.
    """
    values: list[int] = []
    for name in TOTALS:
        value = whole(row.get(name)) if name in roles else constants.get(name, 0)
        if value is None or value < 0:
            return None
        values.append(value)
    _, seconds, _, quizzes, quizzes_passed = values
    return None if seconds > SECONDS_OF_25_HOURS or quizzes_passed > quizzes else tuple(values)
