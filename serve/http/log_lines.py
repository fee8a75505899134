"""Writing to stdout without waiting for its reader (FAULTS 73).

A pipe whose reader does not read takes 64 kB and then blocks every writer. So lines go into a bounded queue, and one
thread writes them; what does not fit is dropped and counted. The pipe stays blocking, because its mode is shared with
other processes. Before `begin`, as in a test, a line is written at once.
"""

import json
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.util import Finalize, register_after_fork

MOST_LINES = 10_000  # that wait; about 2 MB
LARGEST_WRITE = 4096  # what a pipe takes whole, so that lines of several workers do not mix
LAST_SECONDS = 0.5  # for what still waits when the process ends
GATHER_SECONDS = 0.02  # how long a line waits for others: the thread wakes 50 times a second at most
AGAIN_SECONDS = 0.05  # until a pipe that does not block is tried again
STDOUT, STDERR = 1, 2
END = b""  # in the queue, what `flush` waits for


class Lines:
    """The lines of one process that wait to be written, and the thread that writes them.

    Args:
        descriptor: where to.
        most: how many may wait.
    """

    def __init__(self, descriptor: int = STDOUT, most: int = MOST_LINES) -> None:
        self._descriptor, self._most = descriptor, most
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._is_flushed = threading.Event()
        self.dropped = self._reported = 0
        threading.Thread(target=self._write_all, name="log lines", daemon=True).start()

    def put(self, text: str) -> None:
        """Have a line written, or drop it; returns at once."""
        if self._waiting.qsize() >= self._most:
            self.dropped += 1
        else:
            self._waiting.put(text.encode("utf-8", "backslashreplace"))

    def flush(self, seconds: float = LAST_SECONDS) -> None:
        """Wait until everything is written, but no longer than so many seconds."""
        self._is_flushed.clear()
        self._waiting.put(END)
        self._is_flushed.wait(seconds)

    def _write_all(self) -> None:
        while True:
            lines, dropped = self._next(), self.dropped
            try:
                self._write(b"".join(lines) + self._about(dropped))
                self._reported = dropped
            except OSError:  # the reader is gone; requests go on
                self.dropped += len([line for line in lines if line != END])
            if lines[-1] == END:
                self._is_flushed.set()

    def _next(self) -> list[bytes]:
        """Wait for a line, and take as many as are there and can be written together."""
        is_first = self._waiting.empty()
        lines = [self._waiting.get()]
        if is_first and lines[0] != END:
            time.sleep(GATHER_SECONDS)
        size = len(lines[0])
        while lines[-1] != END and size < LARGEST_WRITE // 2:
            try:
                lines.append(self._waiting.get_nowait())
            except queue.Empty:
                break
            size += len(lines[-1])
        return lines

    def _write(self, text: bytes) -> None:
        while text:
            try:
                text = text[os.write(self._descriptor, text) :]
            except BlockingIOError:  # a process that shares the pipe has made it non-blocking
                time.sleep(AGAIN_SECONDS)

    def _about(self, dropped: int) -> bytes:
        """Return a line about what was dropped since the last such line, empty if nothing was."""
        if dropped == self._reported:
            return b""
        line = {"dropped_lines": dropped - self._reported, "pid": os.getpid()}
        return f"{Formatter().format(record_of(line))}\n".encode()


class Formatter(logging.Formatter):
    """Formats every line of the server: values, such as a request's, as ASCII JSON; messages as level and text."""

    def __init__(self) -> None:
        super().__init__("[%(levelname)s] %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its end; more than one if a message has them."""
        return self.line_of(record.msg) if isinstance(record.msg, dict) else super().format(record)

    @staticmethod
    def line_of(values: Mapping[str, object]) -> str:
        """Return a line of values; of every request there is one, so it needs no record of `logging`."""
        return json.dumps(values)


def record_of(values: Mapping[str, object]) -> logging.LogRecord:
    """Return the record of a line of values, which needs no logger."""
    return logging.LogRecord(__name__, logging.INFO, "", 0, values, None, None)


class Handler(logging.Handler):
    """Hands what is logged to the queue."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Have a record written."""
        try:
            write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - as the library has it
            self.handleError(record)


_lines: Lines | None = None  # stdout is one for the process, and so is its queue


def begin() -> None:
    """Write through a queue from now on, in this process and in those of multiprocessing that it forks.

    After a fork all begins anew: the thread has stayed behind, and what waited there is written there.
    """
    if _lines is None:
        register_after_fork(Lines, _start)
        _start()


def write(text: str) -> None:
    """Write lines of text, each with its end, without waiting for the reader."""
    if _lines is not None:
        _lines.put(text)
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError):  # as above
        return


def dropped() -> int:
    """Return how many lines of this process were dropped."""
    return _lines.dropped if _lines is not None else 0


def _start(_: object = None) -> None:
    global _lines  # noqa: PLW0603 - anew in every process
    _lines = Lines()
    Finalize(None, _end, args=(_lines,), exitpriority=0)  # also in a process of multiprocessing, which skips `atexit`


def _end(lines: Lines) -> None:
    """Write what waits. Later output of libraries goes to /dev/null, so that a full pipe does not hold the process."""
    lines.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (STDOUT, STDERR):
        os.dup2(nowhere, descriptor)
