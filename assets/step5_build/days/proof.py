"""Step 5: whether what was kept of older versions is what the activity says (R24).

Each version proves another of 32 ranges of keys: the days of these learners are made from nothing and compared row by
row. So a fault that had crept in would be found within 32 nights.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from assets.step5_build.days.before import PARTS_PROVEN
from assets.step5_build.days.days import model
from assets.step5_build.key_ranges import ranges


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
    """The first value of `daily_activity` that differs from what the activity says; whose it is, is left out.

    Args:
        activity_date: of the row.
        column: that differs; `activity_date` if the row is missing, or is one too many.
        first_key: of the range of keys that was compared.
        last_key: of that range.
    """

    activity_date: date
    column: str
    first_key: int
    last_key: int

    def __str__(self) -> str:
        """Name the table, the column, the date and the range of keys."""
        return (
            f"{self.column} of daily_activity on {self.activity_date}, of a learner with a user_key from "
            f"{self.first_key} to {self.last_key}, was not what the activity says"
        )


def prove(connection: duckdb.DuckDBPyConnection, part: int) -> None:
    """Make the days of one range of keys from nothing, and compare.

    Args:
        connection: in the version, with `activity`, `users` and `daily_activity`.
        part: the number of the range.

    Raises:
        DriftError: one differs.
    """
    keys = list(ranges(PARTS_PROVEN))[part]
    connection.execute(f"create or replace temp table bucket as {model('bucket')}", keys)
    connection.execute(f"create or replace temp table days_from_nothing as {model('daily_activity')}", keys)
    differing = connection.execute(model("difference"), keys).fetchall()
    for table in ("bucket", "days_from_nothing"):
        connection.execute(f"drop table {table}")
    for activity_date, column in differing:
        raise DriftError(Difference(activity_date, column, **keys))
