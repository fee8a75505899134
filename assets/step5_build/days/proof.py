"""Step 5: whether what was kept of older versions is what the activity says (R24).

Each version proves another of 32 ranges of keys: the days of these learners are made from nothing and compared row by
row, and their closed years as well (`assets/step5_build/profile/fill.py`). So a fault that had crept in would be found
within 32 nights.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from assets.step5_build.days.before import PARTS_PROVEN
from assets.step5_build.days.days import model
from assets.step5_build.key_ranges import Keys, ranges


class DriftError(Exception):
    """A kept row is not what the activity says: the build begins again, from nothing.

    Args:
        difference: the first one.
    """

    def __init__(self, difference: "Difference") -> None:
        self.difference = difference
        super().__init__(str(difference))


@dataclass(frozen=True)
class Difference:
    """The first value that differs from what the activity says; whose it is, is left out.

    Args:
        table: of the version.
        column: that differs; `activity_date` if a row of `daily_activity` is missing, or is one too many.
        first_key: of the range of keys that was compared.
        last_key: of that range.
        activity_date: of the row, where the table has dates.
    """

    table: str
    column: str
    first_key: int
    last_key: int
    activity_date: date | None = None

    def __str__(self) -> str:
        """Name the table, the column, the date and the range of keys."""
        on_date = f" on {self.activity_date}" if self.activity_date else ""
        return (
            f"{self.column} of {self.table}{on_date}, of a learner with a user_key from "
            f"{self.first_key} to {self.last_key}, was not what the activity says"
        )


def range_of(part: int) -> Keys:
    """Return the range of keys that a version proves, by its number."""
    return list(ranges(PARTS_PROVEN))[part]


def prove(connection: duckdb.DuckDBPyConnection, part: int) -> None:
    """Make the days of one range of keys from nothing, and compare.

    Args:
        connection: in the version, with `activity`, `users` and `daily_activity`.
        part: the number of the range.

    Raises:
        DriftError: one differs.
    """
    keys = range_of(part)
    connection.execute(f"create or replace temp table bucket as {model('bucket')}", keys)
    connection.execute(f"create or replace temp table days_from_nothing as {model('daily_activity')}", keys)
    differing = connection.execute(model("difference"), keys).fetchall()
    for table in ("bucket", "days_from_nothing"):
        connection.execute(f"drop table {table}")
    for activity_date, column in differing:
        raise DriftError(Difference("daily_activity", column, **keys, activity_date=activity_date))
