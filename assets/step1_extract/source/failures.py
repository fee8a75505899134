"""Step 1, when a source fails: what is said of it is one line, with nothing of its URL but host and database."""

import re
import sqlite3
from pathlib import Path

import duckdb

from assets.step1_extract.source.duckdb_failures import duckdb_failure
from assets.step1_extract.source.sessions import sqlite_file
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.configuration.sources import source_settings, sqlite_files
from warehouse.configuration.sources.source_url import masked
from warehouse.errors import PulseError, SourceDriftError, SourceUnavailableError

QUOTED = re.compile('"([^"]+)"$')


def failure(configuration: Configuration, stream: Stream, error: Exception) -> PulseError:
    """Return what to raise when a driver has failed.

    Args:
        configuration: of the source.
        stream: what was being read.
        error: the driver's, or SQLAlchemy's around it.
    """
    cause = getattr(error, "orig", None) or error
    if source_settings.is_row_security(cause):
        mistake = source_settings.row_security_mistake(stream.source, _filtered(stream, cause))
        return SourceDriftError(f"stream {stream.name}: {mistake}")
    url = configuration.sources[stream.source].url
    if isinstance(cause, duckdb.Error):
        return duckdb_failure(configuration.path.parent, stream, url, cause)
    reason = reason_of(error, url, configuration.path.parent)
    return SourceUnavailableError(f"stream {stream.name}: source {stream.source} failed: {reason}")


def reason_of(error: Exception, url: str, folder: Path) -> str:
    """Return why a database does not answer, with nothing of its URL but host and database.

    Args:
        error: the driver's, or SQLAlchemy's around it.
        url: of the database.
        folder: what a relative path of SQLite is relative to.
    """
    cause = getattr(error, "orig", None) or error
    trouble = sqlite_files.trouble(sqlite_file(url, folder), cause) if isinstance(cause, sqlite3.Error) else None
    return trouble or f"{masked(' '.join(str(cause).split()), url)}; is it up?"


def _filtered(stream: Stream, cause: BaseException) -> str:
    """Name the table; where a view is mapped also the one that it reads, which has the policies."""
    primary = getattr(getattr(cause, "diag", None), "message_primary", None) or ""
    name = QUOTED.search(primary)
    is_other = name is not None and name[1] != (stream.table or "").rpartition(".")[2]
    return stream.relation + (f" (by its table {name[1]})" if name and is_other else "")
