"""How far a step is, for a listener such as a terminal or a log. The steps do not know which."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Listener(Protocol):
    """The events of steps that a listener gets."""

    def began(self, step: str, days: int) -> None:
        """A step began that has so many days to do."""

    def advanced(self, days: int) -> None:
        """The step that began last has done so many more days."""

    def ended(self, summary: str) -> None:
        """The step that began last has ended well."""

    def noted(self, line: str) -> None:
        """A step found something that a person wants to read."""


class Silent:
    """A listener that ignores everything."""

    def began(self, step: str, days: int) -> None:
        """Ignore it."""

    def advanced(self, days: int) -> None:
        """Ignore it."""

    def ended(self, summary: str) -> None:
        """Ignore it."""

    def noted(self, line: str) -> None:
        """Ignore it."""


class Progress:
    """What steps call to say how far they are.

    Args:
        listener: gets the events; without one they are ignored.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self.listener = listener or Silent()

    @contextmanager
    def step(self, name: str, days: int = 0) -> Iterator[Callable[[str], None]]:
        """Announce a step; the block gets a function that takes the summary of what was done.

        Args:
            name: the stream, or what is made.
            days: how many days `advance` will count up to; 0 if the step does not count.
        """
        summary = ""

        def summarize(text: str) -> None:
            nonlocal summary
            summary = text

        self.listener.began(name, days)
        yield summarize
        self.listener.ended(f"{name}: {summary}" if summary else name)

    def advance(self, days: int = 1) -> None:
        """Say that so many more days are done."""
        self.listener.advanced(days)

    def note(self, line: str) -> None:
        """Say something that a person wants to read, between two steps or within one."""
        self.listener.noted(line)
