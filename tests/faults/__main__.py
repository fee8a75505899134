"""`make torture`: kills nights by the hundred, lets every call on the disk fail, and writes the figures into
docs/RELIABILITY.md (FAULTS 1, 2).

One failure ends it, with nothing written of that part. Stopped by SIGINT, it writes what the part at hand has done.
"""

import argparse
import errno
import os
import platform
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from tests.faults import torture, two_states
from tests.faults.failing_disk import failing_disk
from tests.faults.failing_nights import fail_at_every_call
from tests.faults.torture import AT_RANDOM, BY_COMMAND, Torture
from tests.support.repository import ROOT
from warehouse.crash_points import NAMES

PAGE = ROOT / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- make torture -->", "<!-- end of make torture -->"
LATE = 0.6  # where checking and publishing begin, as a share of a night
PARTS = ("kills", "command", "disk")

Figures = dict[str, str]


def main() -> None:
    """Do the parts that are asked for, one after the other, and write the figures of each when it is done."""
    words = argparse.ArgumentParser(prog="make torture", description=__doc__)
    words.add_argument("--only", choices=PARTS, action="append", help="this part, and others so named (all)")
    words.add_argument("--rounds", type=int, default=20, help="kills at every crash point (20)")
    words.add_argument("--first", type=int, default=0, help="of these the first, to go on where a run was stopped (0)")
    words.add_argument("--random", type=int, default=300, help="kills at random times (300)")
    words.add_argument("--by-command", type=int, default=10, help="kills of `pulse nightly` at every crash point (10)")
    words.add_argument("--seed", type=int, default=1, help="of the random times (1)")
    asked = words.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parts: dict[str, Callable[[argparse.Namespace], Figures]] = {"kills": _kills, "command": _command, "disk": _disk}
    for part in asked.only or PARTS:
        began = time.monotonic()
        figures = parts[part](asked)
        _write(figures, f"{datetime.now(UTC):%Y-%m-%d}, {(time.monotonic() - began) / 60:.0f} minutes")


def _kills(asked: argparse.Namespace) -> Figures:
    chance = random.Random(asked.seed)
    with _tortured() as tortured:
        for number in range(asked.first, asked.rounds):
            for point in NAMES:
                tortured.kill_at(tortured.occurrence(point, number, asked.rounds))
            while tortured.kills[AT_RANDOM] < asked.random * (number + 1 - asked.first) // asked.rounds:
                is_late = tortured.kills[AT_RANDOM] % 2
                tortured.kill_after(chance.uniform(LATE, 1) if is_late else chance.random())
            _tell(f"round {number + 1} of {asked.rounds}", tortured)
    return {
        "kills at crash points": _at_points([tortured.kills[point] for point in NAMES]),
        "kills at random times": f"{tortured.kills[AT_RANDOM]:,}",
        "answers and readings meanwhile": f"{sum(tortured.readers.answers.values()):,}",
    }


def _command(asked: argparse.Namespace) -> Figures:
    with _tortured() as tortured:
        for number in range(asked.by_command):
            for point in NAMES:
                tortured.kill_at(tortured.occurrence(point, number, asked.by_command), by_command=True)
            _tell(f"by command, round {number + 1} of {asked.by_command}", tortured)
    return {
        "kills of `pulse nightly`, through Dagster": _at_points(
            [tortured.kills[f"{point}{BY_COMMAND}"] for point in NAMES]
        ),
        "answers and readings meanwhile, again": f"{sum(tortured.readers.answers.values()):,}",
    }


def _disk(_: argparse.Namespace) -> Figures:
    found = {}
    with TemporaryDirectory(prefix="torture-") as folder, failing_disk(Path(folder)) as disk:
        for said, error, lasts in (("once", errno.EIO, False), ("from there on", errno.ENOSPC, True)):
            place = Path(folder) / errno.errorcode[error]
            place.mkdir()
            calls = fail_at_every_call(disk, two_states.make(place), error, lasts=lasts, first=1, step=1)
            found[f"calls of a night that failed, {errno.errorcode[error]} {said}"] = f"{calls}, all of them"
            sys.stderr.write(f"{calls} calls failed {said}\n")
    return found


@contextmanager
def _tortured() -> Iterator[Torture]:
    """Give a platform to torture; SIGINT ends the block and is no failure."""
    with TemporaryDirectory(prefix="torture-") as folder, torture.prepared(Path(folder)) as tortured:
        try:
            yield tortured
        except KeyboardInterrupt:
            sys.stderr.write("stopped\n")


def _at_points(kills: list[int]) -> str:
    return f"{sum(kills):,}: {min(kills)} or more at each of {len(kills)}"


def _tell(what: str, tortured: Torture) -> None:
    answers = sum(tortured.readers.answers.values())
    kills, seconds = sum(tortured.kills.values()), tortured.seconds
    sys.stderr.write(f"{what}: {kills} kills, {answers:,} answers, a night takes {seconds:.1f} s\n")


def _write(figures: Figures, about: str) -> None:
    """Put the rows into the page in place of those of the same name, and leave the others."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    kept, _, after = rest.partition(END)
    rows = {
        label: (value, when)
        for label, value, when in re.findall(r"^\| (.*?) \| (.*?) \| (\d.*?) \|$", kept, re.MULTILINE)
    }
    rows |= {label: (value, about) for label, value in figures.items()}
    lines = [f"| {label} | {value} | {when} |" for label, (value, when) in rows.items()]
    table = "\n".join(["| what | how often, without a failure | when |", "| --- | --- | --- |", *lines])
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}."
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n\nOn {machine}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
