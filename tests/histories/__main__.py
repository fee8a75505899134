"""Plays random histories against the oracle: `make histories ARGS="--count 1000 --seed 1 --database URL"`.

Each history has a seed of its own, counted up from `--seed`. One that fails is made shorter as far as it still fails,
printed line by line, and can be played again with `--seed N --count 1`. Stop it with Ctrl-C whenever you like.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.histories.history import History, Operation, drawn

if TYPE_CHECKING:
    from collections.abc import Sequence


class FailedHistoryError(Exception):
    """A history that did not end as the oracle says; its text is the whole story."""


def play(seed: int, operations: Sequence[Operation], url: str | None = None) -> str | None:
    """Play a history on a SQLite of its own, or in a database; return the story of its failure, None if it is well."""
    with TemporaryDirectory(prefix="history") as folder:
        history = History(seed, url or f"sqlite:///{folder}/platform.sqlite", Path(folder))
        try:
            history.play(operations)
        except Exception:  # noqa: BLE001 - whatever it is, it is a failure of this history
            return "\n".join([*history.log, traceback.format_exc()])
        finally:
            history.close()
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


def check(seed: int, url: str | None = None) -> None:
    """Play the history of a seed.

    Raises:
        FailedHistoryError: with the shortest story that still fails.
    """
    operations = drawn(seed)
    if play(seed, operations, url) is None:
        return
    fewer = shortened(seed, operations, url)
    story = play(seed, fewer, url) or "it did not fail again, so something besides its seed decides"
    again = f'make histories ARGS="--seed {seed} --count 1{f" --database {url}" if url else ""}"'
    raise FailedHistoryError(f"history {seed} fails; again: {again}\n{story}")


def main() -> int:
    """Play as many histories as asked for."""
    parser = argparse.ArgumentParser(prog="make histories", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--count", type=int, default=100, help="how many histories (100); 0 goes on until it is stopped"
    )
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first one (1)")
    parser.add_argument("--database", help="URL of an empty database, which is overwritten (a SQLite of their own)")
    words = parser.parse_args()
    began, played, failed = time.monotonic(), 0, 0
    while played < words.count or not words.count:
        try:
            check(words.seed + played, words.database)
        except FailedHistoryError as failure:
            failed += 1
            print(failure, flush=True)
        except KeyboardInterrupt:
            break
        played += 1
        if played % 25 == 0 or played == words.count:
            seconds = time.monotonic() - began
            print(f"{played} histories, {failed} failed, {seconds:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
