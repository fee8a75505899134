"""Beside step 5: which complete dates the new version restates, and why (docs/RULES.md, Words).

A version is compared with the last one that was put in place, which `lake/basis.parquet` describes. Compared are the
dates that UTC days with changed activity can reach. What earlier versions restated comes from
`lake/restatements.parquet`. Both files are written by step 7.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path

import duckdb

from assets.night.night import Night
from assets.step4_roll_up.activity import fill_zones_in_force, make_zone_segments
from assets.step5_build.days.before import damage_of
from warehouse import engine, zones
from warehouse.disk.files import written_beside
from warehouse.errors import StorageError
from warehouse.lake.days import DAY
from warehouse.lake.lake import Lake
from warehouse.versions.basis import WRITE_BASIS, Basis, dates_touched

RESTATED = Path(__file__).with_name("restated.sql")
ALL = Path(__file__).with_name("all_restatements.sql")
RESTATEMENTS = Path(__file__).with_suffix(".sql")

KEPT_COLUMNS = "user_id, activity_date, measure, old, new, version, reason"
# try_cast, because DuckDB also converts what stands in a column's dictionary and in no row
# (tests/warehouse/test_duckdb_values.py).
KNOWN_RESTATEMENTS = f"""
select {KEPT_COLUMNS}
from {{files}}
where $sequence::bigint is null or try_cast(split_part(version, '-', 5) as bigint) <= $sequence::bigint
"""


def fill_restatements(
    connection: duckdb.DuckDBPyConnection,
    night: Night,
    basis: Basis,
    buckets: Iterable[Mapping[str, int]],
    *,
    is_in_full: bool,
) -> None:
    """Fill the table `restatements` of the version that is being built, after its other tables.

    Args:
        connection: in the version, with `zones_in_force` and `zone_segments`.
        night: where lake and warehouse are.
        basis: what the version is made from.
        buckets: ranges of keys to compare one after the other.
        is_in_full: whether the version was made from nothing; then any date may differ, and all are compared, unless
            the version before is damaged and says nothing for certain.

    Raises:
        StorageError: the version before is there and cannot be read.
    """
    before = comparable(night)
    make_known_restatements(connection, night.lake, before)
    connection.execute("create temp table new_restatements as select * from version.restatements where false")
    if before is not None:
        may_be_any = is_in_full and not damage_of(night.warehouse, before.version)
        changed_days = {*before.content_hashes, *basis.content_hashes} if may_be_any else basis.days_to_group(before)
        touched = {day for day in dates_touched(changed_days) if day <= before.newest_day}
        if touched:
            engine.create(connection, "dates_touched", activity_date=sorted(touched))
            _compare(connection, night, before, basis, buckets)
    connection.execute(f"insert into version.restatements by name {engine.sql(ALL)}")


def comparable(night: Night) -> Basis | None:
    """Return what the version before was made from, None if there is none or its file is gone."""
    basis = Basis.read(night.lake)
    if basis is None or not night.warehouse.file(basis.version).exists():
        return None
    return basis


def make_known_restatements(connection: duckdb.DuckDBPyConnection, lake: Lake, before: Basis | None) -> None:
    """Make the table `known_restatements` of all versions up to the one before.

    Restatements of a later version were recorded by a run that died before it put that version in place. The comparison
    with the version before finds them again. They are then recorded under the version that is built now.
    """
    empty = f"select {KEPT_COLUMNS} from version.restatements where false"
    connection.execute(f"create or replace temp table known_restatements as {empty}")
    if lake.restatements.exists():
        query = KNOWN_RESTATEMENTS.format(files=engine.files([lake.restatements]))
        parameters = {"sequence": before.sequence if before else None}
        connection.execute(f"insert into known_restatements {query}", parameters)


def write_basis(connection: duckdb.DuckDBPyConnection, lake: Lake, basis: Basis, file: Path) -> None:
    """Write what a version is made from beside it; step 7 copies the file into the lake."""
    source = engine.files([lake.zones]) if lake.zones.exists() else "recorded_zones"
    with written_beside(file) as unfinished:
        query = WRITE_BASIS.format(zones=source)
        connection.execute(query, {"file": str(unfinished), "about": basis.to_json()})


def _compare(
    connection: duckdb.DuckDBPyConnection,
    night: Night,
    before: Basis,
    basis: Basis,
    buckets: Iterable[Mapping[str, int]],
) -> None:
    file = night.warehouse.file(before.version)
    try:
        with engine.attached(connection, file, "before"):
            _make_complete_dates(connection, before, basis)
            first = "create or replace temp table restated as"
            for keys in buckets:
                connection.execute(f"{first} {engine.sql(RESTATED)}", dict(keys))
                first = "insert into restated"
    except duckdb.Error as error:
        raise StorageError(
            f"version {before.version}: what is restated cannot be told, {file} cannot be read "
            f"({' '.join(str(error).split())}); move that file away to go on without"
        ) from error
    if engine.one_row(connection, "select count(*) from restated")[0]:
        _give_reasons(connection, night, before, basis)


def _make_complete_dates(connection: duckdb.DuckDBPyConnection, before: Basis, basis: Basis) -> None:
    """Make `complete_dates`: for each zone the last date that is over in the version before, and in this one."""
    query = "select distinct timezone from before.users union select distinct timezone from version.users"
    names = {name for (name,) in connection.execute(query).fetchall() if zones.is_zone(name)}
    zone_names = sorted(names | {basis.default_timezone})
    engine.create(
        connection,
        "complete_dates",
        zone=zone_names,
        last_before=[_last_complete(name, before.newest_day) for name in zone_names],
        last_now=[_last_complete(name, basis.newest_day) for name in zone_names],
    )


def _last_complete(zone: str, newest: date) -> date:
    """Return the last local date that is over when a UTC day ends, even if clocks go back over midnight."""
    start = datetime.combine(newest + DAY, time())
    coming = zones.segments(zone, start, start + DAY)
    return min((segment.from_utc + segment.offset).date() for segment in coming) - DAY


def _give_reasons(connection: duckdb.DuckDBPyConnection, night: Night, before: Basis, basis: Basis) -> None:
    first, last = engine.one_row(connection, "select min(activity_date), max(activity_date) from restated")
    days_made = basis.made_from.keys() | before.made_from.keys()
    days = sorted(day for day in days_made if first - DAY <= day <= last + DAY)
    of_source = set(basis.source_days(before))
    engine.create(connection, "days_touching", day=days, is_of_source=[day in of_source for day in days])
    _make_zones_before(connection, night.lake, before)
    defaults = (basis.default_timezone, before.default_timezone)
    make_zone_segments(connection, defaults, days[0], days[-1] + DAY, ("zones_in_force", "zones_in_force_before"))
    connection.execute(
        f"insert into new_restatements by name {engine.sql(RESTATEMENTS)}",
        {
            "version": basis.version,
            "default_timezone": basis.default_timezone,
            "default_timezone_before": before.default_timezone,
            "is_other_zone_data": basis.zone_data != before.zone_data,
        },
    )


def _make_zones_before(connection: duckdb.DuckDBPyConnection, lake: Lake, before: Basis) -> None:
    """Make `zones_in_force_before`, as `zones_in_force` was when the version before was made."""
    recorded = engine.files([lake.basis])
    connection.execute(f"create or replace temp table recorded_zones as select * from {recorded}")
    fill_zones_in_force(connection, "zones_in_force_before", before.default_timezone, before.zone_names)
