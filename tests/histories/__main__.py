"""Plays random histories against the oracle: `make histories ARGS="--count 1000 --seed 1 --database URL"`.

Each history has a seed of its own, counted up from `--seed`. One that fails is made shorter as far as it still fails,
printed line by line, and can be played again with `--seed N --count 1`. Stop it with Ctrl-C whenever you like: it ends
with the 25 at hand. With `--write`, what was played without a failure goes into docs/RELIABILITY.md.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from threading import Event

from tests.histories.history import COUNTED
from tests.histories.playing import outcome
from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- make histories -->", "<!-- end of make histories -->"
SQLITE = "SQLite"
TOLD_EVERY = 25
DATABASES = {"postgresql": "PostgreSQL", "mysql": "MariaDB", "mariadb": "MariaDB"}


def main() -> int:
    """Play as many histories as asked for."""
    parser = argparse.ArgumentParser(prog="make histories", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--count", type=int, default=100, help="how many histories (100); 0 goes on until it is stopped"
    )
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first one (1)")
    parser.add_argument("--database", help="URL of an empty database, which is overwritten (a SQLite of their own)")
    parser.add_argument("--jobs", type=int, default=1, help="how many to play at once (1), each on its own SQLite")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/RELIABILITY.md")
    words = parser.parse_args()
    if words.database and words.jobs > 1:
        parser.error("a database is for one history at a time: leave out --jobs")
    stopped = Event()
    signal.signal(signal.SIGINT, lambda *_: stopped.set())  # an interrupted query would be told as a failure
    began, counts, failed = time.monotonic(), Counter[str](), 0
    with ProcessPoolExecutor(words.jobs, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        while not stopped.is_set() and (counts["histories"] < words.count or not words.count):
            first = words.seed + counts["histories"]
            size = min(TOLD_EVERY, words.count - counts["histories"]) if words.count else TOLD_EVERY
            for happened, story in pool.map(partial(outcome, url=words.database), range(first, first + size)):
                counts.update(happened)
                counts["histories"] += 1
                if story:
                    failed += 1
                    print(story, flush=True)
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
        f"{seconds / 60:.0f} min",
    ]
    rows[database] = f"| {' | '.join([*cells, f'{datetime.now(UTC):%Y-%m-%d}'])} |"
    head = ["database", "histories, none failed", *COUNTED, "took", "when"]
    table = "\n".join([f"| {' | '.join(head)} |", "| --- " * len(head) + "|", *rows.values()])
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
