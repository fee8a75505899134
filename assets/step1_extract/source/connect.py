"""Step 1, before anything is asked: connecting to a stream's source, in its thread; its failures are the source's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import adbc_driver_manager
import duckdb
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError

from assets.step1_extract.source.failures import failure
from assets.step1_extract.source.sessions import engine_of
from assets.step1_extract.source.waiting import SourceThread
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.errors import ConfigurationError, PulseError

NO_URL = "no URL of a database that a driver is installed for, write one like postgresql://name:password@host/db"


@contextmanager
def connected(configuration: Configuration, stream: Stream) -> Iterator[tuple[SourceThread, Connection]]:
    """Connect to a stream's source; give its thread, and the connection, which only that thread uses.

    Raises:
        ConfigurationError: the source's url is none that we can use.
        SourceUnavailableError, SourceDriftError: as `failure` says, also of what fails in the block.
        KeyboardInterrupt: a signal to stop has come.
    """
    longest = configuration.sources[stream.source].longest_statement
    with opened(_engine(configuration, stream), longest, lambda error: failure(configuration, stream, error)) as both:
        yield both


@contextmanager
def opened(
    engine: Engine, longest: timedelta, failure_of: Callable[[Exception], PulseError]
) -> Iterator[tuple[SourceThread, Connection]]:
    """Connect to a source; give its thread, and the connection, which only that thread uses.

    Args:
        engine: of the source.
        longest: how long one statement may take.
        failure_of: makes what is raised of what a driver has raised, also in the block.

    Raises:
        PulseError: as `failure_of` says.
        KeyboardInterrupt: a signal to stop has come.
    """
    is_file = engine.dialect.name == "sqlite"
    thread = SourceThread(None if is_file else longest)
    try:
        connection = thread.connect(_connection(engine))
        if is_file or engine.dialect.name == "duckdb":
            driver: Any = connection.connection.driver_connection
            thread.interrupt_by(driver.interrupt)
        yield thread, connection
        thread.close()
    except PulseError:
        raise
    except (DBAPIError, adbc_driver_manager.Error, duckdb.Error, OSError) as error:
        # the driver's own words stay behind: a log would print them with all that they quote
        raise failure_of(error) from None
    finally:
        thread.leave()


@contextmanager
def _connection(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _engine(configuration: Configuration, stream: Stream) -> Engine:
    try:
        source = configuration.sources[stream.source]
        folder, data_dir = configuration.path.parent, configuration.data_dir
        temp_dir = data_dir / "tmp" if data_dir.is_dir() else None
        return engine_of(source.url, folder, source.longest_statement, source.row_security, temp_dir)
    except (ArgumentError, ValueError, ImportError):
        # What SQLAlchemy says may quote a password that is not escaped.
        raise ConfigurationError([f"{configuration.path}: sources.{stream.source}.url: {NO_URL}"]) from None
