"""Removing what a killed run leaves behind; the next run begins as if there had been none (FAULTS 1).

Only the holder of the run's lock may do this. Readers are not disturbed: nothing that the pointer names is touched, and
nothing else without a manifest may be served. A version that was built to its end and not published stays: it may be
looked at, or published. The next build removes it.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from warehouse.disk.files import UNFINISHED

SPILLED = "duckdb_temp_*"


def remove_leftovers(data_dir: Path) -> None:
    """Remove half-written files of lake and versions, versions without a manifest, and what DuckDB has spilled."""
    versions = data_dir / "warehouse" / "versions"
    remove_unfinished(data_dir / "lake")
    remove_unfinished(versions)
    remove_unfinished(data_dir / "warehouse" / "building")
    _remove_incomplete_versions(versions, data_dir / "warehouse" / "pulse.duckdb")
    remove_unfinished(data_dir / "tmp")
    remove_spilled(data_dir / "tmp")


def remove_unfinished(folder: Path) -> None:
    """Remove what `files.written_beside` and temporary folders have left below `folder`."""
    for path in folder.rglob(f".*{UNFINISHED}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def remove_spilled(folder: Path) -> None:
    """Remove DuckDB's spill files from a folder, and the folder once it is empty; other files stay."""
    for path in folder.glob(SPILLED):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _remove_incomplete_versions(versions: Path, pointer: Path) -> None:
    """Remove files that lost their manifest, or never got one, and manifests without a file."""
    kept = pointer.readlink().stem if pointer.is_symlink() else None
    for file in versions.glob("pulse-*"):
        is_whole = all(file.with_suffix(suffix).exists() for suffix in (".duckdb", ".json"))
        if file.suffix in {".duckdb", ".json", ".lookup"} and not is_whole and file.stem != kept:
            file.unlink()
