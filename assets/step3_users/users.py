"""Step 3: land the learners as they are now, their zones over time (R3), and who is public.

The three files are replaced together, profiles first. So nobody stays public for longer than the landed users say. A
rerun completes a run that died in between.
"""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from assets.night.night import Night
from assets.step0_plan.clock_ahead import is_ahead
from assets.step1_extract.extract import open_stream
from assets.step1_extract.selects.columns import changes
from assets.step1_extract.source.clocks import refuse_day_not_over
from assets.step1_extract.values.batches import schema
from assets.step2_land.spool import spooling, writing_with
from warehouse import engine
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED, make_folder, put_in_place, writing
from warehouse.erasure import suppression
from warehouse.interruption import finished_first
from warehouse.lake.footers import ABOUT
from warehouse.lake.lake import Lake

USERS = Path(__file__).with_suffix(".sql")
ZONES = Path(__file__).with_name("zones.sql")
PROFILES = Path(__file__).with_name("profiles.sql")
COUNTS = Path(__file__).with_name("counts.sql")
COMMONEST_DELETED_AT = Path(__file__).with_name("commonest_deleted_at.sql")

# File, table, order, and rows per row group: a reader of one row has to read as many.
FILES = (
    ("users", "landed_users", "user_id, row", 122_880),
    ("zones", "zones", "user_id, from_day", 122_880),
    ("profiles", "profiles", "name", 16_384),
)
COMMONEST = "commonest_deleted_at"


@dataclass(frozen=True)
class LandedUsers:
    """What landing the learners did.

    Args:
        users: learners, deleted ones included.
        quarantined: rows without an id that can be used.
        deleted: those of the learners who are deleted (R3).
        moved: zones recorded for this run's last day.
        changes: what has changed in the source's table since the last landing, and stops nothing.
    """

    users: int
    quarantined: int
    deleted: int
    moved: int
    changes: tuple[str, ...] = ()


def land_users(night: Night, last_day: date) -> LandedUsers | None:
    """Replace `users`, `zones` and `profiles.parquet`, unless the run's last day is before the newest day (R3).

    Learners that landed while a clock was ahead are replaced by any run.

    Args:
        night: where the source and the lake are, and the newest day.
        last_day: the last UTC day of the run.

    Returns:
        What landed; None if a later run has landed the learners already.

    Raises:
        ClockError: that day is not over.
        ClockError, SourceDriftError, SourceUnavailableError: as `open_stream`.
        PulseError: who has been erased is not known.
    """
    lake, stream, newest = night.lake, night.configuration.users_stream, night.newest_day
    refuse_day_not_over(last_day)
    if newest is not None and last_day < newest and lake.users.exists() and not is_ahead(lake, lake.users):
        return None
    make_folder(lake.root)
    with (
        night.progress.step(stream.name) as summarize,
        TemporaryDirectory(dir=lake.root, prefix=".", suffix=UNFINISHED) as temp,
    ):
        folder = Path(temp)
        spool = folder / "spool.parquet"
        with (
            spooling(spool, schema(stream.kind)) as writer,
            open_stream(night.configuration, stream, night.progress) as reader,
            closing(reader.users()) as batches,
        ):
            for batch in batches:
                with writing_with(writer):  # or else it would be the source's fault
                    writer.write_batch(batch)
        reached("users: rows spooled")
        before, columns = _columns_before(lake), reader.mapped.types
        about = {
            "stream": stream.name,
            "fingerprint": stream.fingerprint,
            "last_day": last_day.isoformat(),
            "columns": columns,
            "is_table_empty": reader.is_table_empty,
        }
        landed = _write(night, folder, last_day, reader.taken_at, about)
        reached("users: files written")
        with finished_first():
            put_in_place(folder / "profiles.parquet", lake.profiles)
            reached("users: profiles put in place")
            put_in_place(folder / "zones.parquet", lake.zones)
            reached("users: zones put in place")
            put_in_place(folder / "users.parquet", lake.users)
            reached("users: all put in place")
        summarize(f"{landed.users:,} learners")
    return replace(landed, changes=tuple(changes(before, columns)))


def commonest_deleted_at(lake: Lake) -> str | None:
    """Return what most of the landed learners who are deleted have for `deleted_at`, at most 40 characters of it.

    None if no learner is deleted, or if an older release landed them.
    """
    commonest: str | None = lake.footers.content(lake.users).get(COMMONEST)
    return commonest


def _columns_before(lake: Lake) -> dict[str, str]:
    if not lake.users.exists():
        return {}
    columns: dict[str, str] = lake.footers.content(lake.users).get("columns", {})
    return columns


def _write(night: Night, folder: Path, last_day: date, taken_at: datetime, about: Mapping[str, object]) -> LandedUsers:
    zones, erased = night.lake.zones, night.erased_learners()
    snapshot = {"taken_at": taken_at.astimezone(UTC).replace(tzinfo=None)}
    with engine.connect(folder) as connection:
        suppression.view_not_erased(connection, "spool", [folder / "spool.parquet"], erased)
        connection.execute(f"create temp table landed_users as {engine.sql(USERS)}", snapshot)
        commonest = connection.execute(engine.sql(COMMONEST_DELETED_AT), snapshot).fetchall()
        text = json.dumps({**about, COMMONEST: commonest[0][0] if commonest else None})
        connection.execute("create temp table recorded (user_id varchar, zone varchar, from_day date)")
        if zones.exists():
            connection.execute(f"insert into recorded select * from {engine.files([zones])}")
        connection.execute(f"create temp table zones as {engine.sql(ZONES)}", {"last_day": last_day})
        connection.execute(f"create temp table profiles as {engine.sql(PROFILES)}")
        for name, table, order, rows_per_group in FILES:
            options = f"format parquet, kv_metadata {{{ABOUT}: $about}}, row_group_size {rows_per_group}"
            file = folder / f"{name}.parquet"
            with writing(file):
                connection.execute(
                    f"copy (select * from {table} order by {order}) to $file ({options})",
                    {"file": str(file), "about": text},
                )
        return LandedUsers(*engine.one_row(connection, engine.sql(COUNTS), {"last_day": last_day}))
