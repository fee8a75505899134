"""Damage to a data folder, such as a bad copy or another owner, and the way out of it.

Belongs here: finding the damaged file after a failure, for a line that says what to do (FAULTS 56). Nothing is
repaired, and a run that goes well never calls this. What would do harm is refused where it is read:
`warehouse/versions/versions.py`, `warehouse/lake/lake.py`, `warehouse/erasure/suppression.py`.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb

from warehouse import engine
from warehouse.disk.files import UNFINISHED, below, regular_file
from warehouse.disk.owners import user_name
from warehouse.erasure.erased import erased_of
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

SQLITE_FILE = b"SQLite format 3\0"
MADE_AGAIN = {"activity"}  # folders of the lake whose files every build makes again
OF_LEARNERS = {"users.parquet", "zones.parquet", "profiles.parquet", "lookups.parquet", "basis.parquet", "sums.parquet"}
RESTORE = "restore it from a backup"


def way_out(path: Path, data_dir: Path) -> str:  # noqa: PLR0911 - a table, a line for each kind of file
    """Return what to do about a file of a data folder that cannot be used.

    Args:
        path: the file.
        data_dir: the folder that it belongs to.
    """
    parts = path.relative_to(data_dir).parts if path.is_relative_to(data_dir) else ()
    match parts:
        case ("lake", folder, _) if folder in MADE_AGAIN:
            return "delete it, every build makes it again"
        case ("lake", "erasures", _):
            return f"{RESTORE}, or run `pulse erase` again for that learner"
        case ("lake", folder, name):
            backfill = f"`pulse backfill --stream {folder} --from {name[:10]} --to {name[:10]}`"
            again = "the next night" if name.startswith("undated") else backfill
            return f"{RESTORE}, or delete it and run {again}"
        case ("lake", "users.parquet" | "profiles.parquet" | "lookups.parquet"):
            return f"{RESTORE}, or delete it and run `pulse nightly`"
        case ("lake", "proofs.parquet" | "basis.parquet" | "sums.parquet"):
            return f"{RESTORE}, or delete it: it is made again"
        case ("warehouse", "versions", name) if name.endswith(".lookup"):
            return f"{RESTORE}, or run `pulse build`"
        case ("warehouse", "versions", _):
            return f"{RESTORE}, or choose another version with `pulse rollback VERSION`"
        case ("dagster", *_):
            return f"{RESTORE}, or delete it: Dagster's history begins anew, and nothing else is lost"
        case _:
            return RESTORE


def damage_line(error: Exception, data_dir: Path) -> str | None:
    """Return the line about what is damaged in a data folder, given what failed because of it.

    Args:
        error: anything that is no error of ours.
        data_dir: the folder of the command's configuration.

    Returns:
        The thing, the culprit and the way out; None if the folder has nothing that would explain it.
    """
    if isinstance(error, OSError) and isinstance(error.filename, (str, bytes)):
        return system_error_line(error, data_dir)
    try:
        return next(culprits(data_dir), None)
    except OSError as refused:
        return system_error_line(refused, data_dir)


def system_error_line(error: OSError, data_dir: Path) -> str:
    """Return the line about a file that the system does not let us use as we want."""
    name = error.filename.decode(errors="replace") if isinstance(error.filename, bytes) else str(error.filename)
    path = Path(name)
    reason = (error.strerror or type(error).__name__).lower()
    if isinstance(error, PermissionError):
        return f"{path}: {reason} for user {user_name(os.geteuid())}; {_owner_hint(path)}"
    if not path.is_relative_to(data_dir):
        return f"{path}: {reason}"
    return f"{path}: {reason}; {way_out(path, data_dir)}"


def culprits(data_dir: Path) -> Iterator[str]:
    """Yield a line for everything in a data folder that cannot be read as what it is.

    Raises:
        OSError: something may not be looked at.
    """
    lake, warehouse = Lake(data_dir / "lake"), Warehouse(data_dir / "warehouse")
    for look in (warehouse.current, lambda: erased_of(lake, warehouse), lake.last_sequence):
        try:
            look()
        except DamagedError as error:
            yield str(error)
    for path, reason in damaged_files(data_dir):
        yield f"{path} cannot be read ({reason}); {way_out(path, data_dir)}"


def damaged_files(data_dir: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file of a data folder that is not what its name says, and why; but for what a run is writing.

    Raises:
        OSError: something may not be looked at.
    """
    with duckdb.connect() as connection:
        for path in _files(data_dir):
            if any(UNFINISHED in part for part in path.relative_to(data_dir).parts):
                continue
            with suppress(FileNotFoundError):  # a run has replaced it meanwhile
                reason = _defect(path, connection)
                if reason is not None and path.exists():
                    yield path, reason


def _files(data_dir: Path) -> Iterator[Path]:
    """Yield the files of lake, versions and Dagster's history, and folders that are named like files."""
    for folder in ("lake", "warehouse/versions", "dagster/history", "dagster/schedules"):
        yield from (path for path in sorted((data_dir / folder).rglob("*.parquet")) if path.is_dir())
        yield from below(data_dir / folder, "")


def _defect(path: Path, connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return why a file is not what its name says, None if it is."""
    if path.suffix in {".parquet", ".json"} and path.is_dir():
        return "it is a folder"
    with regular_file(path).open("rb") as file:
        beginning = file.read(len(SQLITE_FILE))
    try:
        if path.suffix == ".parquet":
            _read_columns(path, connection)
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
    except (duckdb.Error, ValueError) as error:
        return _short(error)
    if path.suffix == ".db" and beginning not in {b"", SQLITE_FILE}:
        return "it is no SQLite file"
    return None


def _read_columns(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Read every value of a file, so that a damaged page is found too."""
    connection.execute(f"select count(columns(*)) from {engine.files([path])}").fetchall()
    names = {column[0] for column in connection.description or ()}
    if path.name in OF_LEARNERS and not any("user_id" in name for name in names):
        raise ValueError("it has no column user_id, so it is none of ours")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _owner_hint(path: Path) -> str:
    """Return who may: the owner of the file, or of the nearest folder above it that can be looked at."""
    for ancestor in (path, *path.parents):
        try:
            owner = ancestor.stat().st_uid
        except OSError:
            continue
        if owner != os.geteuid():
            return f"{ancestor} belongs to {user_name(owner)}: run the command as that user"
    return "look at its mode and its owner"
