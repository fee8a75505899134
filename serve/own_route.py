"""What a learner's own answers of one path are made of."""

from collections.abc import Callable
from typing import NamedTuple

from serve.version.open_version import OpenVersion
from serve.version.packed import Learner, Pulse


class QueryError(Exception):
    """A query asks for what no answer has; the message says what is allowed."""


class OwnRoute(NamedTuple):
    """A route of own answers.

    Args:
        path: its path.
        asked: brings a query string into one spelling; of an empty one that is empty, but for what a path asks.
        make: makes the answer of what the version says of a learner, and of what is asked.
        is_at_once: whether that takes nothing but the look-up file, where nothing is asked.
        is_of_profile: whether only versions with a profile can answer.
        scope: the scope that an API key needs for it, beside that for all; empty for none.
        settings: what its answers depend on beside the version; empty for nothing.
    """

    path: str
    asked: Callable[[str], str]
    make: Callable[[OpenVersion, Learner, str], Pulse]
    is_at_once: bool = True
    is_of_profile: bool = True
    scope: str = ""
    settings: str = ""

    def tagged_as(self, asked: str) -> str:
        """Return what tells its answers from those of the pulse without a query, whose tags are by learner alone.

        Args:
            asked: in its one spelling.
        """
        return f"{self.path}?{asked} {self.settings}" if asked or self.is_of_profile else ""


def without_query(_: str) -> str:
    """Return what is asked by a query that means nothing."""
    return ""
