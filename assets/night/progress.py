"""How far a step is, for a listener such as a terminal or a log, and how long it took. Steps do not know for whom."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
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

    Attributes:
        seconds: by step, how long those that have ended took; of a step that is there twice, together.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self.listener = listener or Silent()
        self.seconds: dict[str, float] = {}

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
        with self.timed(name):
            yield summarize
        self.listener.ended(f"{name}: {summary}" if summary else name)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Note how long a block takes that ends well; nobody is told that it began."""
        began = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began

    def seconds_of(self, name: str) -> float:
        """Return how long a step took, to the millisecond; 0 if it has not ended."""
        return round(self.seconds.get(name, 0.0), 3)

    def advance(self, days: int = 1) -> None:
        """Say that so many more days are done."""
        self.listener.advanced(days)

    def note(self, line: str) -> None:
        """Say something that a person wants to read, between two steps or within one."""
        self.listener.noted(line)
