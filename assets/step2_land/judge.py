"""What becomes of rows that were read: they pass, are quarantined, are duplicates, or deleted (R19, R20).

They are judged a few days at a time, so memory is bounded. Each day is written to a temporary folder; `land.py` puts it
in place.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from assets.step1_extract.extract import Reader
from assets.step2_land import daily
from assets.step2_land.spans import ROWS_AT_ONCE, chunks
from assets.step2_land.spool import Spool
from assets.step2_land.unchanged.judged_by import judged_by
from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.configuration.roles import LARGEST_AMOUNT, MOST_SECONDS_A_DATE
from warehouse.configuration.streams import DELETED_AT
from warehouse.disk.files import writing
from warehouse.erasure import suppression
from warehouse.erasure.suppression import Suppressed
from warehouse.lake.footers import PARQUET
from warehouse.lake.landing import Landing

JUDGE = Path(__file__).with_suffix(".sql")
STATISTICS = JUDGE.with_name("statistics.sql")
ROWS_OF_ERASED = JUDGE.with_name("rows_of_erased.sql")
UNDATED = JUDGE.with_name("undated.sql")
DELETES_LATER = JUDGE.parent / "unchanged" / "deletes_later.sql"
MEMORY_LIMIT = "400MB"  # beside it stand the batches that are being read

LANDING_COLUMNS = "event_id, user_id, instant, ended_at, last_activity_at, amount, passed, updated_at, reason, row"
WRITE_LANDING = f"copy (select {LANDING_COLUMNS} from landed where day = $day) to $file ({PARQUET})"
WRITE_DAILY = f"copy (select {LANDING_COLUMNS}, measures from landed where day = $day) to $file ({PARQUET})"
NO_STATISTICS = (0, 0, 0, 0, 0, 0, 0, 0)  # of a day without rows


def write_undated(reader: Reader, folder: Path, erased: Suppressed) -> int:
    """Write the rows without a day; a row that turned out to have one belongs to its day.

    Args:
        reader: of an event stream.
        folder: where `undated.parquet` is written.
        erased: whose rows are left out.

    Returns:
        How many rows there are.
    """
    file = folder / "undated.parquet"
    spool = Spool(folder / "undated", reader)
    with writing(spool.folder):
        spool.folder.mkdir()
    spool.write(reader.undated())
    about = {"stream": reader.stream.name, "fingerprint": reader.stream.fingerprint}
    parameters = {"kind": reader.stream.kind, "file": str(file), "about": json.dumps(about)}
    with writing(file), engine.connect(folder) as connection:
        view_spool(connection, spool, erased)
        connection.execute(f"copy ({engine.sql(UNDATED)}) to $file ({PARQUET})", parameters)
        (rows,) = engine.one_row(connection, "select count(*) from spool where instant is null")
    return int(rows)


def write_landings(spool: Spool, erased: Suppressed) -> Iterator[Landing]:
    """Write a landing for each day that was read, beside the spooled rows, and yield what it says of itself.

    Args:
        spool: all rows of the days.
        erased: whose rows are left out, before anything is judged or counted.
    """
    with engine.connect(spool.folder, MEMORY_LIMIT) as connection:
        view_spool(connection, spool, erased)
        judged, deletes_later = judged_by(spool.reader.stream, erased), _deletes_later(connection, spool.reader)
        rows = spool.rows_by_day - Counter(dict(connection.execute(engine.sql(ROWS_OF_ERASED)).fetchall()))
        for chunk in chunks(sorted(spool.figures), rows, ROWS_AT_ONCE):
            judge(connection, spool.reader.stream, chunk[0], chunk[-1], spool.reader.taken_at)
            is_daily = spool.reader.stream.kind == "daily"
            statistics = _statistics(connection, STATISTICS)
            of_daily = _statistics(connection, daily.STATISTICS) if is_daily else {}
            for day in chunk:
                landing = replace(_empty_landing(spool, day), judged_by=judged, deletes_later=day in deletes_later)
                landing = _counted(landing, rows[day], statistics.get(day, NO_STATISTICS))
                landing = daily.counted(landing, of_daily.get(day)) if is_daily else landing
                write_landing(connection, landing, spool.folder / f"{day}.parquet")
                yield landing


def view_spool(connection: duckdb.DuckDBPyConnection, spool: Spool, erased: Suppressed) -> None:
    """Make the view `spool` of the spooled rows, without those of erased learners.

    Args:
        connection: has our macros.
        spool: the rows.
        erased: whose rows are left out.
    """
    if spool.reader.stream.kind == "daily":
        suppression.view_not_erased(connection, "spool", spool.files, erased)
        return
    suppression.view_not_erased(connection, "spool_of_events", spool.files, erased)
    connection.execute("create or replace temp view spool as select *, no_measures() as measures from spool_of_events")


def judge(
    connection: duckdb.DuckDBPyConnection, stream: Stream | None, first: date, last: date, taken_at: datetime
) -> None:
    """Make the table `landed` from `spool`, for the UTC days `first` to `last`.

    Args:
        connection: has `spool`.
        stream: whose rows they are; None for rows that have passed before.
        first: the first day.
        last: the last day.
        taken_at: when their snapshot was taken, by which an event is deleted already or not yet.
    """
    parameters = {
        "kind": stream.kind if stream else None,
        "longer_than_24h": stream.longer_than_24h if stream else None,
        "first_day": first,
        "last_day": last,
        "largest_amount": LARGEST_AMOUNT,
        "most_seconds": MOST_SECONDS_A_DATE,
        "may_be_deleted": stream is None or not {DELETED_AT, "is_deleted"}.isdisjoint(stream.columns),
        "taken_at": _in_utc(taken_at),
    }
    has_measures = stream is None or stream.kind == "daily"
    rows = engine.sql(JUDGE) if has_measures else f"select * exclude (measures) from ({engine.sql(JUDGE)})"
    connection.execute(f"create or replace temp table landed as {rows}", parameters)


def recounted(connection: duckdb.DuckDBPyConnection, landing: Landing) -> Landing:
    """Return a landing with the figures of the rows of `landed`, all of which are of its day."""
    statistics = _statistics(connection, STATISTICS).get(landing.day, NO_STATISTICS)
    (source_rows,) = engine.one_row(connection, "select count(*) from landed")
    counted = _counted(landing, source_rows, statistics)
    if not landing.is_daily:
        return counted
    return daily.counted(counted, _statistics(connection, daily.STATISTICS).get(landing.day))


def _deletes_later(connection: duckdb.DuckDBPyConnection, reader: Reader) -> set[date]:
    """Return the days of `spool` with an event whose deletion is still to come."""
    if DELETED_AT not in reader.stream.columns:
        return set()
    days = connection.execute(engine.sql(DELETES_LATER), {"taken_at": _in_utc(reader.taken_at)}).fetchall()
    return {day for (day,) in days}


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _statistics(connection: duckdb.DuckDBPyConnection, query: Path) -> dict[date, tuple[int, ...]]:
    """Return what of the rows of `landed` a landing says of itself, by UTC day."""
    return {row[0]: row[1:] for row in connection.execute(engine.sql(query)).fetchall()}


def write_landing(connection: duckdb.DuckDBPyConnection, landing: Landing, file: Path) -> None:
    """Write the rows of `landed` that are of a landing's day, with what it says of itself."""
    with writing(file):
        parameters = {"day": landing.day, "file": str(file), "about": landing.to_json()}
        connection.execute(WRITE_DAILY if landing.is_daily else WRITE_LANDING, parameters)


def _empty_landing(spool: Spool, day: date) -> Landing:
    reader = spool.reader
    return Landing(
        stream=reader.stream.name,
        day=day,
        fingerprint=reader.stream.fingerprint,
        extracted_at=reader.taken_at.isoformat(),
        source_rows=0,
        rows=0,
        quarantined=0,
        duplicates=0,
        conflicts=0,
        sums={},
        content_hash="0",
        source=spool.figures[day],
        columns=reader.mapped.types,
        is_table_empty=reader.is_table_empty,
        kind=reader.stream.kind,
    )


def _counted(landing: Landing, source_rows: int, statistics: tuple[int, ...]) -> Landing:
    """Return a landing with its counts: `source_rows` with duplicates, and `statistics.sql` without its day."""
    rows, quarantined, deleted, conflicts, foreign_duplicates, amount, passed, content_hash = statistics
    return replace(
        landing,
        source_rows=source_rows,
        rows=rows,
        quarantined=quarantined,
        duplicates=source_rows - rows - quarantined - deleted,
        deleted=deleted,
        conflicts=conflicts,
        foreign_duplicates=foreign_duplicates,
        sums={"events": rows, "amount": amount, "passed": passed},
        content_hash=str(content_hash),
    )
