"""Step 5: build a version from the whole lake, bucket by bucket, ordered by key (R12 to R18, R21, R24).

A version is a pure function of lake and configuration. It is built under its own name beside the published ones. Nobody
reads it before step 6 has checked it and step 7 has put it in place.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from assets.night.night import Night
from assets.step4_roll_up.activity import make_zone_segments, make_zones_in_force
from assets.step5_build.blocks.pack import pack
from assets.step5_build.describe import describe, sign
from assets.step5_build.remarks.remarks import remarks_of
from assets.step5_build.restatements.restatements import fill_restatements, write_basis
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED, make_folder, writing
from warehouse.errors import CheckFailedError, PulseError
from warehouse.lake.days import DAY, days_between
from warehouse.versions import schema
from warehouse.versions.basis import Basis
from warehouse.versions.manifest import sequence_of, version_name
from warehouse.versions.remarks import Remarks

HERE = Path(__file__).parent
# What DuckDB 2.0 writes by default, 1.5 cannot open. An unfinished version is thrown away, so it needs no log. And with
# one, DuckDB aborts the process if the disk fails. A look-up reads a block or two; DuckDB's own 262,144 bytes take four
# times as long (decision 0008).
ATTACH = "attach {} as version (storage_version 'v1.5.0', block_size 65536, recovery_mode 'no_wal_writes')"
KEY_BITS = 63
ROWS_PER_BUCKET = 8_000_000
PARTS_OF_A_BUCKET = 4  # grouped and sorted by themselves: docs/decisions/0007-the-build-groups-numbers.md


@dataclass(frozen=True)
class Built:
    """A version that has been built and not yet been published.

    Args:
        version: its name.
        newest_day: the last UTC day in it.
        rows: rows of each public table.
        remarks: what it has to say of its sources.
    """

    version: str
    newest_day: date
    rows: Mapping[str, int]
    remarks: Remarks


def build(night: Night) -> Built | None:
    """Build a version up to the newest day.

    Args:
        night: the lake, with activity that is up to date, and the rules' parameters.

    Returns:
        What was built; None before every stream has `first_day` (R25).

    Raises:
        CheckFailedError: the learners have not landed yet, or two ids have one key.
        PulseError: the list of erased learners cannot be read, or is gone.
    """
    lake, warehouse, newest = night.lake, night.warehouse, night.newest_day
    night.erased_learners()  # a lake without it may have learners again who are erased
    if newest is None:
        return None
    if not lake.users.exists():
        stream = night.configuration.users_stream.name
        raise CheckFailedError(f"stream {stream}: no learners have landed in {lake.users}; run `pulse nightly`")
    last = warehouse.newest()
    version = version_name(newest, lake.next_sequence(above=sequence_of(last) if last else 0))
    reached("build: numbered")
    with (
        night.progress.step("version") as summarize,
        _written_alone(warehouse.building(version)) as unfinished,
        night.connect() as connection,
    ):
        connection.execute(ATTACH.format(engine.quoted(str(unfinished))))
        schema.create(connection, "version")
        reached("build: tables made")
        _view_lake(connection, night, newest)
        _fill(connection, night.configuration, newest)
        describe(connection, night, newest)
        basis = Basis.of(night.configuration, lake, version, newest)
        fill_restatements(connection, night, basis, _buckets_of(connection))
        reached("build: filled")
        write_basis(connection, lake, basis, warehouse.building_basis(version))
        reached("build: basis written")
        remarks = remarks_of(connection, night, newest)
        remarks.write(warehouse.building_remarks(version))
        sign(connection, night.configuration, version, newest)
        reached("build: signed")
        rows = schema.row_counts(connection, "version")
        connection.execute("detach version")
        reached("build: detached")
        rows["pulse_blocks"] = pack(connection, unfinished)
        reached("build: packed")
        summarize(f"{version}, {rows['pulse_totals']:,} learners, {rows['daily_activity']:,} active days")
    for line in remarks.lines():
        night.progress.note(line)
    return Built(version, newest, rows, remarks)


@contextmanager
def _written_alone(file: Path) -> Iterator[Path]:
    """Give a temporary name for a version that is built; it is renamed to `file` only when it is finished.

    The folder is emptied first, and again if an error or a signal ends the build.
    """
    make_folder(file.parent)
    _empty(file.parent)
    unfinished = file.with_name(f".{file.name}{UNFINISHED}")
    try:
        with writing(file):
            yield unfinished
            _refuse_log(unfinished)
            unfinished.rename(file)
    except BaseException:
        _empty(file.parent)
        raise


def _refuse_log(unfinished: Path) -> None:
    if unfinished.with_name(unfinished.name + ".wal").exists():
        raise PulseError(f"DuckDB left a .wal beside {unfinished}; nothing is published, run `pulse build` again")


def _empty(folder: Path) -> None:
    for leftover in folder.iterdir():
        leftover.unlink()


def _view_lake(connection: duckdb.DuckDBPyConnection, night: Night, newest: date) -> None:
    """Make what the models read: `activity`, `landed_users`, `zones_in_force`, `zone_windows`."""
    lake, pulse = night.lake, night.configuration.pulse
    days = days_between(pulse.first_day, newest)
    engine.view_files(connection, "activity", [lake.activity(day) for day in days])
    engine.view_files(connection, "landed_users", [lake.users])
    make_zones_in_force(connection, lake, pulse.default_timezone)
    # A day beyond data through: its offset, too, says which date is over.
    make_zone_segments(connection, [pulse.default_timezone], newest, newest + 2 * DAY)
    connection.execute(
        f"create temp table zone_windows as {_model('windows/zone_windows')}",
        {"data_through": datetime.combine(newest + DAY, time())},
    )


def _fill(connection: duckdb.DuckDBPyConnection, configuration: Configuration, newest: date) -> None:
    """Fill the learners' tables, each bucket after the other so that memory is bounded by one bucket."""
    pulse = configuration.pulse
    rules = {"level_metric": pulse.level_metric, "min_active_days": pulse.min_active_days}
    _insert(connection, "users", {"newest_day": newest, "default_timezone": pulse.default_timezone})
    connection.execute(f"create temp table rolled_learners as {_model('rolled_learners')}")
    _refuse_collisions(connection)
    buckets = _buckets_of(connection)
    for keys in buckets:
        connection.execute(f"create or replace temp table bucket as {_model('bucket')}", keys)
        for part in _parts(keys["first_key"], keys["last_key"], PARTS_OF_A_BUCKET):
            _insert(connection, "daily_activity", part)
    connection.execute("drop table if exists bucket")
    connection.execute(
        f"create temp table platform_cuts as {_model('windows/platform_cuts')}", {"level_metric": pulse.level_metric}
    )
    columns = ", ".join(column.name for column in schema.table("pulse_totals").columns)
    totals = f"select {columns} from learner_windows order by user_key, user_id"
    for keys in buckets:
        windows = f"create or replace temp table learner_windows as {_model('windows/windows')}"
        connection.execute(windows, {**keys, **rules})
        connection.execute(f"insert into version.pulse_totals {totals}")
        _insert(connection, "learning_pulse", {**keys, "level_metric": pulse.level_metric})


def _buckets_of(connection: duckdb.DuckDBPyConnection) -> list[dict[str, int]]:
    return list(_buckets(*engine.one_row(connection, "select count(*) from activity")))


def _buckets(rows: int) -> Iterator[dict[str, int]]:
    """Yield ranges of keys, by their top bits, of about `ROWS_PER_BUCKET` rows of activity each."""
    bits = max(0, (rows - 1) // ROWS_PER_BUCKET).bit_length()
    yield from _parts(0, (1 << KEY_BITS) - 1, 1 << bits)


def _parts(first_key: int, last_key: int, parts: int) -> Iterator[dict[str, int]]:
    """Yield a range of keys in so many ranges of one width; both numbers are powers of two."""
    width = (last_key - first_key + 1) // parts
    for first in range(first_key, last_key, width):
        yield {"first_key": first, "last_key": first + width - 1}


def _refuse_collisions(connection: duckdb.DuckDBPyConnection) -> None:
    for first, second in connection.execute(_model("collisions")).fetchall():
        raise CheckFailedError(f"learners {first!r} and {second!r} have the same user_key; give one of them another id")


def _insert(connection: duckdb.DuckDBPyConnection, table: str, parameters: dict[str, Any]) -> None:
    connection.execute(f"insert into version.{table} by name {_model(table)}", parameters)
    reached("build: one filled")


def _model(name: str) -> str:
    return engine.sql(HERE / f"{name}.sql")
