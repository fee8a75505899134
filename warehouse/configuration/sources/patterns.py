"""The text of a stream's `files`: which formats there are, and what is wrong about a pattern.

In a pattern `*` and `?` stand for characters of one name, and `{day}` for a UTC day; every other character is itself.
Which files it matches is `assets/step1_extract/files/listing.py`.
"""

import re
from typing import Literal

from warehouse.configuration.streams import Kind

Format = Literal["parquet", "csv", "json"]

SOURCE, URL = "files", "duckdb://"  # the source of streams of files: a DuckDB of our own, without a database file
DAY = "{day}"
ENDINGS: dict[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "json",
    ".jsonl.gz": "json",
    ".ndjson": "json",
    ".ndjson.gz": "json",
}
REMOTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.ASCII | re.IGNORECASE)
IN_BRACES = re.compile(r"\{[^{}/]*\}")


def format_of(pattern: str) -> Format | None:
    """Return the format of a pattern's files by how it ends, None if it is none that we read."""
    return next((kind for ending, kind in ENDINGS.items() if pattern.lower().endswith(ending)), None)


def pattern_mistake(pattern: str) -> str | None:
    """Return what is wrong about a pattern as it is written, None if nothing is."""
    if "\0" in pattern:
        return "no file has a NUL in its name"
    if REMOTE.match(pattern):
        return "it is no path of this machine; fetch the files first, and name where they are"
    if "**" in pattern:
        return '"**" is not known; write a "*" for each folder'
    if unknown := [name for name in IN_BRACES.findall(pattern) if name != DAY]:
        return f'"{unknown[0]}" is not known; only {DAY} is, the UTC day as 2026-11-22'
    if format_of(pattern) is None:
        return f"what its files are is told by how it ends: {', '.join(ENDINGS)}"
    return None


def files_mistake(kind: Kind | object, pattern: str) -> str | None:
    """Return what is wrong about a pattern for a stream's kind, None if nothing is."""
    if kind == "users" and DAY in pattern:
        return f"learners have no day, so their files have no {DAY}; name the newest ones, or a link to them"
    return None
