"""The checks of step 6: what each is called, what holds when it passes, and what to do when it does not.

How they are carried out is `step6_check.py`, `step6_check.sql` and `step6_guards.sql`.
"""

from dataclasses import dataclass

SHRUNK = "look at the sources and at the unpublished file, or let it through with --accept-shrink"


@dataclass(frozen=True)
class Check:
    """A check that blocks publishing.

    Args:
        name: as in `step6_check.sql`.
        table: the public table beside which it is shown.
        description: what holds when it passes.
        way_out: what an operator does about it.
    """

    name: str
    table: str
    description: str
    way_out: str = "this is a fault in the pipeline: keep the lake, run `pulse build`, and report it"


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Args:
        check: the check.
        violations: how often it is violated; 0 passes.
        example: one violation.
    """

    check: Check
    violations: int
    example: str | None

    @property
    def passed(self) -> bool:
        """Whether the check lets the version through."""
        return self.violations == 0


CHECK_LIST = (
    Check("readable", "version_info", "Every column of the finished file can be read, and hashes to what it says."),
    Check(
        "no_day_missing",
        "landings",
        "Every event stream has landed on every day from first_day to the newest day (R25).",
        "land the missing days with `pulse backfill`",
    ),
    Check("unique_learner_dates", "daily_activity", "A learner has a date once, in order, and one totals row."),
    Check("nothing_null", "pulse_totals", "No column is null that may not be."),
    Check("levels_on_active_days", "learning_pulse", "Levels 1 to 4 stand on exactly the active days of the window."),
    Check("totals_equal_days", "pulse_totals", "Totals are the sums of the days (R13)."),
    Check("blocks_equal_tables", "pulse_blocks", "What is packed for look-ups says what the tables say (R13)."),
    Check("landings_equal_activity", "landings", "Landings = activity: rows, signed XP, passed, union of sessions."),
    Check("activity_equals_version", "daily_activity", "Activity - unknown - deleted = what the build read."),
    Check(
        "restatements_equal_days",
        "restatements",
        "What the version restates is what its days say, of learners whom it has, once.",
    ),
    Check(
        "quarantine_within_budget",
        "quarantine",
        "Quarantine of the days landed since the published version is within quarantine_budget, or 20 rows (R22).",
        "look at the table quarantine of the unpublished file, or let it through with --accept-quarantine",
    ),
    Check(
        "unknown_within_bounds",
        "users",
        "At most half of a stream's rows landed since the published version are of unknown learners (R21).",
        "the mapping of user_id does not fit the users stream: correct it and run again",
    ),
    Check("rows_kept", "daily_activity", "Not many fewer rows than in the version that readers get now.", SHRUNK),
    Check("learners_kept", "users", "Not many fewer learners than in the version that readers get now.", SHRUNK),
    Check(
        "xp_of_last_week_kept",
        "daily_activity",
        "Not much less XP on a date of the last week of the version that readers get now.",
        SHRUNK,
    ),
    Check(
        "seconds_of_last_week_kept",
        "daily_activity",
        "Not much less learning time on a date of the last week of the version that readers get now.",
        SHRUNK,
    ),
)
