"""The table of API keys: one read-only query by hash through SQLAlchemy, with one second to answer.

A store that hangs must not take the threads that answer tokens: at most two requests wait for it at a time, others for
a moment, and after a failure nobody asks for a second. SQLAlchemy is imported only where keys are configured.
"""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serve.api_keys import Row
from serve.refusals import Reason, UnavailableError
from warehouse.authentication import ApiKeys
from warehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Engine, Select
    from sqlalchemy.engine import URL

logger = logging.getLogger(__name__)
STORE_SECONDS = 1.0
LOOK_UPS = 2  # at a time; below the number of the server's threads
TURN_SECONDS = 0.05  # how long a request waits for one of them to end
REST_SECONDS = 1.0  # how long nobody asks after a failure
RETRY_AFTER_SECONDS = 2
MILLISECONDS = int(STORE_SECONDS * 1000)

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
# A connection that is cut without a word must not keep a look-up for ever.
CONNECT = {
    "postgresql+psycopg": {
        "application_name": "learning-pulse keys",
        "connect_timeout": 2,
        "tcp_user_timeout": 2 * MILLISECONDS,
        "prepare_threshold": None,  # so that a pooler may stand between
    },
    "mysql+pymysql": {"connect_timeout": 2, "read_timeout": 2, "write_timeout": 2},
    "mariadb+pymysql": {"connect_timeout": 2, "read_timeout": 2, "write_timeout": 2},
}
# A transaction that cannot write, and in which instants become text in the one way that is read.
BEGIN_POSTGRESQL = f"""
begin read only;
set local statement_timeout = {MILLISECONDS};
set local datestyle = 'ISO'
"""
BEGIN = {
    "postgresql": (BEGIN_POSTGRESQL,),
    "mysql": ("set session time_zone = '+00:00'", "start transaction read only"),
    "mariadb": ("set session time_zone = '+00:00'", "start transaction read only"),
}


class LookUp:
    """A question that a thread of the store answers."""

    def __init__(self, key_hash: str) -> None:
        self.key_hash = key_hash
        self.is_over = threading.Event()
        self.is_late = False  # nobody waits for it any more, and it still has its turn
        self.rows: Sequence[Row] | None = None


class KeyStore:
    """The table, and the threads that ask it.

    Args:
        name: the source's, for messages.
        find: asks for the rows of a hash; may raise anything, and may hang.
        clock: seconds that only ever grow.
        seconds: how long a request waits.
    """

    def __init__(
        self,
        name: str,
        find: Callable[[str], Sequence[Row]],
        clock: Callable[[], float] = time.monotonic,
        seconds: float = STORE_SECONDS,
    ) -> None:
        self._name = name
        self._find = find
        self._clock = clock
        self._seconds = seconds
        self._turns = threading.Semaphore(LOOK_UPS)
        self._questions: queue.SimpleQueue[LookUp] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._rests_until = float("-inf")
        self._counting = threading.Lock()
        self._late = 0

    def rows(self, key_hash: str) -> Sequence[Row]:
        """Return the rows of a hash.

        Raises:
            UnavailableError: no answer within the second, or none is to be expected.
        """
        self._start()
        is_asked = self._clock() >= self._rests_until and self._late < LOOK_UPS
        if not is_asked or not self._turns.acquire(timeout=TURN_SECONDS):
            raise _unavailable(f"key store {self._name} is not asked, it has just failed or hangs")
        question = LookUp(key_hash)
        self._questions.put(question)  # whoever answers gives the turn back, however late
        if not question.is_over.wait(self._seconds):
            self._give_up(question)
        if question.rows is None:
            raise _unavailable(f"key store {self._name} did not answer")
        return question.rows

    def _start(self) -> None:
        """Start the threads with the first question: an app may be made before its process forks."""
        with self._starting:
            while len(self._threads) < LOOK_UPS:
                self._threads.append(threading.Thread(target=self._answer, name="key store", daemon=True))
                self._threads[-1].start()

    def _answer(self) -> None:
        while True:
            question = self._questions.get()
            try:
                question.rows = self._find(question.key_hash)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises; its text may hold what was bound
                self._rest(_first_line(error, question.key_hash))
            finally:
                with self._counting:
                    self._late -= question.is_late
                    question.is_over.set()
                self._turns.release()

    def _give_up(self, question: LookUp) -> None:
        with self._counting:
            question.is_late = not question.is_over.is_set()
            self._late += question.is_late
        if question.is_late:
            self._rest(f"no answer within {self._seconds:g} s")

    def _rest(self, why: str) -> None:
        self._rests_until = self._clock() + REST_SECONDS
        logger.error("key store %s: %s; API keys are answered 503", self._name, why)


def _unavailable(message: str) -> UnavailableError:
    return UnavailableError(Reason.KEY_STORE, message, RETRY_AFTER_SECONDS)


def _first_line(error: Exception, key_hash: str) -> str:
    cause = getattr(error, "orig", None) or error
    line = (str(cause).splitlines() or [""])[0][:200].replace(key_hash, "(the hash)")
    return f"{type(cause).__name__}: {line}"


def key_store(settings: ApiKeys, url: str, folder: Path) -> KeyStore:
    """Return the store of a configuration; nothing is connected before the first key comes.

    Args:
        settings: of `[auth.api_keys]`.
        url: of its source.
        folder: that of the configuration, what a SQLite file is relative to.

    Raises:
        ConfigurationError: SQLAlchemy, or the driver of the database, is not there, or the URL is none.
    """
    where = f"auth.api_keys: source {settings.source}"
    try:
        from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - only where keys are configured
    except ModuleNotFoundError as error:
        raise ConfigurationError([f"{where} needs SQLAlchemy, install learning-pulse[keys]"]) from error
    try:
        engine = _engine(url, folder)
        query = _query(settings, engine.dialect.name)
    except ModuleNotFoundError as error:
        raise ConfigurationError([f"{where} needs the module {error.name}, install the database's driver"]) from error
    except ArgumentError as error:  # its text is not repeated, it could hold the URL
        raise ConfigurationError([f"{where} has a url that SQLAlchemy does not understand"]) from error
    begin = BEGIN.get(engine.dialect.name, ())

    def find(key_hash: str) -> Sequence[Row]:
        with engine.connect() as connection:
            try:
                for statement in begin:
                    connection.exec_driver_sql(statement)
                rows = [Row(*map(_text, row)) for row in connection.execute(query, {"key_hash": key_hash})]
                if begin:
                    connection.exec_driver_sql("rollback")
            except BaseException:
                connection.invalidate()
                raise
            return rows

    return KeyStore(settings.source, find, seconds=STORE_SECONDS)


def _engine(url: str, folder: Path) -> "Engine":
    from sqlalchemy import create_engine, make_url  # noqa: PLC0415

    parsed: URL = make_url(url)
    kept: dict[str, Any] = {
        "pool_size": LOOK_UPS,
        "max_overflow": 0,
        "pool_timeout": STORE_SECONDS,
        "pool_pre_ping": True,
        "isolation_level": "AUTOCOMMIT",  # so that `BEGIN` below is the transaction's beginning
        "hide_parameters": True,
    }
    if parsed.get_backend_name() == "sqlite":
        place = folder / (parsed.database or "")
        return create_engine("sqlite:///keys", creator=lambda: _open_sqlite(place), **kept)
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    return create_engine(parsed.set(drivername=driver), connect_args=CONNECT.get(driver, {}), **kept)


def _query(settings: ApiKeys, dialect: str) -> "Select[Any]":
    """Return the one look-up; everything comes as text, so that no driver trips over a value that it cannot hold."""
    from sqlalchemy import Text, bindparam, cast, column, null, select, table  # noqa: PLC0415

    schema, _, name = settings.table.rpartition(".")
    mapped = [getattr(settings.columns, role) for role in Row._fields]
    is_cast = dialect in {"sqlite", *BEGIN}
    found = [null() if name is None else cast(column(name), Text) if is_cast else column(name) for name in mapped]
    columns: list[ColumnElement[Any]] = [
        expression.label(role) for expression, role in zip(found, Row._fields, strict=True)
    ]
    return (
        select(*columns)
        .select_from(table(name, schema=schema or None))
        .where(column(settings.columns.key_hash) == bindparam("key_hash"))
        .limit(2)
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) or value is None else str(value)


def _open_sqlite(file: Path) -> sqlite3.Connection:
    """Open a SQLite file that has to exist, for reading only; text that is not UTF-8 comes as no learner's id."""
    uri = f"{file.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=STORE_SECONDS, check_same_thread=False)
    connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    return connection
