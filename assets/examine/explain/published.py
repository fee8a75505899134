"""What the version that readers get says of a date of a learner, to be compared with what the lake says."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from assets.examine.explain.parts import MEASURES, MICROSECOND, Published
from assets.night.night import Night
from warehouse import engine
from warehouse.errors import StorageError
from warehouse.identifiers import user_key
from warehouse.lake.landing import Landing

PUBLISHED = Path(__file__).with_suffix(".sql")
OF_YEAR = PUBLISHED.with_name("published_year.sql")
HAS_YEARS = "select count(*) from duckdb_tables() where database_name = 'version' and table_name = 'yearly_totals'"
LANDINGS = "select stream, day, epoch_us(extracted_at) from version.landings where day between $first and $last"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ExtractedAt = dict[tuple[str, date], int]  # by stream and UTC day, in microseconds since 1970


def published_of(night: Night, user_id: str, day: date) -> tuple[Published | None, ExtractedAt]:
    """Return what the current version says of a date, and when the landings near it were extracted; None without one.

    Args:
        night: whose warehouse.
        user_id: the learner, as the lake spells it.
        day: the local date.

    Raises:
        DamagedError: the pointer names no version of ours.
        StorageError: the version cannot be read.
    """
    version = night.warehouse.current()
    if version is None:
        return None, {}
    file = night.warehouse.file(version)
    try:
        with night.connect() as connection, engine.attached(connection, file, "version"):
            published = _of_version(connection, version, user_id, day)
            near = {"first": day - timedelta(days=2), "last": day + timedelta(days=1)}
            landings = connection.execute(LANDINGS, near).fetchall()
    except duckdb.Error as error:
        if engine.is_interruption(error):
            raise
        reason = " ".join(str(error).split())
        raise StorageError(f"version {version}: {file} cannot be read ({reason}); run `pulse build`") from error
    return published, {(stream, landed): extracted_at for stream, landed, extracted_at in landings}


def is_made_from(extracted_at: ExtractedAt, landing: Landing) -> bool:
    """Tell whether a version was made from a landing.

    Args:
        extracted_at: what the version says of its landings.
        landing: one of the lake.
    """
    since = (datetime.fromisoformat(landing.extracted_at) - EPOCH) // MICROSECOND
    return extracted_at.get((landing.stream, landing.day)) == since


def _of_version(connection: duckdb.DuckDBPyConnection, version: str, user_id: str, day: date) -> Published:
    asked: dict[str, Any] = {"user_key": user_key(user_id), "asked_date": day}
    row = engine.one_row_by_name(connection, engine.sql(PUBLISHED), asked)
    measures = dict(zip(MEASURES, row["measures"] or [0] * len(MEASURES), strict=True))
    level, cuts, population = None, None, None
    if row["window_start"] is not None and row["window_start"] <= day <= row["window_end"]:
        level, cuts, population = row["level"] or 0, row["cuts"], row["population"]
    elif row["window_start"] is not None and day < row["window_start"]:
        level, cuts, population = _of_year(connection, {**asked, "score": measures[row["level_metric"]]}, measures)
    shown = [cut for cut in cuts or [] if cut is not None]
    return Published(version, row["newest_day"], row["level_metric"], measures, level, shown, population)


def _of_year(
    connection: duckdb.DuckDBPyConnection, asked: dict[str, Any], measures: dict[str, int]
) -> tuple[int | None, list[int] | None, str | None]:
    """Return level, cuts and population by the calendar year, which versions without a profile do not have (R30)."""
    if not engine.one_row(connection, HAS_YEARS)[0]:
        return None, None, None
    rows = connection.execute(engine.sql(OF_YEAR), asked).fetchall()
    if not rows:
        return 0, None, None
    cuts, population, level = rows[0]
    return level if any(measures.values()) else 0, cuts, population
