"""Step 5: build a version from the lake, bucket by bucket, ordered by key (R12 to R18, R21, R24).

A version is a pure function of lake and configuration. What the version before says of dates that nothing new can reach
is kept; a build from nothing gives the same. A version is built under its own name beside the published ones. Nobody
reads it before step 6 has checked it and step 7 has put it in place.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from assets.night.night import Night
from assets.step4_roll_up.activity import make_zone_segments, make_zones_in_force
from assets.step4_roll_up.own_dates import view_activity
from assets.step5_build.days.before import Kept, fingerprint, kept_of_before
from assets.step5_build.days.days import group_all, group_by_stream, keep_and_group
from assets.step5_build.days.proof import DriftError, prove, range_of
from assets.step5_build.describe import describe, sign
from assets.step5_build.key_ranges import Keys, buckets_of
from assets.step5_build.lookup_file.fill import fill_lookup_file
from assets.step5_build.profile.fill import Profile
from assets.step5_build.remarks.remarks import remarks_of
from assets.step5_build.restatements.restatements import fill_restatements, write_basis
from assets.step5_build.sums.sums import Counted, count_all, count_changed, write_sums
from warehouse import engine
from warehouse.crash_points import reached
from warehouse.disk.files import UNFINISHED, make_folder, writing
from warehouse.errors import CheckFailedError, PulseError
from warehouse.lake.days import DAY, days_between
from warehouse.lake.learners import view_landed_users
from warehouse.versions import schema
from warehouse.versions.basis import Basis
from warehouse.versions.manifest import sequence_of, version_name
from warehouse.versions.remarks import Remarks

HERE = Path(__file__).parent
# What DuckDB 2.0 writes by default, 1.5 cannot open. An unfinished version is thrown away, so it needs no log. And with
# one, DuckDB aborts the process if the disk fails. In blocks of DuckDB's own 262,144 bytes the file is larger by a
# quarter, and a look-up by SQL takes longer.
ATTACH = "attach {} as version (storage_version 'v1.5.0', block_size 65536, recovery_mode 'no_wal_writes')"

DRIFTED = "what was kept of the version before is not what the activity says"


@dataclass(frozen=True)
class Built:
    """A version that has been built and not yet been published.

    Args:
        version: its name.
        newest_day: the last UTC day in it.
        rows: rows of each public table.
        remarks: what it has to say of its sources.
        logical_hash: as in `version_info` (R24).
        sums_hash: of its sums by day; the same for every build of a lake.
    """

    version: str
    newest_day: date
    rows: Mapping[str, int]
    remarks: Remarks
    logical_hash: str
    sums_hash: str


def build(night: Night, in_full: str = "", doubt: str = "", *, is_proven_whole: bool = False) -> Built | None:
    """Build a version up to the newest day: from the version before and what is new, or from the lake alone.

    Args:
        night: the lake, with activity that is up to date, and the rules' parameters.
        in_full: why nothing of the version before is kept; empty if something may be.
        doubt: what a version that was built just now, and kept something, was thrown away for.
        is_proven_whole: whether all that is kept is proven, and not a part.

    Returns:
        What was built; None before every stream has `first_day` (R25).

    Raises:
        CheckFailedError: the learners have not landed yet, or two ids have one key.
        PulseError: the list of erased learners cannot be read, or is gone.
    """
    lake, newest = night.lake, night.newest_day
    night.erased_learners()  # a lake without it may have learners again who are erased
    if newest is None:
        return None
    if not lake.users.exists():
        streams = ", ".join(stream.name for stream in night.configuration.users_streams)
        raise CheckFailedError(f"stream {streams}: no learners have landed in {lake.users}; run `pulse nightly`")
    try:
        return _build(night, newest, in_full, doubt, is_proven_whole=is_proven_whole)
    except DriftError as drift:
        return _build(night, newest, DRIFTED, f"{drift}; the version was built in full")


def throw_away(night: Night) -> None:
    """Remove what has been built and will not be published."""
    _empty(night.warehouse.building("*").parent)


def _build(night: Night, newest: date, in_full: str, doubt: str, *, is_proven_whole: bool = False) -> Built:
    lake, warehouse = night.lake, night.warehouse
    last = warehouse.newest()
    version = version_name(newest, lake.next_sequence(above=sequence_of(last) if last else 0))
    reached("build: numbered")
    basis = Basis.of(night.configuration, lake, version, newest, fingerprint(night.configuration))
    kept = in_full or kept_of_before(night, basis, is_proven_whole=is_proven_whole)
    with (
        night.progress.step("version") as summarize,
        _written_alone(warehouse.building(version)) as unfinished,
        night.connect() as connection,
    ):
        connection.execute(ATTACH.format(engine.quoted(str(unfinished))))
        pulse = night.configuration.pulse
        schema.create(connection, "version", has_profile=pulse.profile, has_streams=pulse.by_stream)
        reached("build: tables made")
        _view_lake(connection, night, newest)
        buckets = buckets_of(connection)
        _insert(connection, "users", {"newest_day": newest, "default_timezone": basis.default_timezone})
        with engine.attached(connection, kept.file, "before") if isinstance(kept, Kept) else nullcontext():
            _fill_days(connection, night, kept, buckets)
            _fill_pulses(connection, night, buckets)
            _fill_profiles(connection, night, newest, kept if isinstance(kept, Kept) else None, buckets)
        basis = replace(basis, part=kept.part) if isinstance(kept, Kept) else basis
        if pulse.by_stream:
            group_by_stream(connection, buckets)
        describe(connection, night, newest)
        fill_restatements(connection, night, basis, buckets, is_in_full=isinstance(kept, str))
        reached("build: filled")
        counted = kept.changed_days if isinstance(kept, Kept) else basis.content_hashes
        about_sums = Counted(version, basis.part, frozenset(counted))
        sums_hash = write_sums(connection, about_sums, warehouse.building_sums(version))
        write_basis(connection, lake, basis, warehouse.building_basis(version))
        reached("build: basis written")
        kept_from, in_full = (kept.version, "") if isinstance(kept, Kept) else ("", kept)
        remarks = remarks_of(connection, night, newest, doubt)
        remarks = replace(remarks, kept_from=kept_from, in_full=in_full, drift=doubt)
        remarks.write(warehouse.building_remarks(version))
        logical_hash = sign(connection, night.configuration, version, newest)
        reached("build: signed")
        fill_lookup_file(connection, warehouse.building_lookup_file(version), version)
        reached("build: look-up file written")
        rows = schema.row_counts(connection, "version")
        connection.execute("detach version")
        reached("build: detached")
        summarize(f"{version}, {rows['pulse_totals']:,} learners, {rows['daily_activity']:,} active days")
    for line in remarks.lines():
        night.progress.note(line)
    return Built(version, newest, rows, remarks, logical_hash, sums_hash)


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
    view_activity(connection, night.configuration, [lake.activity(day) for day in days])
    view_landed_users(connection, lake)
    make_zones_in_force(connection, lake, pulse.default_timezone, night.configuration.zone_names)
    # A day beyond data through: its offset, too, says which date is over.
    make_zone_segments(connection, [pulse.default_timezone], newest, newest + 2 * DAY)
    connection.execute(
        f"create temp table zone_windows as {_model('windows/zone_windows')}",
        {"data_through": datetime.combine(newest + DAY, time())},
    )


def _fill_days(connection: duckdb.DuckDBPyConnection, night: Night, kept: Kept | str, buckets: Sequence[Keys]) -> None:
    """Fill `daily_activity`: from all activity, or from the version before, attached as `before`, and what is new."""
    if isinstance(kept, str):
        count_all(connection)
        _refuse_collisions(connection)
        group_all(connection, buckets)
        return
    count_changed(connection, night.configuration, night.lake, kept)
    _refuse_collisions(connection)
    keep_and_group(connection, night.configuration, night.lake, kept, buckets)
    for part in kept.proven:
        prove(connection, part)


def _fill_pulses(connection: duckdb.DuckDBPyConnection, night: Night, buckets: Sequence[Keys]) -> None:
    """Fill windows, totals and levels, bucket by bucket so that memory is bounded by one bucket."""
    pulse = night.configuration.pulse
    rules = {"level_metric": pulse.level_metric, "min_active_days": pulse.min_active_days}
    connection.execute(
        f"create temp table platform_cuts as {_model('windows/platform_cuts')}", {"level_metric": pulse.level_metric}
    )
    columns = ", ".join(column.name for column in schema.table("pulse_totals").columns)
    totals = f"select {columns} from learner_windows order by user_key, user_id"
    for keys in buckets:
        windows = f"create or replace temp table learner_windows as {_model('windows/windows')}"
        connection.execute(windows, {**keys, **rules})
        connection.execute(f"insert into version.pulse_totals {totals}")
        _insert(connection, "windows/learning_pulse", {**keys, "level_metric": pulse.level_metric})


def _fill_profiles(
    connection: duckdb.DuckDBPyConnection, night: Night, newest: date, kept: Kept | None, buckets: Sequence[Keys]
) -> None:
    """Fill the tables of the profile, and prove what was kept in them."""
    if night.configuration.pulse.profile:
        profile = Profile(connection, night, newest, kept)
        profile.fill(buckets)
        for keys in map(range_of, kept.proven if kept else ()):
            profile.prove(keys)


def _refuse_collisions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `rolled_learners` of what was counted; a learner's key has to be the learner's own."""
    connection.execute(f"create temp table rolled_learners as {_model('rolled_learners')}")
    for first, second in connection.execute(_model("collisions")).fetchall():
        way_out = "have the same user_key; give one of them another id"
        raise CheckFailedError(f"learners {first!r} and {second!r} {way_out}", f"two learners {way_out}")


def _insert(connection: duckdb.DuckDBPyConnection, model: str, parameters: dict[str, Any]) -> None:
    table = model.rpartition("/")[2]
    connection.execute(f"insert into version.{table} by name {_model(model)}", parameters)
    reached("build: one filled")


def _model(name: str) -> str:
    return engine.sql(HERE / f"{name}.sql")
