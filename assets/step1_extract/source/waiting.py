"""Step 1, while a source is asked: in a thread of its own, for which we wait so long and no longer (FAULTS 71).

A connection that stops in the middle of an answer blocks its driver for ever: no limit of the source's arrives, and no
signal is heard. So the driver works in one thread, and whoever asks waits in another, for our own limit and for
signals. When the wait is over without an answer, the sockets are shut down, which ends the thread and the session.
"""

import os
import socket
import stat
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import TypeVar

from assets.night import interrupts

T = TypeVar("T")
BEYOND_ITS_OWN = timedelta(seconds=5)  # after the source's own limit, whose message is clearer
LOOK_SECONDS = 0.2  # how often somebody who waits looks for a signal that Dagster only notes
FAREWELL_SECONDS = 1.0  # how long a thread whose sockets are shut down has to end


class SourceThread:
    """The one thread that talks to a source: what is opened in it is closed in it.

    Args:
        longest: how long the source allows a statement; None for a file, which does not stall.
    """

    def __init__(self, longest: timedelta | None) -> None:
        self._seconds = float("inf") if longest is None else (longest + BEYOND_ITS_OWN).total_seconds()
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._opened = ExitStack()
        self._is_free = True
        self._sockets: list[socket.socket] = []
        self._interrupts: list[Callable[[], object]] = []
        self._thread = threading.Thread(target=self._work, name="source", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns in the thread, or raise what it raises.

        Raises:
            TimeoutError: it took longer than `longest` and 5 s.
            KeyboardInterrupt: a signal to stop has come meanwhile.
        """
        return self._answer(function, self._seconds)

    def each(self, batches: Generator[T, None, None]) -> Generator[T, None, None]:
        """Yield one by one what comes of one statement; the limit is on all the waits for it together.

        Raises:
            TimeoutError, KeyboardInterrupt: as `call`.
        """
        left = self._seconds
        self._opened.callback(batches.close)
        try:
            while True:
                began = monotonic()
                batch = self._answer(lambda: next(batches, None), left)
                left -= monotonic() - began
                if batch is None:
                    return
                yield batch
        finally:
            if self._is_free:
                self.call(batches.close)

    def enter(self, context: AbstractContextManager[T]) -> T:
        """Enter a context in the thread until that ends."""
        return self.call(lambda: self._opened.enter_context(context))

    def connect(self, context: AbstractContextManager[T]) -> T:
        """Enter a context that connects, and remember its sockets: few drivers tell which they are."""
        before = _descriptors_of_sockets()
        try:
            return self.enter(context)
        finally:
            now = _descriptors_of_sockets()
            self._sockets += _connected([now[inode] for inode in now.keys() - before.keys()])

    def interrupt_by(self, function: Callable[[], object]) -> None:
        """Add what ends the work of a driver without sockets, called from another thread."""
        self._interrupts.append(function)

    def close(self) -> None:
        """Close all that was opened, and end the thread."""
        self.call(self._opened.close)
        self._end()

    def leave(self) -> None:
        """Close what is open; if the thread does not answer, end it wherever it is, within a moment."""
        try:
            if self._is_free:
                with suppress(Exception):  # there is another error already
                    self.close()
        finally:
            self._cut_off()

    def _answer(self, function: Callable[[], T], seconds: float) -> T:
        future: Future[T] = Future()
        end = monotonic() + seconds
        self._is_free = False  # whatever ends the wait, an exception by a signal too, ends it for good
        self._calls.put(lambda: _fulfil(future, function))
        while wait([future], min(LOOK_SECONDS, max(end - monotonic(), 0))).not_done:
            if interrupts.has_come():
                raise KeyboardInterrupt
            if monotonic() >= end:
                raise TimeoutError(self._timeout_text())
        self._is_free = True
        return future.result()

    def _timeout_text(self) -> str:
        reason = f"statement_timeout_seconds and {BEYOND_ITS_OWN.seconds} more"
        return f"it has stopped answering, {self._seconds:.0f} s ({reason}) were waited for it"

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
        with suppress(Exception):  # nobody waits for it
            self._opened.close()

    def _cut_off(self) -> None:
        for interrupt in self._interrupts:
            with suppress(Exception):  # it has been closed meanwhile
                interrupt()
        for connection in self._sockets:
            with suppress(OSError):  # it is shut down already
                connection.shutdown(socket.SHUT_RDWR)
        self._end()
        self._thread.join(FAREWELL_SECONDS)

    def _end(self) -> None:
        self._is_free = False
        self._calls.put(None)
        for connection in self._sockets:
            connection.close()
        self._sockets.clear()
        self._interrupts.clear()


def _fulfil(future: Future[T], function: Callable[[], T]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:  # noqa: BLE001 - whoever waits raises it
        future.set_exception(error)


def _descriptors_of_sockets() -> dict[int, int]:
    """Return the descriptor of each socket of this process by its inode, which no other has while it is open."""
    descriptors = {}
    with suppress(OSError):  # a system without such a folder
        for entry in Path("/dev/fd").iterdir():
            with suppress(OSError):  # the listing's own
                status = os.fstat(int(entry.name))
                if stat.S_ISSOCK(status.st_mode):
                    descriptors[status.st_ino] = int(entry.name)
    return descriptors


def _connected(descriptors: Iterable[int]) -> Iterator[socket.socket]:
    """Give sockets of our own for those connections that have a peer with a name, unlike the ends of a pair."""
    for descriptor in descriptors:
        with suppress(OSError):
            connection = socket.socket(fileno=os.dup(descriptor))
            if connection.type == socket.SOCK_STREAM and _has_peer(connection):
                yield connection
            else:
                connection.close()


def _has_peer(connection: socket.socket) -> bool:
    with suppress(OSError):  # it is not connected yet
        return bool(connection.getpeername())
    return False
