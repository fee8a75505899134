"""How sources spell "not deleted" in `deleted_at` other than by a null (R3): zero, nothing, infinity, the end of time.

Such a value is read as `NEVER`, the last instant that there is. What an instant that far ahead means is judged at
landing, with all others. Whatever else cannot be read stays unreadable, and that is deleted.
"""

import re
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, literal, types

NEVER = datetime.max  # noqa: DTZ901 - in UTC, like every instant that is read
TIME_ZERO = r"([ T]00:00(:00(\.0{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?"
LAST_DAY = r"9999-12-31([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?"  # may be the year 10000 in UTC
SPELLED = re.compile(rf"|0(\.0)?|infinity|0000-00-00{TIME_ZERO}|{LAST_DAY}", re.ASCII | re.IGNORECASE)


def is_never(value: object) -> bool:
    """Say whether a value of `deleted_at` is one of the spellings of "never".

    Args:
        value: as the driver gives it: MySQL's zero dates come as text, SQLite's values as whatever was stored.
    """
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return SPELLED.fullmatch(str(value)) is not None


def at_most_the_last_instant(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column of PostgreSQL with the last instant that we can hold for all that is later, `infinity` too.

    It does so in the source, because Arrow has no infinity: what arrives of it lies long before Christ.
    """
    last: date = NEVER
    if isinstance(column.type, types.Date):
        last = NEVER.date()
    elif isinstance(column.type, types.DateTime) and column.type.timezone:
        last = NEVER.replace(tzinfo=UTC)
    latest = literal(last, column.type)
    return case((column > latest, latest), else_=column)
