"""Progress for a person: bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from assets.night.progress import Listener


class Lines:
    """A plain line for every step that has ended, with its seconds.

    Args:
        to: where the lines go.
    """

    def __init__(self, to: TextIO) -> None:
        self._to = to
        self._began_at = time.monotonic()

    def began(self, step: str, days: int) -> None:  # noqa: ARG002 - a line is written at the end
        """Remember when."""
        self._began_at = time.monotonic()

    def advanced(self, days: int) -> None:
        """Say nothing: lines are for steps."""

    def ended(self, summary: str) -> None:
        """Write the line."""
        print(f"{summary} ({time.monotonic() - self._began_at:.1f} s)", file=self._to, flush=True)

    def noted(self, line: str) -> None:
        """Write the line."""
        print(line, file=self._to, flush=True)


class Bars:
    """A bar for every step; one that counts no days just shows that it is at work."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = TaskID(0)

    def began(self, step: str, days: int) -> None:
        """Add a bar."""
        self._task = self._progress.add_task(step, total=days or None)

    def advanced(self, days: int) -> None:
        """Move the bar."""
        self._progress.advance(self._task, days)

    def ended(self, summary: str) -> None:
        """Fill the bar."""
        total = self._progress.tasks[self._task].total or 1
        self._progress.update(self._task, description=summary, total=total, completed=total)

    def noted(self, line: str) -> None:
        """Write the line above the bars, as it is."""
        self._progress.console.print(line, markup=False, highlight=False)


@contextmanager
def listener_for(to: TextIO) -> Iterator[Listener]:
    """Give what shows progress, for the length of the block.

    Args:
        to: where it is shown, as bars if that is a terminal.
    """
    if not to.isatty():
        yield Lines(to)
        return
    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(file=to)) as progress:
        yield Bars(progress)
