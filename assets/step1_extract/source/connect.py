"""Step 1, before anything is asked: connecting to a stream's source, in its thread; its failures are the source's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import adbc_driver_manager
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError

from assets.step1_extract.source.failures import failure
from assets.step1_extract.source.sessions import engine_of
from assets.step1_extract.source.waiting import SourceThread
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.errors import ConfigurationError, PulseError


@contextmanager
def connected(configuration: Configuration, stream: Stream) -> Iterator[tuple[SourceThread, Connection]]:
    """Connect to a stream's source; give its thread, and the connection, which only that thread uses.

    Raises:
        ConfigurationError: the source's url is none that we can use.
        SourceUnavailableError, SourceDriftError: as `failure` says, also of what fails in the block.
        KeyboardInterrupt: a signal to stop has come.
    """
    engine = _engine(configuration, stream)
    is_file = engine.dialect.name == "sqlite"
    thread = SourceThread(None if is_file else configuration.sources[stream.source].longest_statement)
    try:
        connection = thread.connect(_connection(engine))
        if is_file:
            driver: Any = connection.connection.driver_connection
            thread.interrupt_by(driver.interrupt)
        yield thread, connection
        thread.close()
    except PulseError:
        raise
    except (DBAPIError, adbc_driver_manager.Error, OSError) as error:
        # the driver's own words stay behind: a log would print them with all that they quote
        raise failure(configuration, stream, error) from None
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
        return engine_of(source.url, configuration.path.parent, source.longest_statement, source.row_security)
    except (ArgumentError, ValueError, ImportError):
        # What SQLAlchemy says may quote a password that is not escaped.
        mistake = (
            "no URL of a database that a driver is installed for, write one like postgresql://name:password@host/db"
        )
        raise ConfigurationError([f"{configuration.path}: sources.{stream.source}.url: {mistake}"]) from None
