"""A signal to stop is obeyed, also where a library has swallowed its exception.

SQLite, DuckDB, Arrow and Dagster call our code. An exception that a signal raises there may be lost, or appear as a
fault of the source. Python writes every signal to the wake-up descriptor first. It is read there whenever a step
reports progress, and whenever an error is judged.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from assets.night.progress import Listener

ENDING = {signal.SIGINT, signal.SIGTERM}
Hook = Callable[["sys.UnraisableHookArgs"], object]


class SignalChecker:
    """A listener that ends the step that reports to it once a signal has come.

    Args:
        listener: gets every report first.
        descriptor: where Python writes the signals that come.
    """

    def __init__(self, listener: Listener, descriptor: int) -> None:
        self._listener = listener
        self._descriptor = descriptor
        self._has_come = False

    def began(self, step: str, days: int) -> None:
        """Pass it on."""
        self._listener.began(step, days)
        self._obey()

    def advanced(self, days: int) -> None:
        """Pass it on."""
        self._listener.advanced(days)
        self._obey()

    def ended(self, summary: str) -> None:
        """Pass it on; a step that has ended has ended well."""
        self._listener.ended(summary)

    def noted(self, line: str) -> None:
        """Pass it on."""
        self._listener.noted(line)

    def has_come(self) -> bool:
        """Say whether a signal to stop has come since this listener was made."""
        with suppress(BlockingIOError):
            self._has_come |= not ENDING.isdisjoint(os.read(self._descriptor, 1024))
        return self._has_come

    def _obey(self) -> None:
        """End this step, and every other that Dagster still begins."""
        if self.has_come():
            raise KeyboardInterrupt


_checker: SignalChecker | None = None


def has_come() -> bool:
    """Say whether a signal to stop has come within the present block of `obeyed`, whatever became of its exception."""
    return _checker is not None and _checker.has_come()


def _told_unless_signalled(hook: Hook, lost: "sys.UnraisableHookArgs") -> None:
    """Tell of an exception that nobody could catch, but not of a signal's, which is known anyway."""
    if not has_come() or issubclass(lost.exc_type, Exception):
        hook(lost)


@contextmanager
def obeyed(listener: Listener) -> Iterator[Listener]:
    """Give a listener through which signals reach the steps, for the length of the block.

    Only the main thread of a process gets signals; elsewhere the listener is given back as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield listener
        return
    global _checker  # noqa: PLW0603 - there is one wake-up descriptor in a process
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    outer, _checker = _checker, SignalChecker(listener, read)
    before, hook = signal.set_wakeup_fd(write, warn_on_full_buffer=False), sys.unraisablehook
    sys.unraisablehook = partial(_told_unless_signalled, hook)
    try:
        yield _checker
    finally:
        sys.unraisablehook = hook
        signal.set_wakeup_fd(before)
        _checker = outer
        os.close(read)
        os.close(write)
