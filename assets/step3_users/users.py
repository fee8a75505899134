"""Step 3: land the learners as they are now, their zones over time (R3), and who is public.

Every stream of kind `users` is read, one after the other, each in a snapshot of its own. Then the files are
replaced together, profiles first. So nobody stays public for longer than the landed users say. A rerun completes a run
that died in between.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from assets.night.night import Night
from assets.step0_plan.clock_ahead import is_ahead
from assets.step1_extract.extract import open_stream
from assets.step1_extract.selects.columns import changes
from assets.step1_extract.source.clocks import refuse_day_not_over
from assets.step3_users.lookups import make_lookups
from assets.step3_users.spooled import Spooled, spool_rows
from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED, make_folder, put_in_place, writing
from warehouse.disk.interruption import finished_first
from warehouse.erasure import suppression
from warehouse.errors import CheckFailedError
from warehouse.lake.footers import ABOUT
from warehouse.lake.lake import Lake
from warehouse.lake.learners import landed_streams

USERS = Path(__file__).with_suffix(".sql")
SHARED_IDS = Path(__file__).with_name("shared_ids.sql")
MERGED = Path(__file__).with_name("merged.sql")
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
OF_LOOKUPS = ("lookups", "lookups", "key", 122_880)  # where there are any, or were
COMMONEST = "commonest_deleted_at"
CONTENT_HASH = "content_hash"  # of each stream: an order-independent hash of its rows, in decimal
IN_ALL = "select count(user_id), (select count(*) from zones where from_day = $last_day) from landed_users"


@dataclass(frozen=True)
class LandedStream:
    """What landing one stream of learners did.

    Args:
        users: its learners, deleted ones included.
        quarantined: rows without an id that can be used.
        deleted: the learners whom it says to be deleted (R3).
        changes: what has changed in the source's table since the last landing, and stops nothing.
    """

    users: int
    quarantined: int
    deleted: int
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LandedUsers:
    """What landing the learners did.

    Args:
        users: learners of all streams, deleted ones included.
        moved: zones recorded for this run's last day.
        streams: the same of each stream, by its name.
    """

    users: int
    moved: int
    streams: Mapping[str, LandedStream] = field(default_factory=dict)


def land_users(night: Night, last_day: date) -> LandedUsers | None:
    """Replace the files of learners, unless the run's last day is before the newest day (R3).

    Learners that landed while a clock was ahead are replaced by any run.

    Args:
        night: where the sources and the lake are, and the newest day.
        last_day: the last UTC day of the run.

    Returns:
        What landed; None if a later run has landed the learners already.

    Raises:
        CheckFailedError: an id is in two streams that are not merged.
        ClockError: that day is not over.
        ClockError, SourceDriftError, SourceUnavailableError: as `open_stream`; nothing was replaced.
        PulseError: who has been erased is not known.
    """
    lake, streams, newest = night.lake, night.configuration.users_streams, night.newest_day
    refuse_day_not_over(last_day)
    if newest is not None and last_day < newest and lake.users.exists() and not is_ahead(lake, lake.users):
        return None
    make_folder(lake.root)
    with (
        night.progress.step(", ".join(stream.name for stream in streams)) as summarize,
        TemporaryDirectory(dir=lake.root, prefix=".", suffix=UNFINISHED) as temp,
    ):
        folder = Path(temp)
        spooled = [_read(night, stream, folder / f"spool-{stream.name}.parquet") for stream in streams]
        tables = night.configuration.lookup_tables
        lookups = [_read(night, table, folder / f"lookup-{table.name}.parquet").file for table in tables]
        reached("users: rows spooled")
        landed = _write(night, folder, last_day, spooled, lookups)
        reached("users: files written")
        with finished_first():
            put_in_place(folder / "profiles.parquet", lake.profiles)
            reached("users: profiles put in place")
            put_in_place(folder / "zones.parquet", lake.zones)
            reached("users: zones put in place")
            if (folder / "lookups.parquet").exists():
                put_in_place(folder / "lookups.parquet", lake.lookups)
            reached("users: lookups put in place")
            put_in_place(folder / "users.parquet", lake.users)
            reached("users: all put in place")
        summarize(f"{landed.users:,} learners")
    return landed


def commonest_deleted_at(lake: Lake) -> str | None:
    """Return what most of the landed learners who are deleted have for `deleted_at`, at most 40 characters of it.

    None if no learner is deleted, or if an older release landed them.
    """
    commonest: str | None = lake.footers.content(lake.users).get(COMMONEST)
    return commonest


def _read(night: Night, stream: Stream, file: Path) -> Spooled:
    with open_stream(night.configuration, stream, night.progress) as reader:
        return spool_rows(reader, file)


def _write(
    night: Night,
    folder: Path,
    last_day: date,
    spooled: Sequence[Spooled],
    lookups: Sequence[Path],
) -> LandedUsers:
    zones, erased, before = night.lake.zones, night.erased_learners(), landed_streams(night.lake)
    with engine.connect(folder) as connection:
        suppression.view_not_erased(connection, "spool", [stream.file for stream in spooled], erased)
        _make_landed_users(connection, spooled)
        commonest = connection.execute(engine.sql(COMMONEST_DELETED_AT)).fetchall()
        make_lookups(connection, night, lookups)
        counts = {name: counted for name, *counted in connection.execute(engine.sql(COUNTS)).fetchall()}
        contents = {name: str(content_hash) for name, (*_, content_hash) in counts.items()}
        about = {
            "last_day": last_day.isoformat(),
            "streams": {
                read.stream.name: {**read.about(), CONTENT_HASH: contents[read.stream.name]} for read in spooled
            },
            COMMONEST: commonest[0][0] if commonest else None,
        }
        connection.execute("create temp table recorded (user_id varchar, zone varchar, from_day date)")
        if zones.exists():
            connection.execute(f"insert into recorded select * from {engine.files([zones])}")
        connection.execute(f"create temp table zones as {engine.sql(ZONES)}", {"last_day": last_day})
        connection.execute(f"create temp table profiles as {engine.sql(PROFILES)}")
        has_lookups = bool(lookups) or night.lake.lookups.exists()
        for name, table, order, rows_per_group in [*FILES, *([OF_LOOKUPS] if has_lookups else [])]:
            options = f"format parquet, kv_metadata {{{ABOUT}: $about}}, row_group_size {rows_per_group}"
            file = folder / f"{name}.parquet"
            with writing(file):
                connection.execute(
                    f"copy (select * from {table} order by {order}) to $file ({options})",
                    {"file": str(file), "about": json.dumps(about)},
                )
        users, moved = engine.one_row(connection, IN_ALL, {"last_day": last_day})
    landed = {}
    for read in spooled:
        learners, quarantined, deleted, _ = counts[read.stream.name]
        landed[read.stream.name] = LandedStream(learners, quarantined, deleted, _changes(read, before))
    return LandedUsers(users, moved, landed)


def _changes(read: Spooled, before: Mapping[str, Mapping[str, object]]) -> tuple[str, ...]:
    columns = before.get(read.stream.name, {}).get("columns", {})
    return tuple(changes(columns if isinstance(columns, dict) else {}, read.columns))


def _make_landed_users(connection: duckdb.DuckDBPyConnection, spooled: Sequence[Spooled]) -> None:
    """Make `landed_users` from `spool`: each learner once, of all streams.

    Raises:
        CheckFailedError: an id is in two streams that are not merged.
    """
    engine.create(
        connection,
        "users_streams",
        stream=[read.stream.name for read in spooled],
        number=list(range(len(spooled))),
        taken_at=[read.taken_at.astimezone(UTC).replace(tzinfo=None) for read in spooled],
        has_is_public=["is_public" in read.stream.columns for read in spooled],
    )
    connection.execute(f"create temp table users_by_stream as {engine.sql(USERS)}")
    are_merged = any(read.stream.merge for read in spooled)
    if len(spooled) > 1 and not are_merged:
        _refuse_shared_ids(connection)
    connection.execute(f"create temp table landed_users as {engine.sql(MERGED)}", {"are_merged": are_merged})


def _refuse_shared_ids(connection: duckdb.DuckDBPyConnection) -> None:
    for ids, user_id, streams in connection.execute(engine.sql(SHARED_IDS)).fetchall():
        shared = f"streams {streams}: {ids:,} ids are in more than one stream of learners"
        way_out = (
            "no learners were replaced: if they are the same people say merge = true in each of these streams, else "
            "give each a prefix in user_id"
        )
        raise CheckFailedError(f"{shared}, such as {user_id!r}; {way_out}", f"{shared}; {way_out}")
