"""Beside step 6: the version that readers get now, and what a new one must not lose of it.

The figures of the old version are read on a separate connection. A damaged file must not end the run that makes a good
one. If the current version cannot be read, the newest one that can be takes its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from assets.night.night import Night
from warehouse import clock, engine
from warehouse.disk.files import writing
from warehouse.lake.days import DAY
from warehouse.versions.manifest import sequence_of

FIGURES = Path(__file__).with_name("scans") / "figures.sql"
COMPARED = ("daily_activity", "learning_pulse", "users")  # of each version, as `compared_users` and the like
HAS_COLUMN = """
select count(*) > 0 from duckdb_columns()
where database_name = 'before' and table_name = $table and column_name = $column
"""


@dataclass(frozen=True)
class Before:
    """A published version, as far as a new one is compared with it.

    Args:
        newest_day: the last UTC day in it.
        until: the last date that is compared; None for all of them. A version of days that are not over was made while
            a clock was ahead: their dates are not compared.
        figures: name, date or None, amount; as `scans/figures.sql`.
        landings: stream, UTC day, when that was extracted, and when it was last proven. The last is None in a version
            of a time before proofs, and for a proof by a clock that was ahead.
        quarantine: a Parquet file of its quarantine.
        learners: how many it shows.
        deleted: how many landed learners were deleted, None in a version of a time when that was not counted.
        unusable: rows of the streams of learners that were quarantined.
    """

    newest_day: date
    until: date | None
    figures: Sequence[tuple[str, date | None, int]]
    landings: Sequence[tuple[str, date, datetime, datetime | None]]
    quarantine: Path
    learners: int
    deleted: int | None
    unusable: int


def version_before(night: Night, folder: Path) -> Before | None:
    """Return the version that readers get now, else the newest that can be read, None if there is none.

    Args:
        night: where the warehouse is.
        folder: where its quarantine is written; rows are handed from connection to connection as a file.
    """
    warehouse, users = night.warehouse, [stream.name for stream in night.configuration.users_streams]
    current = warehouse.current_if_known()
    older = sorted((name for name in warehouse.kept() if name != current), key=sequence_of, reverse=True)
    for version in [current, *older] if current else older:
        try:
            with duckdb.connect() as connection:
                return _read(connection, warehouse.file(version), users, folder / "quarantine.parquet")
        except duckdb.Error as error:
            if engine.is_interruption(error) or isinstance(error, duckdb.OutOfMemoryException):
                raise
            night.progress.note(f"version {version} cannot be read, so nothing is compared with it")
    return None


def _read(connection: duckdb.DuckDBPyConnection, file: Path, users: list[str], quarantine: Path) -> Before:
    engine.prepare(connection)
    connection.execute(f"attach {engine.quoted(str(file))} as before (read_only)")
    (newest_day,) = engine.one_row(connection, "select newest_day from before.version_info")
    until = _until(newest_day)
    figures = _figures(connection, "before", newest_day, until)
    proven_at = (
        "if(proven_at <= $latest, proven_at, null)" if _has_column(connection, "landings", "proven_at") else "null"
    )
    query = f"select stream, day, extracted_at, {proven_at} from before.landings where $latest is not null"
    landings = connection.execute(query, {"latest": clock.now() + clock.TOLERANCE}).fetchall()
    columns = "stream, day, event_id, reason, row"
    connection.execute(f"create temp table before_quarantine as select {columns} from before.quarantine")
    with writing(quarantine):
        connection.execute("copy before_quarantine to $file (format parquet)", {"file": str(quarantine)})
    (learners,) = engine.one_row(connection, "select count(*) from before.users")
    unusable_rows = "select count(*) from before_quarantine where list_contains($users, stream)"
    (unusable,) = engine.one_row(connection, unusable_rows, {"users": users})
    return Before(newest_day, until, figures, landings, quarantine, learners, _deleted_in(connection), unusable)


def _until(newest_day: date) -> date | None:
    """Return the last date that is compared in a version whose newest day is not over; None for any other."""
    last = clock.last_day_over()
    return last - DAY if newest_day > last else None


def _figures(
    connection: duckdb.DuckDBPyConnection, database: str, newest_day: date, until: date | None
) -> list[tuple[str, date | None, int]]:
    for name in COMPARED:
        connection.execute(f"create or replace temp view compared_{name} as select * from {database}.{name}")
    limits = {"last_day": min(newest_day, until or newest_day), "until": until}
    return connection.execute(engine.sql(FIGURES), limits).fetchall()


def _deleted_in(connection: duckdb.DuckDBPyConnection) -> int | None:
    has_figure = _has_column(connection, "version_info", "deleted_users")
    return engine.one_row(connection, "select deleted_users from before.version_info")[0] if has_figure else None


def _has_column(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    return bool(engine.one_row(connection, HAS_COLUMN, {"table": table, "column": column})[0])


def view_before(connection: duckdb.DuckDBPyConnection, before: Before | None) -> None:
    """Make the tables of the version before, `published_…`, `…_before`, and `figures` of the database `version`."""
    connection.execute(
        "create temp table published_landings as "
        "select stream, day, extracted_at, proven_at from version.landings where false"
    )
    for name in ("figures_before", "figures"):
        connection.execute(f"create temp table {name} (name varchar, activity_date date, amount bigint)")
    connection.execute("create temp table learners_before (learners bigint, deleted bigint, unusable bigint)")
    if before is None:
        connection.execute("create temp view published_quarantine as select * from version.quarantine where false")
        return
    engine.view_files(connection, "published_quarantine", [before.quarantine])
    _insert(connection, "learners_before", [(before.learners, before.deleted, before.unusable)])
    _insert(connection, "published_landings", before.landings)
    _insert(connection, "figures_before", before.figures)
    _insert(connection, "figures", _figures(connection, "version", before.newest_day, before.until))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    if columns:
        connection.execute(f"insert into {table} select {', '.join(['unnest(?)'] * len(columns))}", columns)
