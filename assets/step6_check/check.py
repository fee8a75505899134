"""Step 6: the checks that stand between a built version and its readers (R21, R22, R25, conservation).

They run on the finished file, reopened, beside the lake. Step 7 runs them again for itself: publishing never relies on
what an earlier step says it has seen.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from assets.step3_users.users import commonest_deleted_at
from assets.step5_build.blocks.pack import blocks_compared, differences
from assets.step6_check.before import shrunk, version_before, view_before
from assets.step6_check.check_list import Outcome, Report, judged
from assets.step6_check.fresh import view_fresh
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED
from warehouse.errors import CheckFailedError
from warehouse.lake.lake import Lake, days_between, described
from warehouse.versions import schema
from warehouse.versions.versions import Warehouse

CHECKS = Path(__file__).with_suffix(".sql")
QUARANTINE = CHECKS.with_name("quarantine_within_budget.sql")
LEARNERS = CHECKS.with_name("learners.sql")
INSTANTS = CHECKS.with_name("instants_filled.sql")
SUMS = {
    "rolled_by_day": CHECKS.with_name("rolled.sql"),
    "activity_sums": CHECKS.with_name("daily_activity.sql"),
    "pulse_sums": CHECKS.with_name("learning_pulse.sql"),
}
LIVE_LEARNERS = """
create temp table live_learners as
select user_key(user_id) as user_key from landed_users where reason is null and not is_deleted
"""
SMALLEST_QUARANTINE = 20  # R22: so many rows are within every budget
SMALLEST_GAP = 5  # R22: fewer rows without an instant say nothing of those that follow


def check(
    configuration: Configuration,
    version: str,
    newest_day: date,
    accepted: Collection[str] = (),
) -> list[Outcome]:
    """Run every check on a built version.

    Args:
        configuration: where lake and warehouse are, and the budgets.
        version: the name of the version in the building place.
        newest_day: the day up to which it has to be complete.
        accepted: guards that an operator lets through, `accept_shrink` or `accept_quarantine`.

    Raises:
        CheckFailedError: the file cannot be read to its end.
    """
    building = Warehouse.of(configuration).building(version)
    with (
        TemporaryDirectory(dir=building.parent, prefix=".", suffix=UNFINISHED) as folder,
        engine.connect(configuration.data_dir / "tmp") as connection,
    ):
        before = version_before(configuration, Path(folder))
        with _damage_refused(version, building), engine.attached(connection, building, "version"):
            reports = _read_whole(connection, version)
            reached("check: all columns read")
            view_before(connection, before)
            _view_surroundings(connection, configuration, newest_day)
            _sum_up(connection)
            reports += _compared(connection, configuration, accepted)
            reports += shrunk(connection, configuration, before, is_accepted="accept_shrink" in accepted)
    reached("check: done")
    return judged(reports)


def _read_whole(connection: duckdb.DuckDBPyConnection, version: str) -> list[Report]:
    """Read every column, and what is packed in a part of the blocks."""
    (said,) = engine.one_row(connection, "select logical_hash from version.version_info")
    found = schema.logical_hash(connection, "version")
    schema.read_not_hashed(connection, "version")
    rows = sum(schema.row_counts(connection, "version").values())
    readable = Report("readable", int(said != found), f"{found} instead of {said}", f"{rows} rows")
    blocks = f"{blocks_compared(connection, version)} rows"
    return [readable, Report("blocks_equal_tables", *differences(connection, version), blocks)]


def _compared(
    connection: duckdb.DuckDBPyConnection, configuration: Configuration, accepted: Collection[str]
) -> list[Report]:
    """Ask the checks that are SQL."""
    accept = {"accept_quarantine": "accept_quarantine" in accepted}
    parameters = {
        QUARANTINE: {
            **accept,
            "quarantine_budget": configuration.pulse.quarantine_budget,
            "smallest_quarantine": SMALLEST_QUARANTINE,
            "users_stream": configuration.users_stream.name,
        },
        INSTANTS: {**accept, "smallest_gap": SMALLEST_GAP},
        LEARNERS: {
            "accept_shrink": "accept_shrink" in accepted,
            "commonest_deleted_at": commonest_deleted_at(Lake.of(configuration)),
        },
    }
    return [
        Report(*row)
        for model in (CHECKS, *parameters)
        for row in connection.execute(engine.sql(model), parameters.get(model)).fetchall()
    ]


@contextmanager
def _damage_refused(version: str, building: Path) -> Iterator[None]:
    """Say of what DuckDB cannot read where it is; DuckDB names neither the file nor the version."""
    try:
        yield
    except duckdb.ProgrammingError:  # the query's fault
        raise
    except duckdb.Error as error:  # of 2.0 it is just that
        if engine.is_interruption(error) or isinstance(error, duckdb.OutOfMemoryException):
            raise
        said = " ".join(str(error).split())
        message = (
            f"version {version} was not published: check readable: {said}; look at {building} and its disk, "
            "and run `pulse build`"
        )
        raise CheckFailedError(message) from error


def refuse_failures(version: str, outcomes: list[Outcome]) -> None:
    """Raise for the checks that failed, with their figures.

    Raises:
        CheckFailedError: at least one check failed.
    """
    failures = [outcome for outcome in outcomes if not outcome.passed]
    if failures:
        found = "; ".join(
            f"check {failed.check.name} found {failed.violations} (such as {failed.example}): {failed.check.way_out}"
            for failed in failures
        )
        message = f"version {version} was not published: {found}"
        raise CheckFailedError(message)


def _sum_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Read each of the large tables once, and keep what the checks compare: a row per learner, a row per day."""
    for name, model in SUMS.items():
        connection.execute(f"create temp table {name} as {engine.sql(model)}")


def _view_surroundings(connection: duckdb.DuckDBPyConnection, configuration: Configuration, newest: date) -> None:
    """Make what `check.sql` compares the version with."""
    lake = Lake.of(configuration)
    days = days_between(configuration.pulse.first_day, newest)
    landings = lake.landings(configuration)
    streams = configuration.event_streams
    engine.create(connection, "expected_days", stream=[s.name for s in streams for _ in days], day=days * len(streams))
    counted = [landing for landing in landings.values() if landing.day <= newest]
    kinds = {stream.name: stream.kind for stream in streams}
    engine.create(
        connection,
        "landed_sums",
        day=[landing.day for landing in counted],
        kind=[kinds[landing.stream] for landing in counted],
        **{name: [landing.sums[name] for landing in counted] for name in ("events", "amount", "passed")},
    )
    files = {day: lake.activity(day) for day in days}
    said = described(list(files.values()))
    unions = [said[place]["union_microseconds"] for place in files.values()]
    engine.create(connection, "unions", day=days, microseconds=unions)
    engine.view_files(connection, "activity", list(files.values()))
    engine.view_files(connection, "landed_users", [lake.users])
    connection.execute(LIVE_LEARNERS)
    view_fresh(connection, configuration, landings)
