"""Step 5: the tables of the profile, from the days of the version that is being built (R27 to R30)."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from assets.night.night import Night
from assets.step5_build.key_ranges import Keys
from assets.step5_build.profile.freezes import view_landed_freezes
from warehouse import engine
from warehouse.crash_points import reached
from warehouse.lake.days import DAY

HERE = Path(__file__).parent
TABLES = ("streaks", "weekly_activity", "xp_totals", "yearly_totals")  # filled bucket by bucket


class Profile:
    """Fills the tables of the profile.

    Args:
        connection: in the version, with `users` and `daily_activity`, and `zone_windows` and `zones_in_force`.
        night: has the landings, and the rules' parameters.
        newest_day: the last UTC day of the version.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, night: Night, newest_day: date) -> None:
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

    def prepare(self) -> None:
        """Make what all buckets read, and fill `zones_over_time`."""
        self._connection.execute(_model("macros"))
        view_landed_freezes(self._connection, self._night, self._newest_day)
        self._make("saved_dates", {})
        self._make("as_of_night", {})
        self._make("cuts_of_years", {})
        self._insert("zones_over_time", {})

    def fill(self, keys: Keys) -> None:
        """Fill the tables for one range of keys, whose learners are in `learner_windows`."""
        self._make("histories", keys)
        for table in TABLES:
            self._insert(table, keys)

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
