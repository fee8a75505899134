"""Asking the table of API keys, which has one second to answer; the table itself is in `key_table.py`.

A store that hangs must not take the threads that answer tokens. So at most two requests wait for it at a time, and
others wait for a moment. After a failure it is not asked for a second. SQLAlchemy is imported only where keys are
configured.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeAlias

from serve.credentials.api_keys import Row
from serve.credentials.key_table import KeyTable
from serve.http.errors import Reason, UnavailableError
from warehouse.configuration.authentication import ApiKeys
from warehouse.configuration.configuration import Source
from warehouse.errors import ConfigurationError

logger = logging.getLogger(__name__)
STORE_SECONDS = 1.0
LOOK_UPS = 2  # at a time; below the number of the server's threads
TURN_SECONDS = 0.05  # how long a request waits for one of them to end
REST_SECONDS = 1.0  # how long the store is not asked after a failure
RETRY_AFTER_SECONDS = 2
LONGEST_LINE = 400
Answer: TypeAlias = Future[Sequence[Row] | None]  # None: it has failed


class KeyStore:
    """The table, and the threads that ask it.

    They are daemons: one that hangs must not keep the process from ending. An executor would wait for it
    (docs/decisions/0010).

    Args:
        name: the source's, for messages.
        find: asks for the rows of a hash; may raise anything, and may hang.
        clock: seconds that only ever grow.
        seconds: how long a request waits.
        explain: says of an error what may be printed, in one line.
    """

    def __init__(
        self,
        name: str,
        find: Callable[[str], Sequence[Row]],
        clock: Callable[[], float] = time.monotonic,
        seconds: float = STORE_SECONDS,
        explain: Callable[[Exception], str] = lambda error: f"{type(error).__name__}: {error}",
    ) -> None:
        self._name = name
        self._find = find
        self._explain = explain
        self._clock = clock
        self._seconds = seconds
        self._turns = threading.Semaphore(LOOK_UPS)
        self._questions: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._rests_until = float("-inf")
        self._late: set[Answer] = set()  # their requests have given up, but they still have their turns

    def rows(self, key_hash: str) -> Sequence[Row]:
        """Return the rows of a hash.

        Raises:
            UnavailableError: no answer within the second, or none is to be expected.
        """
        self._start()
        is_asked = self._clock() >= self._rests_until and len(self._late) < LOOK_UPS
        if not is_asked or not self._turns.acquire(timeout=TURN_SECONDS):
            raise _unavailable(f"key store {self._name} is not asked, it has just failed or hangs")
        answer: Answer = Future()
        answer.add_done_callback(lambda _: self._turns.release())  # however late
        self._questions.put((key_hash, answer))
        try:
            rows = answer.result(self._seconds)
        except TimeoutError:
            rows = None
            self._late.add(answer)
            answer.add_done_callback(self._late.discard)
            self._rest(f"no answer within {self._seconds:g} s")
        if rows is None:
            raise _unavailable(f"key store {self._name} did not answer")
        return rows

    def _start(self) -> None:
        """Start the threads with the first question: an app may be made before its process forks."""
        with self._starting:
            while len(self._threads) < LOOK_UPS:
                self._threads.append(threading.Thread(target=self._answer, name="key store", daemon=True))
                self._threads[-1].start()

    def _answer(self) -> None:
        while True:
            key_hash, answer = self._questions.get()
            rows = None
            try:
                rows = self._find(key_hash)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises; its text may hold what was bound
                self._rest(_first_line(self._explain(error), key_hash))
            finally:
                answer.set_result(rows)

    def _rest(self, why: str) -> None:
        self._rests_until = self._clock() + REST_SECONDS
        logger.error("key store %s: %s; API keys are answered 503", self._name, why)


def _unavailable(message: str) -> UnavailableError:
    return UnavailableError(Reason.KEY_STORE, message, RETRY_AFTER_SECONDS)


def _first_line(text: str, key_hash: str) -> str:
    return (text.splitlines() or [""])[0][:LONGEST_LINE].replace(key_hash, "(the hash)")


def key_store(settings: ApiKeys, source: Source, folder: Path) -> KeyStore:
    """Return the store of a configuration; nothing is connected before the first key comes.

    Args:
        settings: of `[auth.api_keys]`.
        source: the source that it names.
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
        table = KeyTable(settings, source, folder, STORE_SECONDS, LOOK_UPS)
    except ModuleNotFoundError as error:
        raise ConfigurationError([f"{where} needs the module {error.name}, install the database's driver"]) from error
    except ArgumentError:  # its text is not repeated, it could hold the URL
        raise ConfigurationError([f"{where} has a url that SQLAlchemy does not understand"]) from None
    return KeyStore(settings.source, table.find, seconds=STORE_SECONDS, explain=table.explain)
