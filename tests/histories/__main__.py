"""Plays random histories against the oracle: `make histories ARGS="--count 1000 --seed 1 --database URL"`.

Each history has a seed of its own, counted up from `--seed`. One that fails is made shorter as far as it still fails,
printed line by line, and can be played again with `--seed N --count 1`. Stop it with Ctrl-C whenever you like: it ends
with the history at hand. With `--write`, what was played without a failure goes into docs/RELIABILITY.md.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
import traceback
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

from tests.histories.chance import Operation, drawn
from tests.histories.history import COUNTED, History

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).parents[2] / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- make histories -->", "<!-- end of make histories -->"
SQLITE = "SQLite"
DATABASES = {"postgresql": "PostgreSQL", "mysql": "MariaDB", "mariadb": "MariaDB"}


class FailedHistoryError(Exception):
    """A history that did not end as the oracle says; its text is the whole story."""


def play(
    seed: int, operations: Sequence[Operation], url: str | None = None, counts: Counter[str] | None = None
) -> str | None:
    """Play a history on a SQLite of its own, or in a database.

    Returns:
        The story of its failure; None if it is well, and then `counts` has what happened in it.
    """
    with TemporaryDirectory(prefix="history") as folder:
        history = History(seed, url or f"sqlite:///{folder}/platform.sqlite", Path(folder))
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


def check(seed: int, url: str | None = None) -> Counter[str]:
    """Play the history of a seed and return what happened in it, by `COUNTED`.

    Raises:
        FailedHistoryError: with the shortest story that still fails.
    """
    operations, counts = drawn(seed), Counter[str]()
    if play(seed, operations, url, counts) is None:
        return counts
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
    parser.add_argument("--write", action="store_true", help="write the figures into docs/RELIABILITY.md")
    words = parser.parse_args()
    stopped = Event()
    signal.signal(signal.SIGINT, lambda *_: stopped.set())  # an interrupted query would be told as a failure
    began, counts, failed = time.monotonic(), Counter[str](), 0
    while not stopped.is_set() and (counts["histories"] < words.count or not words.count):
        try:
            counts.update(check(words.seed + counts["histories"], words.database))
        except FailedHistoryError as failure:
            failed += 1
            print(failure, flush=True)
        counts["histories"] += 1
        if counts["histories"] % 25 == 0 or counts["histories"] == words.count or stopped.is_set():
            seconds = time.monotonic() - began
            print(f"{counts['histories']} histories, {failed} failed, {seconds:.0f} s", flush=True)
    if words.write and not failed:
        dialect = words.database.partition(":")[0].partition("+")[0] if words.database else ""
        write(DATABASES.get(dialect, SQLITE), words.seed, counts, time.monotonic() - began)
    return 1 if failed else 0


def write(database: str, first_seed: int, counts: Counter[str], seconds: float) -> None:
    """Put the figures of a database into the page, in place of those that it had, and leave the others."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    kept, _, after = rest.partition(END)
    rows = {name: line for line in kept.splitlines() for name in re.findall(r"^\| (\w+) \| [\d,]+ ", line)}
    seeds = f"{counts['histories']:,} (seeds {first_seed} to {first_seed + counts['histories'] - 1})"
    cells = [
        database,
        seeds,
        *(f"{counts[name]:,}" for name in COUNTED),
        f"{seconds / 60:.0f} min, {time.process_time() / 60:.0f} of them at work",
    ]
    rows[database] = f"| {' | '.join([*cells, f'{datetime.now(UTC):%Y-%m-%d}'])} |"
    head = ["database", "histories, none failed", *COUNTED, "took", "when"]
    table = "\n".join([f"| {' | '.join(head)} |", "| --- " * len(head) + "|", *rows.values()])
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
