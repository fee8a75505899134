"""Step 6: the checks that stand between a built version and its readers (R21, R22, R25, conservation).

They run on the finished file, which is opened again, and on the lake. What several checks need is read once, into the
tables of `scans/`. Then each file of `checks/` is asked for its failing rows. Step 7 runs them again: publishing never
relies on the outcome of an earlier step.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from assets.night.night import Night
from assets.step3_users.users import commonest_deleted_at
from assets.step4_roll_up.own_dates import view_activity
from assets.step5_build.profile.freezes import view_landed_freezes
from assets.step5_build.sums.sums import Counted
from assets.step6_check.check_list import (
    BEFORE,
    CHECK_LIST,
    FAULT,
    LET_THROUGH,
    READABLE,
    Check,
    Outcome,
    Report,
    judged,
    missing_of,
)
from assets.step6_check.fresh_landings import view_accepted, view_fresh_rows, view_landings
from assets.step6_check.lookup_file.compare import compared_with_tables
from assets.step6_check.version_before import Before, version_before, view_before
from warehouse import engine
from warehouse.configuration.streams import DAILY_MEASURES
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED
from warehouse.errors import CheckFailedError
from warehouse.lake.days import days_between
from warehouse.lake.learners import view_landed_users
from warehouse.versions import schema

SCANS = Path(__file__).with_name("scans")
# Tables of the version and the lake, in the order in which one reads another. Those of the version before are made by
# `version_before.py`.
TABLES = (
    "sizes",
    "of_learners/live_learners",
    "rolled_by_day",
    "activity_sums",
    "pulse_sums",
    "fresh_quarantine",
    "unusable_values",
    "quarantine_faults",
    "new_rows",
    "of_learners/deleted_learners",
    "figures_compared",
    "unknown_rows",
    "of_learners/counted_part",
    "of_learners/saved_dates",
)
ASK = "select count(*), min(example), ({compares}) from ({model}) as failing"
SMALLEST_QUARANTINE = 20  # R22: so many rows are within every budget
USER_KEY = re.compile(r"user_key -?\d+")  # as examples of checks name a learner
SMALLEST_GAP = 5  # R22: fewer rows without an instant say nothing of those that follow


def check(night: Night, version: str, accepted: Collection[str] = ()) -> list[Outcome]:
    """Run every check on a built version.

    Args:
        night: where lake and warehouse are, the budgets, and the day up to which the version has to be complete.
        version: the name of the version in the building folder.
        accepted: guards that an operator lets through, `accept_shrink` or `accept_quarantine`.

    Raises:
        CheckFailedError: the file cannot be read to its end, or no day is complete any more.
    """
    if night.newest_day is None:
        raise CheckFailedError(f"version {version}: no day is complete any more, land the streams with `pulse nightly`")
    building = night.warehouse.building(version)
    with (
        TemporaryDirectory(dir=building.parent, prefix=".", suffix=UNFINISHED) as folder,
        night.connect() as connection,
    ):
        before = version_before(night, Path(folder))
        with _damage_refused(version, building), engine.attached(connection, building, "version"):
            readable = _read_whole(connection)
            reached("check: all columns read")
            view_before(connection, before)
            _view_surroundings(connection, night, version, night.newest_day)
            _scan(connection, "fresh_landings")
            view_fresh_rows(connection, night)
            for name in TABLES:
                _scan(connection, name)
            missing = _missing(night, before)
            asked = [_asked(connection, listed, accepted, missing) for listed in CHECK_LIST if listed.model]
            lookups = compared_with_tables(connection, night.warehouse.building_lookup_file(version), version)
    reached("check: done")
    return judged([readable, lookups, *chain(*asked)])


def _view_activity(
    connection: duckdb.DuckDBPyConnection, night: Night, version: str, files: Mapping[date, Path]
) -> None:
    """Make `kept_sums`, the version's sums by day, and `activity` of the `days_counted` again for them."""
    sums = night.warehouse.building_sums(version)
    counted = Counted.read(night.lake, sums)
    days = [day for day in files if counted.is_counted_again(day)]
    connection.execute("create temp table days_counted as select unnest($days::date[]) as day", {"days": days})
    view_activity(connection, night.configuration, [files[day] for day in days] or list(files.values())[:1])
    engine.view_files(connection, "kept_sums", [sums])


def _scan(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute(f"create temp table {Path(name).name} as {engine.sql(SCANS / f'{name}.sql')}")


def _read_whole(connection: duckdb.DuckDBPyConnection) -> Report:
    (recorded,) = engine.one_row(connection, "select logical_hash from version.version_info")
    computed = schema.logical_hash(connection, "version")
    schema.read_not_hashed(connection, "version")
    rows = sum(schema.row_counts(connection, "version").values())
    return Report(READABLE.name, int(recorded != computed), f"{computed} instead of {recorded}", f"{rows} rows")


def _missing(night: Night, before: Before | None) -> dict[str, str]:
    """Return what checks may need and is not there, with what they report instead."""
    return ({} if before else {BEFORE: "nothing before"}) | missing_of(night.configuration)


def _asked(
    connection: duckdb.DuckDBPyConnection, listed: Check, accepted: Collection[str], missing: Mapping[str, str]
) -> list[Report]:
    """Ask a check for its failing rows, unless an operator lets it through or it has nothing to compare with."""
    if listed.guard in accepted:
        return [Report(listed.name, 0, None, LET_THROUGH)]
    if listed.beside in missing:
        return [Report(listed.name, 0, None, missing[listed.beside])]
    query = ASK.format(compares=listed.compares, model=listed.model)
    return [
        Report(listed.name, violations, example, f"{rows} rows")
        for violations, example, rows in connection.execute(query).fetchall()
    ]


@contextmanager
def _damage_refused(version: str, building: Path) -> Iterator[None]:
    """Name the version and the file that DuckDB cannot read, because DuckDB names neither."""
    try:
        yield
    except duckdb.ProgrammingError:  # the query's fault
        raise
    except duckdb.Error as error:  # of 2.0 it is just that
        if engine.is_interruption(error) or isinstance(error, duckdb.OutOfMemoryException):
            raise
        reason = " ".join(str(error).split())
        raise CheckFailedError(
            f"version {version} was not published: check readable: {reason}; look at {building} and its disk, "
            "and run `pulse build`"
        ) from error


class PipelineFaultError(CheckFailedError):
    """A check of the pipeline itself has failed, whatever guards have: a build in full may pass.

    Args:
        message: what failed, with the figures.
        doubt: the checks and their tables, and nothing of a learner.
        without_ids: as of every failed check.
    """

    def __init__(self, message: str, doubt: str = "", without_ids: str = "") -> None:
        self.doubt = doubt
        super().__init__(message, without_ids)


def refuse_failures(version: str, outcomes: list[Outcome]) -> None:
    """Raise for the checks that failed, with their figures.

    Raises:
        PipelineFaultError: one of them is a check of the pipeline itself.
        CheckFailedError: at least one check failed.
    """
    failures = [outcome for outcome in outcomes if not outcome.passed]
    if failures:
        figures = "; ".join(
            f"check {failed.check.name} found {failed.violations} (such as {failed.example}): {failed.check.way_out}"
            for failed in failures
        )
        message = f"version {version} was not published: {figures}"
        if doubt := doubt_of(failures):
            raise PipelineFaultError(message, doubt, without_keys(message))
        raise CheckFailedError(message, without_keys(message))


def without_keys(text: str) -> str:
    """Return a text without the keys of learners, each of which can be made from the learner's id."""
    return USER_KEY.sub("one learner", text)


def doubt_of(outcomes: Collection[Outcome]) -> str:
    """Return which checks of the pipeline itself have failed; empty if none has, for a guard is none."""
    faults = [outcome.check for outcome in outcomes if not outcome.passed and outcome.check.way_out == FAULT]
    names = ", ".join(f"{check.name} of {check.table}" for check in faults)
    return f"check {names} failed for a version that kept rows; it was built in full" if faults else ""


def _view_surroundings(connection: duckdb.DuckDBPyConnection, night: Night, version: str, newest: date) -> None:
    lake, landings = night.lake, night.landings
    pulse, streams = night.configuration.pulse, night.configuration.event_streams
    days = days_between(pulse.first_day, newest)
    engine.create(connection, "expected_days", stream=[s.name for s in streams for _ in days], day=days * len(streams))
    kinds = {stream.name: stream.kind for stream in night.configuration.activity_streams}
    counted = [landing for landing in landings.values() if landing.day <= newest and landing.stream in kinds]
    engine.create(
        connection,
        "landed_sums",
        day=[landing.day for landing in counted],
        stream=[landing.stream for landing in counted],
        kind=[kinds[landing.stream] for landing in counted],
        **{name: [landing.sums[name] for landing in counted] for name in ("events", "amount", "passed")},
        **{name: [landing.sums.get(name, 0) for landing in counted] for name in DAILY_MEASURES},
    )
    files = {day: lake.activity(day) for day in days}
    contents = lake.footers.contents(files.values(), "union_microseconds")
    unions = [contents[file]["union_microseconds"] for file in files.values()]
    engine.create(connection, "unions", day=days, microseconds=unions)
    _view_activity(connection, night, version, files)
    view_landed_users(connection, lake)
    engine.create(
        connection,
        "limits",
        quarantine_budget=[pulse.quarantine_budget],
        smallest_quarantine=[SMALLEST_QUARANTINE],
        smallest_gap=[SMALLEST_GAP],
        shrink_budget=[pulse.shrink_budget],
        shrink_base=[pulse.shrink_base],
        commonest_deleted_at=[commonest_deleted_at(lake)],
    )
    engine.create(
        connection,
        "id_columns",
        stream=[stream.name for stream in streams],
        event_id=[", ".join(stream.columns_of("event_id")) for stream in streams],
    )
    view_landings(connection, night)
    view_landed_freezes(connection, night, newest)
    view_accepted(connection, lake)
