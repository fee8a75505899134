"""Step 1, when DuckDB fails: what is said of a database or of files, without anything of the rows in them."""

import re
from pathlib import Path

import duckdb

from warehouse.configuration.configuration import Stream
from warehouse.configuration.sources.duckdb_files import duckdb_file, trouble
from warehouse.errors import PulseError, SourceDriftError, SourceUnavailableError

FILE = re.compile(r"^ *file = (.*)$", re.MULTILINE)
QUOTED_FILE = re.compile(r'file "(.*?)"')
# What DuckDB appends to a message: advice for other users, the query, and the line of the file, which has a row in it.
ADVICE = re.compile(r"\n(Possible |LINE \d|Try setting|Original Line).*", re.DOTALL)
COUNTS = re.compile(r"Expected Number of Columns: \d+ Found: \d+|Value with unterminated quote found|Invalid unicode")
A_ROW = re.compile(r"[{\[].*", re.DOTALL)
MAY_PASS = (duckdb.IOException, duckdb.InterruptException, duckdb.OutOfMemoryException)


def duckdb_failure(folder: Path, stream: Stream, url: str, error: duckdb.Error) -> PulseError:
    """Return what to raise when DuckDB has failed.

    Args:
        folder: that of the configuration file.
        stream: what was being read.
        url: of its source.
        error: DuckDB's.
    """
    where = f"stream {stream.name}: source {stream.source} failed"
    if stream.files is not None:
        return _of_files(stream, error)
    file = duckdb_file(url, folder)
    known = trouble(file, error) if file is not None and isinstance(error, duckdb.IOException) else None
    reason = known or f"{_first_line(error)}; is {file} in order?"
    kind = SourceUnavailableError if isinstance(error, MAY_PASS) else SourceDriftError
    return kind(f"{where}: {reason}")


def _of_files(stream: Stream, error: duckdb.Error) -> PulseError:
    text = str(error)
    name = FILE.search(text) or QUOTED_FILE.search(text)
    counts = COUNTS.search(text)
    reason = A_ROW.sub("", _first_line(error)).strip(" :") + (f", {counts[0]}" if counts else "")
    path = f" ({name[1]})" if name and name[1] not in reason else ""
    line = f"stream {stream.name}: {stream.relation} cannot be read: {reason}{path}"
    if isinstance(error, MAY_PASS):
        return SourceUnavailableError(f"{line}; try again")
    return SourceDriftError(f"{line}; write the file again")


def _first_line(error: duckdb.Error) -> str:
    return " ".join(ADVICE.sub("", str(error)).split())
