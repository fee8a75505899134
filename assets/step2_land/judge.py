"""What becomes of rows that were read: they pass, are quarantined with a reason, or are duplicates (R19, R20).

They are judged a few days at a time, so memory is bounded. Each day is written to a temporary folder; `land.py` puts it
in place.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from assets.step1_extract.extract import Reader
from assets.step2_land.spans import ROWS_AT_ONCE, chunks
from assets.step2_land.spool import Spool
from warehouse import engine
from warehouse.configuration.roles import LARGEST_AMOUNT
from warehouse.configuration.streams import Kind
from warehouse.disk.files import writing
from warehouse.erasure import suppression
from warehouse.erasure.suppression import Suppressed
from warehouse.lake.footers import PARQUET
from warehouse.lake.landing import Landing

JUDGE = Path(__file__).with_suffix(".sql")
STATISTICS = JUDGE.with_name("statistics.sql")
ROWS_OF_ERASED = JUDGE.with_name("rows_of_erased.sql")
UNDATED = JUDGE.with_name("undated.sql")
MEMORY_LIMIT = "400MB"  # beside it stand the batches that are being read

LANDING_COLUMNS = "event_id, user_id, instant, ended_at, last_activity_at, amount, passed, updated_at, reason, row"
WRITE_LANDING = f"""
copy (select {LANDING_COLUMNS} from landed where day = $day)
to $file ({PARQUET})
"""
NO_STATISTICS = (0, 0, 0, 0, 0, 0, 0)  # of a day without rows


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
        suppression.view_not_erased(connection, "spool", spool.files, erased)
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
        suppression.view_not_erased(connection, "spool", spool.files, erased)
        rows = spool.rows_by_day - Counter(dict(connection.execute(engine.sql(ROWS_OF_ERASED)).fetchall()))
        for chunk in chunks(sorted(spool.figures), rows, ROWS_AT_ONCE):
            judge(connection, spool.reader.stream.kind, chunk[0], chunk[-1])
            statistics = {row[0]: row[1:] for row in connection.execute(engine.sql(STATISTICS)).fetchall()}
            for day in chunk:
                landing = _counted(_empty_landing(spool, day), rows[day], statistics.get(day, NO_STATISTICS))
                write_landing(connection, landing, spool.folder / f"{day}.parquet")
                yield landing


def judge(connection: duckdb.DuckDBPyConnection, kind: Kind | None, first: date, last: date) -> None:
    """Make the table `landed` from `spool`, for the UTC days `first` to `last`.

    Args:
        connection: has `spool`.
        kind: that of the stream; None for rows that have passed before.
        first: the first day.
        last: the last day.
    """
    parameters = {"kind": kind, "first_day": first, "last_day": last, "largest_amount": LARGEST_AMOUNT}
    connection.execute(f"create or replace temp table landed as {engine.sql(JUDGE)}", parameters)


def recounted(connection: duckdb.DuckDBPyConnection, landing: Landing) -> Landing:
    """Return a landing with the figures of the rows of `landed`, all of which are of its day."""
    statistics = connection.execute(engine.sql(STATISTICS)).fetchall() or [(landing.day, *NO_STATISTICS)]
    (source_rows,) = engine.one_row(connection, "select count(*) from landed")
    return _counted(landing, source_rows, statistics[0][1:])


def write_landing(connection: duckdb.DuckDBPyConnection, landing: Landing, file: Path) -> None:
    """Write the rows of `landed` that are of a landing's day, with what it says of itself."""
    with writing(file):
        connection.execute(WRITE_LANDING, {"day": landing.day, "file": str(file), "about": landing.to_json()})


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
    )


def _counted(landing: Landing, source_rows: int, statistics: tuple[int, ...]) -> Landing:
    """Return a landing with its counts: `source_rows` with duplicates, and `statistics.sql` without its day."""
    rows, quarantined, conflicts, foreign_duplicates, amount, passed, content_hash = statistics
    return replace(
        landing,
        source_rows=source_rows,
        rows=rows,
        quarantined=quarantined,
        duplicates=source_rows - rows - quarantined,
        conflicts=conflicts,
        foreign_duplicates=foreign_duplicates,
        sums={"events": rows, "amount": amount, "passed": passed},
        content_hash=str(content_hash),
    )
