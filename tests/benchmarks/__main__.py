"""Measures the questions and writes the report: `python -m tests.benchmarks [--full] [--only QUESTION …]`.

A question is a module of this folder with a `QUESTION` and a function `run` that takes a `Bench` and gives a `Result`.
Whoever adds one adds its name to `QUESTIONS`.
"""

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import needs, report
from tests.benchmarks.frame import ROUNDS, Bench, Size

QUESTIONS = ("extraction", "raw_to_version", "night", "growth", "serving", "small_things", "roles", "routes")


def main() -> None:
    """Measure what the command line asks for; the report keeps what it does not ask for."""
    asked = _arguments()
    size: Size = "tiny" if asked.tiny else "full" if asked.full else "scaled"
    names = asked.only or QUESTIONS
    _refuse_unless_all_is_at_hand(names, size, asked.folder, asked.before)
    for name in names:
        module = importlib.import_module(f"tests.benchmarks.{name}")
        sys.stderr.write(f"{module.QUESTION.title} ({size})\n")
        with ExitStack() as stack:
            folder = asked.folder or Path(stack.enter_context(TemporaryDirectory(prefix="pulse-bench-")))
            home = folder / name
            home.mkdir(parents=True, exist_ok=True)
            start = time.perf_counter()
            result = module.run(Bench(size, home, asked.rounds or ROUNDS[size], asked.lock, asked.before))
        if size != "tiny":
            report.add(module.QUESTION, size, result, time.perf_counter() - start)


def _refuse_unless_all_is_at_hand(names: Sequence[str], size: Size, folder: Path | None, before: Path | None) -> None:
    """End the process, before anything is made or measured, if something is missing that a question needs."""
    lines = needs.missing(names, size, folder or Path(tempfile.gettempdir()), before)
    if lines:
        sys.exit(f"python -m tests.benchmarks: {needs.refusal(lines, names)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes that the goals are about: takes an hour")
    parser.add_argument("--tiny", action="store_true", help="only shows that everything runs; writes no report")
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, help="these questions and no others")
    parser.add_argument("--rounds", type=int, help="how often each piece runs")
    parser.add_argument("--folder", type=Path, help="where the data go and stay, for measuring again; else a new one")
    parser.add_argument(
        "--before",
        type=_checkout,
        help="a checkout of another commit, with its .venv, to measure serving in turns with",
    )
    parser.add_argument("--lock", type=Path, help="a file to lock while measuring, where others measure too")
    return parser.parse_args()


def _checkout(text: str) -> Path:
    return Path(text).absolute()


if __name__ == "__main__":
    main()
