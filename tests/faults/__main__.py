"""`make torture`: kills nights by the hundred and writes the figures into docs/RELIABILITY.md (FAULTS 1).

One failure ends it, with nothing written. Stopped by SIGINT after some rounds, it writes what has been done by then.
"""

import argparse
import os
import platform
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from tests.faults import torture
from tests.faults.torture import AT_RANDOM, BY_COMMAND, Torture
from warehouse.crash_points import NAMES

PAGE = Path(__file__).parents[2] / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- make torture -->", "<!-- end of make torture -->"
LATE = 0.6  # where checking and publishing begin, as a share of a night


def main() -> None:
    """Do as many rounds as are asked for."""
    words = argparse.ArgumentParser(prog="make torture", description=__doc__)
    words.add_argument("--rounds", type=int, default=20, help="kills at every crash point (20)")
    words.add_argument("--random", type=int, default=300, help="kills at random times (300)")
    words.add_argument("--by-command", type=int, default=10, help="kills of `pulse nightly` at every crash point (10)")
    words.add_argument("--seed", type=int, default=1, help="of the random times (1)")
    asked = words.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    with TemporaryDirectory(prefix="torture-") as folder, torture.prepared(Path(folder)) as tortured:
        try:
            _rounds(tortured, asked)
        except KeyboardInterrupt:
            sys.stderr.write("stopped\n")
    _write(_figures(tortured, time.monotonic() - began))


def _rounds(tortured: Torture, asked: argparse.Namespace) -> None:
    chance = random.Random(asked.seed)
    for number in range(asked.rounds):
        for point in NAMES:
            tortured.kill_at(tortured.occurrence(point, number, asked.rounds))
        while tortured.kills[AT_RANDOM] < asked.random * (number + 1) // asked.rounds:
            is_late = tortured.kills[AT_RANDOM] % 2
            tortured.kill_after(chance.uniform(LATE, 1) if is_late else chance.random())
        _tell(f"round {number + 1} of {asked.rounds}", tortured)
    for number in range(asked.by_command):
        for point in NAMES:
            tortured.kill_at(tortured.occurrence(point, number, asked.by_command), by_command=True)
        _tell(f"by command, round {number + 1} of {asked.by_command}", tortured)


def _tell(what: str, tortured: Torture) -> None:
    readings = sum(tortured.readers.answers.values())
    kills, seconds = sum(tortured.kills.values()), tortured.seconds
    sys.stderr.write(f"{what}: {kills} kills, {readings:,} answers, a night takes {seconds:.1f} s\n")


def _figures(tortured: Torture, seconds: float) -> str:
    kills, answers = tortured.kills, tortured.readers.answers
    at_points = sum(kills[point] for point in NAMES)
    by_command = sum(kills[f"{point}{BY_COMMAND}"] for point in NAMES)
    readings = answers[max(answers)]
    rows = [
        ("crash points", f"{len(NAMES)}"),
        ("kills there", f"{at_points:,}, {min(kills[point] for point in NAMES)} or more at each"),
        ("kills at random times", f"{kills[AT_RANDOM]:,}"),
        ("kills of `pulse nightly` at crash points", f"{by_command:,}"),
        ("answers of the API meanwhile", f"{sum(answers.values()) - readings:,}"),
        ("readings of the published file meanwhile", f"{readings:,}"),
        ("torn, mixed, missing or failed", "0"),
        ("pointers that did not match their manifest", "0"),
        ("next nights with another logical hash, or leftovers", "0"),
    ]
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, {seconds / 60:.0f} minutes on {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )
    return "\n".join([f"Last run: {about}.", "", "| | |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in rows)])


def _write(figures: str) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
