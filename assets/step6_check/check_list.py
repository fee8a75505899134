"""The checks of step 6: what each is called, what holds when it passes, and what to do when it does not.

How they are carried out is `check.py` and the SQL beside it, where every check reports for itself. Nothing passes
by saying nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from warehouse.errors import CheckFailedError

QUARANTINED = "look at the table quarantine of the unpublished file, or let it through with --accept-quarantine"
FAULT = "this is a fault in the pipeline: keep the lake, run `pulse build`, and report it"
NOTHING = "nothing"  # what a check compared that has not reported
DELETED = (
    "look at the column that is mapped to deleted_at: null, infinity, zero and a date far ahead are not deleted (R3), "
    "all else is; map another, or let it through with --accept-shrink"
)
SHRUNK = "look at the sources and at the unpublished file, or let it through with --accept-shrink"


@dataclass(frozen=True)
class Check:
    """A check that blocks publishing.

    Args:
        name: as in `check.sql`.
        table: the public table beside which it is shown.
        description: what holds when it passes.
        way_out: what an operator does about it.
    """

    name: str
    table: str
    description: str
    way_out: str = FAULT


@dataclass(frozen=True)
class Report:
    """What a check says of itself.

    Args:
        name: that of the check.
        violations: how often it is violated.
        example: one violation.
        compared: how many rows were compared, `nothing before` where there is no version to compare with, or
            `let through`.
    """

    name: str
    violations: int
    example: str | None
    compared: str


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Args:
        check: the check.
        violations: how often it is violated; 0 passes.
        example: one violation.
        compared: as in the check's report.
    """

    check: Check
    violations: int
    example: str | None
    compared: str

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
        "Of what is new since the published version, no more than the budget is of no use, or 20 rows and half (R22).",
        QUARANTINED,
    ),
    Check(
        "instants_filled",
        "quarantine",
        "New days do not bring nothing but rows without an instant (R22).",
        QUARANTINED,
    ),
    Check(
        "unknown_within_bounds",
        "users",
        "At most half of a stream's rows landed since the published version are of unknown learners (R21).",
        "the mapping of user_id does not fit the users stream: correct it and run again",
    ),
    Check(
        "learners_left",
        "users",
        "Of the learners who landed, or were published before, somebody is left (R21).",
        DELETED,
    ),
    Check(
        "deleted_within_bounds",
        "users",
        "At most half of the landed learners are deleted, or as many were in the version before (R21).",
        DELETED,
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


def judged(reports: Collection[Report]) -> list[Outcome]:
    """Return the outcome of every check; one that has not reported once, and what it compared, fails.

    Raises:
        CheckFailedError: a report is of no check on the list.
    """
    names = {check.name for check in CHECK_LIST}
    if unknown := sorted({report.name for report in reports} - names):
        message = f"checks that nobody knows have reported: {', '.join(unknown)}; {FAULT}"
        raise CheckFailedError(message)
    return [_outcome(check, [report for report in reports if report.name == check.name]) for check in CHECK_LIST]


def _outcome(check: Check, reports: Sequence[Report]) -> Outcome:
    if len(reports) == 1 and reports[0].compared:
        return Outcome(check, reports[0].violations, reports[0].example, reports[0].compared)
    missing = f"{len(reports)} reports" if len(reports) != 1 else "a report that does not say what it compared"
    return Outcome(replace(check, way_out=FAULT), 1, missing, NOTHING)
