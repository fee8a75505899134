"""Step 2: land a stream's days, each as one Parquet file of validated rows and, with a reason, quarantined ones.

What was read is spooled, compared with the source's own count, judged by `land.sql` a few days at a time, and
put in place only when every day of the run has been written: nothing partial ever lands (R19, R20, R23).
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from assets import progress
from assets.step1_extract.clocks import refuse_day_not_over
from assets.step1_extract.columns import changes
from assets.step1_extract.extract import Reader, open_stream
from assets.step2_land.spans import ROWS_AT_ONCE, chunks, spans
from assets.step2_land.spool import Spool
from warehouse import engine
from warehouse.configuration.configuration import Configuration, Pulse, Stream
from warehouse.configuration.streams import Kind
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED, make_folder, put_in_place, writing
from warehouse.erasure import suppression
from warehouse.erasure.erased import erased_learners
from warehouse.erasure.suppression import Suppressed
from warehouse.errors import ShrinkError, SourceUnavailableError
from warehouse.interruption import finished_first
from warehouse.lake.lake import PARQUET, Figures, Lake, Landing

LAND = Path(__file__).with_suffix(".sql")
STATISTICS = LAND.with_name("statistics.sql")
UNDATED = LAND.with_name("undated.sql")
LARGEST_AMOUNT = 10**12  # R19
MEMORY_LIMIT = "400MB"  # beside it stand the batches that are being read

LANDING_COLUMNS = "event_id, user_id, instant, ended_at, last_activity_at, amount, passed, updated_at, reason, row"
WRITE_LANDING = f"""
copy (select {LANDING_COLUMNS} from landed where day = $day)
to $file ({PARQUET})
"""
ROWS_OF_ERASED = """
select instant::date as day, count(*) as rows
from {} as read
semi join suppressed_learners as erased on read.user_id::varchar = erased.user_id
where instant is not null
group by day
"""
NO_STATISTICS = (0, 0, 0, 0, 0, 0, 0)  # of a day without rows


@dataclass(frozen=True)
class Landed:
    """What landing a stream did.

    Args:
        landings: what landed, in the order of the days.
        undated: rows without a day, in quarantine for themselves.
        other_columns: columns of the source's table that nothing maps.
        changes: what has changed in that table since the last landing, and stops nothing.
    """

    landings: Sequence[Landing]
    undated: int
    other_columns: Sequence[str]
    changes: Sequence[str]


def land(
    configuration: Configuration,
    stream: Stream,
    days: Collection[date],
    *,
    accept_shrink: bool = False,
) -> Landed:
    """Extract days of a stream and put their landings in place, all of them or none.

    Args:
        configuration: where the source and the lake are.
        stream: an event stream.
        days: UTC days that are over.
        accept_shrink: replace a landing even if it would lose more rows than R23 lets pass.

    Raises:
        SourceDriftError: the table is not what the mapping says.
        SourceUnavailableError: the source failed, or fewer rows came than it counts itself.
        ClockError: a day is not over, or our clock is behind that of the source.
        PulseError: who has been erased is not known.
        ShrinkError: a landing would lose more than `shrink_budget` of at least `shrink_base` rows.
    """
    lake = Lake.of(configuration)
    before = lake.landings(configuration)
    erased = erased_learners(configuration)
    home = lake.root / stream.name
    make_folder(home)
    with (
        progress.step(stream.name, len(days)) as summarize,
        TemporaryDirectory(dir=home, prefix=".", suffix=UNFINISHED) as temp,
    ):
        folder = Path(temp)
        with open_stream(configuration, stream) as reader:
            refuse_day_not_over(max(days), stream.source, reader.source_time)
            spool = Spool(folder, stream, reader.uuids)
            figures: dict[str, Figures] = {}
            for first, last in spans(days):
                figures.update(_spool_span(reader, spool, first, last))
            undated = _write_undated(reader, folder, erased)
        reached("landing: rows spooled")
        landings = _write_landings(reader, spool, sorted(days), figures, erased)
        if not accept_shrink:
            _refuse_shrinking(configuration.pulse, landings, before)
        reached("landing: files written")
        with finished_first():
            for landing in landings:
                put_in_place(folder / f"{landing.day}.parquet", lake.landing(stream.name, landing.day))
                reached("landing: one put in place")
            put_in_place(folder / "undated.parquet", lake.undated(stream.name))
            reached("landing: all put in place")
        summarize(f"{len(landings)} days, {sum(landing.rows for landing in landings):,} rows")
    return Landed(landings, undated, reader.mapped.others, _changes(reader, before.values()))


def _changes(reader: Reader, before: Iterable[Landing]) -> list[str]:
    """Say what has changed in the table since the stream's last landing."""
    ours = [landing for landing in before if landing.stream == reader.stream.name]
    last = max(ours, key=lambda landing: landing.extracted_at, default=None)
    found = changes(last.columns if last else {}, reader.mapped.types)
    for change in found:
        progress.note(f"{reader.stream.name}: {change} in {reader.stream.source}.{reader.stream.table}")
    return found


def _spool_span(reader: Reader, spool: Spool, first: date, last: date) -> dict[str, Figures]:
    """Read one stretch of days, compare what came with what the source counts in the same snapshot, and return that."""
    figures = reader.figures(first, last)
    counted = {day: int(of_day["rows"]) for day, of_day in figures.items()}
    before = Counter(spool.rows_by_day)
    rows = spool.write(reader.rows(first, last))
    came = {day.isoformat(): count for day, count in (spool.rows_by_day - before).items()}
    if rows != sum(counted.values()) or (came != counted and not reader.reads_wider):
        message = (
            f"stream {spool.stream.name}: source {spool.stream.source} counts {sum(counted.values())} rows "
            f"from {first} to {last}, {rows} came; nothing has landed, try again"
        )
        raise SourceUnavailableError(message)
    return figures


def _write_undated(reader: Reader, folder: Path, erased: Suppressed) -> int:
    """Write the rows without a day; a row that turned out to have one belongs to its day."""
    place = folder / "undated.parquet"
    spool = Spool(folder / "undated", reader.stream, reader.uuids)
    with writing(spool.folder):
        spool.folder.mkdir()
    spool.write(reader.undated())
    about = {"stream": reader.stream.name, "fingerprint": reader.stream.fingerprint}
    parameters = {"kind": reader.stream.kind, "file": str(place), "about": json.dumps(about)}
    with writing(place), engine.connect(folder) as connection:
        suppression.view_others(connection, "spool", spool.files, erased)
        connection.execute(f"copy ({engine.sql(UNDATED)}) to $file ({PARQUET})", parameters)
        (rows,) = engine.one_row(connection, "select count(*) from spool where instant is null")
    return int(rows)


def _write_landings(
    reader: Reader, spool: Spool, days: Sequence[date], figures: Mapping[str, Figures], erased: Suppressed
) -> list[Landing]:
    """Write a landing for each of the days, beside its place, and return what each says of itself."""
    landings = []
    with engine.connect(spool.folder, MEMORY_LIMIT) as connection:
        suppression.view_others(connection, "spool", spool.files, erased)
        spool.rows_by_day.subtract(
            dict(connection.execute(ROWS_OF_ERASED.format(engine.files(spool.files))).fetchall())
        )
        for chunk in chunks(days, spool.rows_by_day, ROWS_AT_ONCE):
            judge(connection, spool.stream.kind, chunk[0], chunk[-1])
            statistics = {row[0]: row[1:] for row in connection.execute(engine.sql(STATISTICS)).fetchall()}
            for day in chunk:
                of_rows = statistics.get(day, NO_STATISTICS)
                of_source = reader.figures_of(day, figures)
                landing = _landing(reader, day, spool.rows_by_day[day], of_rows, of_source)
                place = spool.folder / f"{day}.parquet"
                with writing(place):
                    connection.execute(WRITE_LANDING, {"day": day, "file": str(place), "about": landing.to_json()})
                progress.advance()
                landings.append(landing)
    return landings


def judge(connection: duckdb.DuckDBPyConnection, kind: Kind | None, first: date, last: date) -> None:
    """Make the table `landed` from `spool`, for the UTC days `first` to `last`.

    Args:
        connection: has `spool`.
        kind: that of the stream; None for rows that have passed before.
        first: the first day.
        last: the last day.
    """
    parameters = {"kind": kind, "first_day": first, "last_day": last, "largest_amount": LARGEST_AMOUNT}
    connection.execute(f"create or replace temp table landed as {engine.sql(LAND)}", parameters)


def counted(source_rows: int, statistics: Sequence[int]) -> dict[str, Any]:
    """Return what a landing says of its own rows, by the names of `Landing`.

    Args:
        source_rows: all of its rows, duplicates included.
        statistics: of `statistics.sql` without the day, or `NO_STATISTICS`.
    """
    rows, quarantined, conflicts, foreign_duplicates, amount, passed, content_hash = statistics
    return {
        "source_rows": source_rows,
        "rows": rows,
        "quarantined": quarantined,
        "duplicates": source_rows - rows - quarantined,
        "conflicts": conflicts,
        "foreign_duplicates": foreign_duplicates,
        "sums": {"events": rows, "amount": amount, "passed": passed},
        "content_hash": str(content_hash),
    }


def _landing(
    reader: Reader, day: date, source_rows: int, statistics: tuple[int, ...], source: Mapping[str, Figures]
) -> Landing:
    return Landing(
        stream=reader.stream.name,
        day=day,
        fingerprint=reader.stream.fingerprint,
        extracted_at=reader.taken_at.isoformat(),
        **counted(source_rows, statistics),
        source=source,
        columns=reader.mapped.types,
        is_table_empty=reader.is_table_empty,
    )


def _refuse_shrinking(
    limits: Pulse,
    landings: Iterable[Landing],
    before: Mapping[tuple[str, date], Landing],
) -> None:
    for landing in landings:
        old = before.get((landing.stream, landing.day))
        if old and old.rows >= limits.shrink_base and landing.rows < old.rows * (1 - limits.shrink_budget):
            message = (
                f"stream {landing.stream}: the landing of {landing.day} would shrink from {old.rows} to {landing.rows} "
                "rows; nothing was replaced, look at the source, or let it through with --accept-shrink"
            )
            raise ShrinkError(message)
