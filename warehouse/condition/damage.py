"""What can be wrong with a data folder that was copied, damaged or belongs to somebody else, and the way out of it.

Belongs here: looking for the culprit after something has failed, for a line that a person can act on (FAULTS 56).
Nothing is mended, and a run that goes well never comes here. What must be refused before it does harm is refused where
it is read: `warehouse/versions/versions.py`, `warehouse/lake/lake.py`, `warehouse/erasure/suppression.py`.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb

from warehouse import engine
from warehouse.disk.files import a_file, below
from warehouse.disk.owners import user_name
from warehouse.erasure.erased import erased_of
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

SQLITE_FILE = b"SQLite format 3\0"
MADE_AGAIN = {"activity"}  # folders of the lake whose files every build makes again
OF_LEARNERS = {"users.parquet", "zones.parquet", "profiles.parquet", "basis.parquet"}
RESTORE = "restore it from a backup"


def way_out(place: Path, data_dir: Path) -> str:  # noqa: PLR0911 - a table, a line for each kind of file
    """Return what to do about a file of a data folder that cannot be used.

    Args:
        place: the file.
        data_dir: the folder that it belongs to.
    """
    parts = place.relative_to(data_dir).parts if place.is_relative_to(data_dir) else ()
    match parts:
        case ("lake", folder, _) if folder in MADE_AGAIN:
            return "delete it, every build makes it again"
        case ("lake", "erasures", _):
            return f"{RESTORE}, or run `pulse erase` again for that learner"
        case ("lake", folder, name):
            backfill = f"`pulse backfill --stream {folder} --from {name[:10]} --to {name[:10]}`"
            again = "the next night" if name.startswith("undated") else backfill
            return f"{RESTORE}, or delete it and run {again}"
        case ("lake", "users.parquet" | "profiles.parquet"):
            return f"{RESTORE}, or delete it and run `pulse nightly`"
        case ("lake", "proofs.parquet" | "basis.parquet"):
            return f"{RESTORE}, or delete it: it is made again"
        case ("warehouse", "versions", _):
            return f"{RESTORE}, or choose another version with `pulse rollback VERSION`"
        case ("dagster", *_):
            return f"{RESTORE}, or delete it: Dagster's history begins anew, and nothing else is lost"
        case _:
            return RESTORE


def described(error: Exception, data_dir: Path) -> str | None:
    """Return the line about what is damaged in a data folder, given what failed because of it.

    Args:
        error: anything that is no error of ours.
        data_dir: the folder of the command's configuration.

    Returns:
        The thing, the culprit and the way out; None if the folder has nothing that would explain it.
    """
    if isinstance(error, OSError) and isinstance(error.filename, (str, bytes)):
        return of_system(error, data_dir)
    try:
        return next(culprits(data_dir), None)
    except OSError as refused:
        return of_system(refused, data_dir)


def of_system(error: OSError, data_dir: Path) -> str:
    """Return the line about a file that the system does not let us use as we want."""
    name = error.filename.decode(errors="replace") if isinstance(error.filename, bytes) else str(error.filename)
    place = Path(name)
    reason = (error.strerror or type(error).__name__).lower()
    if isinstance(error, PermissionError):
        return f"{place}: {reason} for user {user_name(os.geteuid())}; {_owners_way(place)}"
    if not place.is_relative_to(data_dir):
        return f"{place}: {reason}"
    return f"{place}: {reason}; {way_out(place, data_dir)}"


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
    for place in _files(data_dir):
        reason = _complaint(place)
        if reason is not None:
            yield f"{place} cannot be read ({reason}); {way_out(place, data_dir)}"


def _files(data_dir: Path) -> Iterator[Path]:
    """Yield what the lake, the versions' folder and Dagster's history have, folders in the place of files too."""
    for folder in ("lake", "warehouse/versions", "dagster/history", "dagster/schedules"):
        yield from (place for place in sorted((data_dir / folder).rglob("*.parquet")) if place.is_dir())
        yield from below(data_dir / folder, "")


def _complaint(place: Path) -> str | None:
    """Return why a file is not what its name says, None if it is."""
    if place.suffix in {".parquet", ".json"} and place.is_dir():
        return "it is a folder"
    with a_file(place).open("rb") as file:
        beginning = file.read(len(SQLITE_FILE))
    try:
        if place.suffix == ".parquet":
            _read_columns(place)
        if place.suffix == ".json":
            json.loads(place.read_text(encoding="utf-8"))
    except (duckdb.Error, ValueError) as error:
        return _short(error)
    if place.suffix == ".db" and beginning not in {b"", SQLITE_FILE}:
        return "it is no SQLite file"
    return None


def _read_columns(place: Path) -> None:
    """Read every value of a file, so that a damaged page is found too."""
    with duckdb.connect() as connection:
        connection.execute(f"select count(columns(*)) from {engine.files([place])}").fetchall()
        names = {column[0] for column in connection.description or ()}
    if place.name in OF_LEARNERS and not any("user_id" in name for name in names):
        raise ValueError("it has no column user_id, so it is none of ours")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _owners_way(place: Path) -> str:
    """Return who may, as far as that can be seen: the owner of the file, or of the next folder above that can be."""
    for seen in (place, *place.parents):
        try:
            owner = seen.stat().st_uid
        except OSError:
            continue
        if owner != os.geteuid():
            return f"{seen} belongs to {user_name(owner)}: run the command as that user"
    return "look at its mode and its owner"
