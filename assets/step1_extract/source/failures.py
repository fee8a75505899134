"""Step 1, when a source fails: what is said of it is one line, with nothing of its URL but host and database."""

import re
import sqlite3

from assets.step1_extract.source.sessions import sqlite_file
from warehouse.configuration import source_settings, sqlite_files
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.configuration.source_url import masked
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
    reason = _of_sqlite(configuration, url, cause) or f"{masked(' '.join(str(cause).split()), url)}; is it up?"
    return SourceUnavailableError(f"stream {stream.name}: source {stream.source} failed: {reason}")


def _of_sqlite(configuration: Configuration, url: str, cause: BaseException) -> str | None:
    if not isinstance(cause, sqlite3.Error):
        return None
    return sqlite_files.trouble(sqlite_file(url, configuration.path.parent), cause)


def _filtered(stream: Stream, cause: BaseException) -> str:
    """Name the table; where a view is mapped also the one that it reads, which has the policies."""
    primary = getattr(getattr(cause, "diag", None), "message_primary", None) or ""
    name = QUOTED.search(primary)
    is_other = name is not None and name[1] != (stream.table or "").rpartition(".")[2]
    return stream.relation + (f" (by its table {name[1]})" if name and is_other else "")
