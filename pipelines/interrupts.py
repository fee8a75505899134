"""A signal to stop is obeyed, also where somebody on the way from source to pointer has swallowed it.

SQLite, DuckDB, Arrow and Dagster each run our code between their own, and the exception that a signal raises there may
be lost. Python writes every signal to the wake-up descriptor before any of that; the steps, whenever they say how far
they are, learn of it there.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from assets.progress import Listener

ENDING = {signal.SIGINT, signal.SIGTERM}


class Obedient:
    """A listener that ends the step that tells it something once a signal has come.

    Args:
        listener: is told everything first.
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

    def _obey(self) -> None:
        """End this step, and every other that Dagster still begins."""
        with suppress(BlockingIOError):
            self._has_come |= not ENDING.isdisjoint(os.read(self._descriptor, 1024))
        if self._has_come:
            raise KeyboardInterrupt


@contextmanager
def obeyed(listener: Listener) -> Iterator[Listener]:
    """Give a listener through which signals reach the steps, for the length of the block."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    try:
        yield Obedient(listener, read)
    finally:
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)
