"""Why a SQLite file cannot be read as asked, and the way out.

A file is opened for reading only. SQLite needs to write all the same where a writer has died (a hot journal), and
beside a file in WAL mode; what it says then is "unable to open database file".
"""

import sqlite3
from pathlib import Path

MAGIC = b"SQLite format 3\x00"
VERSIONS = slice(18, 20)  # of the header: 2 is WAL mode
IN_WAL_MODE = b"\x02\x02"
BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_RECOVERY"}


def trouble(file: Path, error: BaseException) -> str | None:
    """Return what keeps a file from being read, and the way out; None where the file itself is in order.

    Args:
        file: the database.
        error: what SQLite said.
    """
    code = getattr(error, "sqlite_errorname", "")
    if not isinstance(error, sqlite3.Error) or code in BUSY:
        return None
    return _of_place(file) or _of_content(file, code)


def _of_place(file: Path) -> str | None:
    try:
        if file.is_dir():
            return f"{file} is a folder; name the SQLite file in it"
        if not file.exists():
            return f"there is no file {file}; correct the url, a relative path starts at the configuration file"
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}; let our user read it"
    return None


def _of_content(file: Path, code: str) -> str | None:
    header = _header(file)
    if code == "SQLITE_NOTADB" or (header and not header.startswith(MAGIC)):
        return f"{file} is no SQLite database, or an encrypted one; name another file"
    journal = file.with_name(f"{file.name}-journal")
    if code == "SQLITE_READONLY_ROLLBACK" or (code.startswith("SQLITE_CANTOPEN") and _is_filled(journal)):
        return (
            f"a writer of {file} has died in the middle of a change, and {journal.name} still has to be rolled back, "
            "which needs the right to write; open it once with the application, or with `sqlite3`, and try again"
        )
    is_wal = header[VERSIONS] == IN_WAL_MODE
    if is_wal and code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
        return (
            f"{file} is in WAL mode, and {file.name}-shm cannot be written beside it: the folder is read-only for our "
            f"user; let it write there, or read a copy made by `sqlite3 {file.name} \"vacuum into 'COPY'\"`"
        )
    return None


def _header(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(100)


def _is_filled(journal: Path) -> bool:
    return journal.exists() and journal.stat().st_size > 0
