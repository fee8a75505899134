"""Connecting to a source to look at it: in its own thread, read-only and with limits, as the nights do.

What fails here is said of the source; nothing of its URL but host and database is repeated.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import ArgumentError

from assets.step1_extract.source.connect import NO_URL, opened
from assets.step1_extract.source.failures import reason_of
from assets.step1_extract.source.sessions import engine_of
from assets.step1_extract.source.waiting import SourceThread
from warehouse.errors import ConfigurationError, PulseError, SourceUnavailableError

LONGEST = timedelta(seconds=30)  # for one statement; a look has to be short, and does without what takes longer
STEPS_BETWEEN_LOOKS = 100_000  # of SQLite's machine, which knows no limit of its own


@contextmanager
def reading(url: str, folder: Path) -> Iterator[tuple[SourceThread, Connection]]:
    """Connect to a source; give its thread, and the connection, which only that thread uses.

    Args:
        url: of the source, resolved.
        folder: what a relative path of SQLite is relative to.

    Raises:
        ConfigurationError: the URL is none that we can use.
        SourceUnavailableError: the source fails.
    """
    try:
        engine = engine_of(url, folder, LONGEST)
    except (ArgumentError, ValueError, ImportError):
        raise ConfigurationError([f"SOURCE_URL: {NO_URL}"]) from None  # SQLAlchemy's words may quote a password
    with opened(engine, LONGEST, lambda error: _failure(error, url, folder)) as both:
        yield both


def limit_statement(connection: Connection) -> None:
    """Let SQLite, which has no such limit, end the next statement after `LONGEST`."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        end = time.monotonic() + LONGEST.total_seconds()
        driver.set_progress_handler(lambda: time.monotonic() > end, STEPS_BETWEEN_LOOKS)


def _failure(error: Exception, url: str, folder: Path) -> PulseError:
    return SourceUnavailableError(f"the source failed: {reason_of(error, url, folder)}")
