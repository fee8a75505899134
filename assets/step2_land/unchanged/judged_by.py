"""What rows are read and judged by, beside their mapping, as one fingerprint: our code, the libraries, who was erased.

A landing that was made by something else is read again (R23), because the same rows might land differently now. Nobody
has to remember to count a number up.
"""

import hashlib
import sqlite3
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from warehouse.configuration.configuration import Stream
from warehouse.erasure.suppression import Suppressed

ROOT = Path(__file__).parents[3]
FOLDERS = ("assets/step1_extract", "assets/step2_land", "warehouse")  # whatever makes a landing of what a source says
LIBRARIES = ("adbc-driver-postgresql", "duckdb", "pandas", "psycopg", "pyarrow", "pymysql", "sqlalchemy", "tzdata")
DIGITS = 16


def judged_by(stream: Stream, erased: Suppressed) -> str:
    """Return the fingerprint, in hex.

    Args:
        stream: whose `moves` is no part of its mapping, and yet decides where a night looks for the ids of a day.
        erased: whose rows are left out. After an erasure every landing is one of another fingerprint, so also those
            that it has taken rows from.
    """
    return _digest(_code_and_libraries(), str(stream.moves), *sorted(erased.hashes))


@cache
def _code_and_libraries() -> str:
    files = sorted(file for folder in FOLDERS for kind in ("py", "sql") for file in (ROOT / folder).rglob(f"*.{kind}"))
    code = (f"{file.relative_to(ROOT)} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)
    return _digest(sys.version, sqlite3.sqlite_version, *map(_version, LIBRARIES), *code)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _digest(*lines: str) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]
