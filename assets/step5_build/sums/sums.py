"""Step 5: sums of the activity by UTC day, with the learners who are not shown one by one (R21, conservation).

From them a version tells rows of unknown and of deleted learners, and the checks that nothing was lost. A build from
nothing reads all activity for them. Any other takes those of the version before from `lake/sums.parquet`, and reads the
changed days, and of learners who were shown before and are not now all days. What was taken over, step 6 counts again
in turns.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import duckdb

from assets.step4_roll_up.own_dates import view_activity
from assets.step5_build.days.before import PARTS_PROVEN, Kept
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import written_beside
from warehouse.lake.footers import ABOUT
from warehouse.lake.lake import Lake

HERE = Path(__file__).parent
ALL, OF_CHANGED = HERE / "counted.sql", HERE / "counted_of_changed.sql"
SUMS, SUMS_OF_CHANGED = HERE / "sums.sql", HERE / "sums_of_changed.sql"
WRITE = f"copy (select * from sums_by_day order by all) to $file (format parquet, kv_metadata {{{ABOUT}: $about}})"


@dataclass(frozen=True)
class Counted:
    """What a file of sums says of itself.

    Args:
        version: the version that was built with them.
        part: which of `PARTS_PROVEN` parts of the other days step 6 counts again.
        days: the UTC days that were counted in their activity; the others are of the version before.
    """

    version: str
    part: int
    days: frozenset[date]

    @classmethod
    def read(cls, lake: Lake, file: Path) -> Self:
        """Return what a file says of itself.

        Raises:
            DamagedError: it cannot be read.
        """
        about = lake.footers.content(file, "version", "part", "days")
        return cls(about["version"], about["part"], frozenset(map(date.fromisoformat, about["days"])))

    def to_json(self) -> str:
        """Return the text that the file carries."""
        days = sorted(day.isoformat() for day in self.days)
        return json.dumps({"version": self.version, "part": self.part, "days": days})

    def is_counted_again(self, day: date) -> bool:
        """Tell whether step 6 counts a day in its activity."""
        return day in self.days or day.toordinal() % PARTS_PROVEN == self.part


def count_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `activity_counted`, all activity, and of it `sums_by_day`.

    Args:
        connection: in the version, with `activity` and `users`.
    """
    connection.execute(f"create or replace temp view activity_counted as {engine.sql(ALL)}")
    connection.execute(f"create or replace temp table sums_by_day as {engine.sql(SUMS)}")


def count_changed(connection: duckdb.DuckDBPyConnection, configuration: Configuration, lake: Lake, kept: Kept) -> None:
    """Make `sums_by_day` of all days, and of rows of activity only those that are counted for it, `activity_counted`.

    Args:
        connection: in the version, with `activity` and `users`; has the version before attached as `before`.
        configuration: whose streams the activity is made from.
        lake: where activity and sums are.
        kept: which days have changed.
    """
    changed = sorted({*kept.changed_days} & {*kept.days})
    others = [day for day in kept.days if day not in {*changed}]
    engine.view_files(connection, "sums_before", [lake.sums])
    connection.execute("create or replace temp table changed_days (day date)")
    if kept.changed_days:
        connection.execute("insert into changed_days select unnest($days)", {"days": list(kept.changed_days)})
    files = [lake.activity(day) for day in changed or kept.days[:1]]
    view_activity(connection, configuration, files, "changed_activity")
    files = [lake.activity(day) for day in others or kept.days[:1]]
    view_activity(connection, configuration, files, "unchanged_activity")
    connection.execute(f"create or replace temp table activity_counted as {engine.sql(OF_CHANGED)}")
    connection.execute(f"create or replace temp table counted_sums as {engine.sql(SUMS)}")
    connection.execute(f"create or replace temp table sums_by_day as {engine.sql(SUMS_OF_CHANGED)}")


def write_sums(connection: duckdb.DuckDBPyConnection, counted: Counted, file: Path) -> str:
    """Write `sums_by_day` beside the version; step 7 copies the file into the lake. Return a hash of its rows."""
    with written_beside(file) as unfinished:
        connection.execute(WRITE, {"file": str(unfinished), "about": counted.to_json()})
    return str(engine.one_row(connection, "select rows_hash(sums_by_day) from sums_by_day")[0])
