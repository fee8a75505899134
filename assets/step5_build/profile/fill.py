"""Step 5: the tables of the profile, from the days of the version that is being built (R27 to R30).

Closed years are those of the version before, but for the platform's cuts, which others' days may move.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from assets.night.night import Night
from assets.step5_build.days.before import Kept
from assets.step5_build.days.proof import Difference, DriftError
from assets.step5_build.key_ranges import Keys
from assets.step5_build.profile.freezes import view_landed_freezes
from warehouse import engine
from warehouse.crash_points import reached
from warehouse.lake.days import DAY
from warehouse.versions import schema

HERE = Path(__file__).parent
ALL_YEARS = 0  # before every year, so that none is closed
TABLES = ("streaks", "weekly_activity", "xp_totals", "yearly_totals")  # filled bucket by bucket


class Profile:
    """Fills the tables of the profile.

    Args:
        connection: in the version, with `users`, `daily_activity` and `pulse_totals`, and `zone_windows` and
            `zones_in_force`; has the version before attached as `before` if anything is kept of it.
        night: has the landings, and the rules' parameters.
        newest_day: the last UTC day of the version.
        kept: what is kept of it; None where nothing is.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, night: Night, newest_day: date, kept: Kept | None
    ) -> None:
        self._connection, self._night, self._newest_day = connection, night, newest_day
        configuration = night.configuration
        pulse, levels = configuration.pulse, configuration.xp
        self._rules: dict[str, Any] = {
            "first_date": pulse.first_day - DAY,  # west of UTC a day begins on the date before
            "last_date": newest_day + DAY,
            "data_through": datetime.combine(newest_day + DAY, time()),
            "level_metric": pulse.level_metric,
            "min_active_days": pulse.min_active_days,
            "week_start": configuration.serve.week_start,
            "level_thresholds": list(levels.level_thresholds),
            "level_step": levels.level_step,
        }
        self._rules["open_year"] = self._open_year(kept) if kept else ALL_YEARS

    def fill(self, buckets: Iterable[Keys]) -> None:
        """Fill the tables, bucket by bucket so that memory is bounded by one."""
        self._connection.execute(_model("macros"))
        view_landed_freezes(self._connection, self._night, self._newest_day)
        self._make("saved_dates", {})
        self._make("as_of_night", {})
        self._make("cuts_of_years", {})
        self._insert("zones_over_time", {})
        # Every commit writes out what a table has of a block, and the next one writes the block again: one for all.
        with engine.transaction(self._connection):
            for keys in buckets:
                self._close_years(keys, self._rules["open_year"])
                self._make("histories", keys)
                for table in TABLES:
                    self._insert(table, keys)

    def prove(self, keys: Keys) -> None:
        """Count the closed years of one range of keys, and compare.

        Args:
            keys: the range.

        Raises:
            DriftError: one differs.
        """
        self._close_years(keys, ALL_YEARS)
        counted = f"create or replace temp table years_from_nothing as {_model('yearly_totals')}"
        self._connection.execute(counted, self._taken("yearly_totals", keys))
        of_range = "from {} where user_key between $first_key and $last_key"
        for column in [column.name for column in schema.table("yearly_totals").columns]:
            kept, made = (
                f"select user_key, year, {column} {of_range.format(table)}"
                for table in ("version.yearly_totals", "years_from_nothing")
            )
            differing = f"select count(*) from (({kept} except all {made}) union all ({made} except all {kept}))"
            if engine.one_row(self._connection, differing, keys)[0]:
                raise DriftError(Difference("yearly_totals", column, keys["first_key"], keys["last_key"]))

    def _close_years(self, keys: Keys, open_year: int) -> None:
        """Make `closed_years` of the years before one."""
        if open_year == ALL_YEARS:
            self._connection.execute("create or replace temp table closed_years as from version.yearly_totals limit 0")
        else:
            self._make("closed_years", keys)

    def _open_year(self, kept: Kept) -> int:
        """Return the first year that may have become another than it was in the version before."""
        if not schema.with_profile(self._connection, "before"):
            return ALL_YEARS
        before = engine.one_row_by_name(self._connection, "from before.version_info")
        if any(self._rules[name] != before[name] for name in ("level_metric", "min_active_days")):
            return ALL_YEARS
        changed: date = min([before["newest_day"], *kept.changed_days])
        return (changed - DAY).year  # a UTC day reaches into the date before

    def _make(self, name: str, keys: Keys) -> None:
        self._connection.execute(f"create or replace temp table {name} as {_model(name)}", self._taken(name, keys))

    def _insert(self, table: str, keys: Keys) -> None:
        query = f"insert into version.{table} by name {_model(table)}"
        self._connection.execute(query, self._taken(table, keys))
        reached("build: one filled")

    def _taken(self, name: str, keys: Keys) -> dict[str, Any]:
        """Return the parameters that a model takes."""
        return {key: value for key, value in {**self._rules, **keys}.items() if f"${key}" in _model(name)}


def _model(name: str) -> str:
    return engine.sql(HERE / f"{name}.sql")
