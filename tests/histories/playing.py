"""Plays a history and, if it fails, makes it shorter as long as it still does."""

from __future__ import annotations

import traceback
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.histories.chance import Operation, drawn
from tests.histories.history import History

if TYPE_CHECKING:
    from collections.abc import Sequence


class FailedHistoryError(Exception):
    """A history that did not end as the oracle says; its text is the whole story."""


def play(
    seed: int,
    operations: Sequence[Operation],
    url: str | None = None,
    counts: Counter[str] | None = None,
    *,
    is_disguised: bool = False,
) -> str | None:
    """Play a history on a SQLite of its own, or in a database, its streams as they are or behind mappings.

    Returns:
        The story of its failure; None if it is well, and then `counts` has what happened in it.
    """
    with TemporaryDirectory(prefix="history") as folder:
        history = History(seed, url or f"sqlite:///{folder}/platform.sqlite", Path(folder), is_disguised=is_disguised)
        try:
            history.play(operations)
        except Exception:  # noqa: BLE001 - whatever it is, it is a failure of this history
            return "\n".join([*history.log, traceback.format_exc()])
        finally:
            history.close()
    if counts is not None:
        counts.update(history.counts)
    return None


def shortened(seed: int, operations: list[Operation], url: str | None = None) -> list[Operation]:
    """Leave out parts of a failing history, smaller and smaller ones, as long as what is left still fails."""
    size = len(operations) // 2
    while size:
        start = 0
        while start < len(operations):
            fewer = operations[:start] + operations[start + size :]
            if play(seed, fewer, url) is None:
                start += size
            else:
                operations = fewer
        size //= 2
    return operations


def check(seed: int, url: str | None = None, *, is_disguised: bool = False) -> Counter[str]:
    """Play the history of a seed and return what happened in it, by `COUNTED`.

    Raises:
        FailedHistoryError: with the shortest story that still fails.
    """
    operations, counts = drawn(seed), Counter[str]()
    story = play(seed, operations, url, counts, is_disguised=is_disguised)
    if story is None:
        return counts
    if is_disguised:  # chance draws its forms anew with every row, so that a shorter one would be another
        raise FailedHistoryError(f"history {seed} fails behind mappings:\n{story}")
    fewer = shortened(seed, operations, url)
    story = play(seed, fewer, url) or "it did not fail again, so something besides its seed decides"
    again = f'make histories ARGS="--seed {seed} --count 1{f" --database {url}" if url else ""}"'
    raise FailedHistoryError(f"history {seed} fails; again: {again}\n{story}")


def outcome(seed: int, url: str | None) -> tuple[Counter[str], str | None]:
    """Play the history of a seed; return what happened in it, and the story of its failure."""
    try:
        return check(seed, url), None
    except FailedHistoryError as failure:
        return Counter(), str(failure)
