"""Why a DuckDB database cannot be read as asked, and the way out."""

import re
from pathlib import Path

import duckdb

HELD = re.compile(r"\(PID (\d+)")


def duckdb_file(url: str, folder: Path) -> Path | None:
    """Return the file that a URL of DuckDB names, None if it names none.

    Args:
        url: such as `duckdb:///platform.duckdb`.
        folder: what a relative path is relative to.
    """
    name = url.partition("://")[2].removeprefix("/")
    return folder / name if name else None


def trouble(file: Path, error: duckdb.Error) -> str | None:
    """Return what keeps a database from being opened, and the way out; None where that is not known.

    Args:
        file: the database.
        error: what DuckDB said.
    """
    return _of_path(file) or _of_message(file, str(error))


def _of_path(file: Path) -> str | None:
    try:
        if file.is_dir():
            return f"{file} is a folder; name the DuckDB file in it"
        if not file.exists():
            return f"there is no file {file}; correct the url, a relative path starts at the configuration file"
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}; let our user read it"
    return None


def _of_message(file: Path, reason: str) -> str | None:
    if "Permission denied" in reason:
        return f"{file} cannot be read: Permission denied; let our user read it"
    if "not a valid DuckDB database" in reason:
        return f"{file} is no DuckDB database; name another file"
    if "Could not set lock" in reason:
        holder = HELD.search(reason)
        process = f"process {holder[1]}" if holder else "another process"
        return f"{process} has {file} open for writing, so DuckDB lets nobody read it; try again when it has ended"
    if "version number" in reason:
        return f"{file} is of a DuckDB newer than ours ({duckdb.__version__}); name a copy in its format"
    return None
