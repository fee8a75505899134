"""Saying how far a step is, to whoever listens: a terminal, a log, or nobody. The steps know nothing of either."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Listener(Protocol):
    """What is told about steps."""

    def began(self, step: str, days: int) -> None:
        """A step began that has so many days to do."""

    def advanced(self, days: int) -> None:
        """The step that began last has done so many more days."""

    def ended(self, summary: str) -> None:
        """The step that began last has ended well."""

    def noted(self, line: str) -> None:
        """A step found something that a person wants to read."""


class Nobody:
    """Listens to nothing."""

    def began(self, step: str, days: int) -> None:
        """Ignore it."""

    def advanced(self, days: int) -> None:
        """Ignore it."""

    def ended(self, summary: str) -> None:
        """Ignore it."""

    def noted(self, line: str) -> None:
        """Ignore it."""


_listener: Listener = Nobody()


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Tell a listener for the length of the block; one run is one process, so there is one listener at a time."""
    global _listener  # noqa: PLW0603 - Dagster stands between the command and the steps, so nothing can be handed down
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


def listening() -> Listener:
    """Return who is told at present."""
    return _listener


@contextmanager
def step(name: str, days: int = 0) -> Iterator[Callable[[str], None]]:
    """Announce a step; the block gets a function that takes the summary of what was done.

    Args:
        name: the stream, or what is made.
        days: how many days `advance` will count up to; 0 if the step does not count.
    """
    summary = ""

    def summarize(text: str) -> None:
        nonlocal summary
        summary = text

    _listener.began(name, days)
    yield summarize
    _listener.ended(f"{name}: {summary}" if summary else name)


def advance(days: int = 1) -> None:
    """Say that so many more days are done."""
    _listener.advanced(days)


def note(line: str) -> None:
    """Say something that a person wants to read, between two steps or within one."""
    _listener.noted(line)
