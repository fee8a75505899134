"""Where each file of a stream is of one UTC day: a row counts only if it stands in the file of its own day.

So a landing is the same whether its day is read alone or with others. Where a day more is read on each side (R1), the
file of a day beside it will do.
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, cast, func, literal_column, try_cast, types

EPOCH = date(1970, 1, 1)


def is_near(day: ColumnElement[Any], file_day: ColumnElement[Any], margin: int) -> ColumnElement[bool]:
    """Return the condition that the day of a row is at most so many days from that of its file.

    Args:
        day: as the source spells it (`figures.source_day`, `epochs.day_of`): a date, its text, or days since 1970.
        file_day: a date.
        margin: in days.
    """
    if isinstance(day.type, types.Integer):
        day = literal_column(f"date '{EPOCH}'") + cast(day, types.Integer)
    elif not isinstance(day.type, types.Date):
        day = try_cast(day, types.Date)
    return func.abs(func.date_diff("day", file_day, day)) <= margin
