"""Exporting a version as Parquet files, for whoever does not open it with DuckDB (docs/guide/analyse.md).

Tables with local dates are a folder with a file for each month; any other is one file. Rows stand in the order of the
table. The folder is written beside its place and renamed when it is whole. It is nobody's data folder: no run looks
at it, and no erasure reaches it.
"""

import json
import os
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.disk import modes
from warehouse.disk.files import make_folder, sync, writing
from warehouse.disk.interruption import finished_first
from warehouse.disk.lock import acquired
from warehouse.erasure.erased import erased_of
from warehouse.erasure.suppression import FIND_SUPPRESSED
from warehouse.errors import ConfigurationError, DamagedError, LockHeldError, NoVersionError
from warehouse.lake.lake import Lake
from warehouse.versions import schema
from warehouse.versions.verification import verify
from warehouse.versions.versions import Warehouse

CONTENT = "export.json"  # what an export says of itself, written last; the folder is known by it
SPILL = ".tmp"
LOCAL_DATE = "activity_date"
# Parquet has no integer of 128 bits, for which DuckDB would write a double.
HUGEINTS = """select column_name from duckdb_columns()
where database_name = 'version' and table_name = $table and data_type = 'HUGEINT'"""
COPY = """copy (select {columns} from version.{table}{where}) to {file}
(format parquet, compression zstd, kv_metadata {{version: {version}}})"""


class Exported(NamedTuple):
    """What an export has: the version, and the rows of each file, by its path in the folder."""

    version: str
    rows: dict[str, int]


def export(configuration: Configuration, folder: Path, version: str | None, tables: Collection[str]) -> Exported:
    """Write the tables of a version as Parquet files into a new or empty folder, or over an earlier export.

    Args:
        configuration: whose version.
        folder: where to; its parent is made where it is missing.
        version: its name, by default that of the version that readers get.
        tables: which of them, by default all.

    Raises:
        ConfigurationError: the folder is not for an export, or the version has no such table.
        NoVersionError: there is no such version, or it is not what its manifest says.
        DamagedError: the version has a learner who is erased, or nobody knows who is.
        LockHeldError: another export to this folder is under way.
        StorageError: it cannot be written; the folder is what it was.
    """
    folder = folder.resolve()
    _refuse_folder(configuration, folder)
    warehouse = Warehouse.of(configuration)
    version = version or warehouse.current()
    if version is None:
        raise NoVersionError(f"nothing is published in {warehouse.root} yet; run `pulse nightly`")
    warehouse.refuse_unknown(version)
    verify(warehouse, version, leaves_receipt=False)
    with (
        _written_whole(folder) as unfinished,
        engine.connect(unfinished / SPILL) as connection,
        engine.attached(connection, warehouse.file(version), "version"),
    ):
        _refuse_erased(configuration, connection, version)
        rows = {
            str(file.relative_to(unfinished)): count
            for table in _wanted(connection, version, tables)
            for file, count in _written(connection, table, version, unfinished)
        }
        exported = Exported(version, rows)
        (unfinished / CONTENT).write_text(json.dumps(exported._asdict(), indent=2) + "\n", encoding="utf-8")
    return exported


# --- the folder -------------------------------------------------------------------------------------------------------


def _refuse_folder(configuration: Configuration, folder: Path) -> None:
    """Make sure that nothing but an earlier export stands where an export goes."""
    reason = ""
    if folder.is_relative_to(configuration.data_dir.resolve()):
        reason = "is in the data folder, where only runs write"
    elif folder.exists() and not folder.is_dir():
        reason = "is a file"
    elif folder.is_mount():
        reason = "is where something is mounted, and cannot be replaced"
    elif folder.is_dir() and (other := _not_of_export(folder)):
        reason = f"has {other}, which is of no export"
    if reason:
        raise ConfigurationError([f"{folder} {reason}; name a new or empty folder"])


def _not_of_export(folder: Path) -> str:
    """Return the name of something in a folder that no export has written, empty if there is nothing."""
    try:
        own = {CONTENT, *json.loads((folder / CONTENT).read_text(encoding="utf-8"))["rows"]}
    except (OSError, ValueError, TypeError, KeyError):
        own = set()
    files = (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())
    return next((name for name in (str(file.relative_to(folder)) for file in files) if name not in own), "")


@contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside another; when the block ends well, it is put in the other's place."""
    unfinished, replaced = (folder.with_name(f".{folder.name}.{state}") for state in ("unfinished", "replaced"))
    with writing(folder):
        make_folder(folder.parent)
        unfinished.mkdir(modes.OWN_FOLDER, exist_ok=True)
        descriptor = os.open(unfinished, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if not acquired(descriptor, 0, lambda _: None):
            raise LockHeldError(f"{unfinished} is being written by another export; try again when it has ended")
        try:
            with writing(folder):
                _tidy(folder, unfinished, replaced)
            yield unfinished
            with writing(folder):
                _put_in_place(folder, unfinished, replaced)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
            if folder.exists():
                shutil.rmtree(replaced, ignore_errors=True)
    finally:
        os.close(descriptor)


def _tidy(folder: Path, unfinished: Path, replaced: Path) -> None:
    """Remove what a killed export has left, and bring back what it was about to replace."""
    for path in unfinished.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if replaced.exists() and not folder.exists():
        replaced.rename(folder)
    shutil.rmtree(replaced, ignore_errors=True)


def _put_in_place(folder: Path, unfinished: Path, replaced: Path) -> None:
    shutil.rmtree(unfinished / SPILL, ignore_errors=True)
    _give_modes(unfinished, folder)
    with finished_first():
        if folder.exists():
            folder.rename(replaced)
        try:
            unfinished.rename(folder)
        except OSError:
            if replaced.exists():
                replaced.rename(folder)
            raise
        sync(folder.parent)


def _give_modes(unfinished: Path, folder: Path) -> None:
    """Let owner and group read an export; one in the place of a folder gets the mode and the group of that."""
    before = folder.stat() if folder.exists() else None
    for path in (unfinished, *unfinished.rglob("*")):
        if before:
            modes.change_if_allowed(os.chown, path, -1, before.st_gid)
        modes.change_if_allowed(os.chmod, path, modes.FOLDER if path.is_dir() else modes.READ_BY_GROUP)
        sync(path)
    if before:
        modes.change_if_allowed(os.chmod, unfinished, stat.S_IMODE(before.st_mode))


# --- the files --------------------------------------------------------------------------------------------------------


def _refuse_erased(configuration: Configuration, connection: duckdb.DuckDBPyConnection, version: str) -> None:
    """Make sure that no erasure is half-way: then the version still has the learner, and an export would keep it."""
    erased = erased_of(Lake.of(configuration), Warehouse.of(configuration))
    if not erased.hashes:
        return
    connection.execute("create temp view everybody as select user_id from version.users")
    engine.create(connection, "listed", hash=sorted(erased.hashes))
    if connection.execute(engine.sql(FIND_SUPPRESSED), {"salt": erased.salt}).fetchall():
        message = f"version {version} has a learner who is erased; complete `pulse erase`, which makes one without"
        raise DamagedError(message)


def _wanted(connection: duckdb.DuckDBPyConnection, version: str, tables: Collection[str]) -> list[str]:
    """Return the tables to export, in the order of the schema; a version may be of an older schema, and have fewer."""
    names = connection.execute("select table_name from duckdb_tables() where database_name = 'version'").fetchall()
    known = [table.name for table in schema.tables() if (table.name,) in names]
    if unknown := sorted({*tables} - {*known}):
        raise ConfigurationError([f"version {version} has no table {unknown[0]}; it has {', '.join(known)}"])
    return [name for name in known if not tables or name in tables]


def _written(
    connection: duckdb.DuckDBPyConnection, table: str, version: str, folder: Path
) -> Iterator[tuple[Path, int]]:
    """Write the files of a table, and yield each with its rows."""
    hugeints = connection.execute(HUGEINTS, {"table": table}).fetchall()
    replaced = ", ".join(f"{name}::decimal(38, 0) as {name}" for (name,) in hugeints)
    columns = f"* replace ({replaced})" if replaced else "*"
    for where, file in _files(connection, table, folder):
        copy = COPY.format(
            columns=columns,
            table=table,
            where=where,
            file=engine.quoted(str(file)),
            version=engine.quoted(version),
        )
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            yield file, engine.one_row(connection, copy)[0]


def _files(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the condition and the path of each file of a table."""
    if LOCAL_DATE not in {column.name for column in schema.table(table).columns}:
        yield "", folder / f"{table}.parquet"
        return
    for month in _months(connection, table):
        of_month = f" where {LOCAL_DATE} between date '{month}' and last_day(date '{month}')"
        yield of_month, folder / table / f"month={month.isoformat()[:7]}" / f"{table}.parquet"


def _months(connection: duckdb.DuckDBPyConnection, table: str) -> list[date]:
    """Return the months of a table; without rows it has that of the newest day, so that its columns are known."""
    query = f"select distinct date_trunc('month', {LOCAL_DATE})::date as month from version.{table} order by month"
    newest = "select date_trunc('month', newest_day)::date from version.version_info"
    return [month for (month,) in connection.execute(query).fetchall() or connection.execute(newest).fetchall()]
