"""Events whose instant moves (`moves = true`): looking for them where they were, and reading those days again (R23).

A row that was read on one day, and whose id stands in the landing of another, has moved. That other day is read again
in the same snapshot, so the event counts once. A stream without `moves` costs nothing here.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from assets.night.night import Night
from assets.step1_extract.extract import Reader
from assets.step2_land.judge import MEMORY_LIMIT
from assets.step2_land.spool import Spool
from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.disk.files import writing
from warehouse.erasure import suppression
from warehouse.lake.days import DAY
from warehouse.lake.kept import kept_days
from warehouse.lake.landing import Landing

MOVED_FROM = Path(__file__).with_name("moved_from.sql")
MOVED_AWAY = Path(__file__).with_name("moved_away.sql")
JUST_READ = Path(__file__).with_name("just_read.sql")


def read_with_moved(night: Night, reader: Reader, folder: Path, days: Collection[date]) -> list[Spool]:
    """Read days of a stream and, where its instants move, the landed days from which events of these have moved.

    A day that is read again may have events that were elsewhere, too, so this goes on until no day is left. Days that
    the source has purged are not looked at.

    Args:
        night: what has landed before, and who is told of days that are read again.
        reader: of the stream.
        folder: where the rows are spooled, each reading by itself.
        days: UTC days that are over.

    Returns:
        The rows of `days` first. Each spool knows its own days by its `figures`.

    Raises:
        SourceUnavailableError: as `Spool.read`.
    """
    spools = [_read(reader, folder, days)]
    others = _days_to_look_at(night, reader.stream, days) if reader.stream.moves else set()
    while others and (moved := _moved_from(night, spools[-1], others)):
        spools.append(_read(reader, folder / f"moved-{len(spools)}", moved))
        others -= {*moved}
    again = sorted(day for spool in spools[1:] for day in spool.figures)
    if again:
        many = f"{len(again)} days are" if len(again) > 1 else "1 day is"
        night.progress.note(f"{reader.stream.name}: {many} read again from {again[0]} on, because events have moved")
    return spools


def read_of_days_not_over(night: Night, folder: Path, spools: Sequence[Spool]) -> list[Spool]:
    """Read what may have moved to days that are not over yet: it lands later, and is not lost (R23).

    Args:
        night: what has landed before.
        folder: where the rows are spooled.
        spools: the days that were read; the snapshot is still open.

    Returns:
        The rows; nothing of a stream whose instants stay, or where no landing is replaced.
    """
    reader = spools[0].reader
    landed = {day for name, day in night.landings if name == reader.stream.name}
    days = {day for spool in spools for day in spool.figures}
    if not reader.stream.moves or landed.isdisjoint(days):
        return []
    latest = max(landed | days)
    spool = _spool(reader, folder / "not-over")
    spool.write(reader.rows(latest + DAY, max(latest, reader.taken_at.date()) + DAY))
    return [spool]


def moved_away(night: Night, spools: Sequence[Spool], replaced: Collection[Landing]) -> dict[date, int]:
    """Return how many rows of each landing that is replaced stand on other days now.

    Args:
        night: has the list of erased learners.
        spools: everything that was read of the stream.
        replaced: landings as they are before; of a stream whose instants stay no row has moved.
    """
    counts: dict[date, int] = {}
    if not replaced or not spools[0].reader.stream.moves:
        return counts
    files = [file for spool in spools for file in spool.files]
    every_day = [day for spool in spools for day in (spool.figures or spool.rows_by_day)]
    with _just_read(night, files, every_day, spools[0].folder) as connection:
        for landing in replaced:
            engine.view_files(connection, "landed_before", [night.lake.landing(landing.stream, landing.day)])
            (counts[landing.day],) = engine.one_row(connection, engine.sql(MOVED_AWAY), {"day": landing.day})
    return counts


def _days_to_look_at(night: Night, stream: Stream, days: Collection[date]) -> set[date]:
    landed = {day for name, day in night.landings if name == stream.name}
    return landed - kept_days(stream, night.landed, max(days)) - {*days}


def _moved_from(night: Night, spool: Spool, others: Collection[date]) -> list[date]:
    stream = spool.reader.stream.name
    with _just_read(night, spool.files, list(spool.figures), spool.folder) as connection:
        engine.view_files(connection, "landed_before", [night.lake.landing(stream, day) for day in sorted(others)])
        return [day for (day,) in connection.execute(engine.sql(MOVED_FROM)).fetchall()]


@contextmanager
def _just_read(
    night: Night, files: Sequence[Path], days: Collection[date], temp: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection that has `just_read`, of no erased learner."""
    with engine.connect(temp, MEMORY_LIMIT) as connection:
        suppression.view_not_erased(connection, "spool", files, night.erased_learners())
        connection.execute(f"create temp table just_read as {engine.sql(JUST_READ)}", {"days": sorted(days)})
        yield connection


def _read(reader: Reader, folder: Path, days: Collection[date]) -> Spool:
    spool = _spool(reader, folder)
    spool.read(days)
    return spool


def _spool(reader: Reader, folder: Path) -> Spool:
    with writing(folder):
        folder.mkdir(exist_ok=True)
    return Spool(folder, reader)
