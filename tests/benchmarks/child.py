"""Runs one piece: `python -m tests.benchmarks.child QUESTION PIECE FOLDER [ARGUMENT …]`, as `frame.py` starts it.

The piece is the function of that name in the question's module. What it returns goes to the file that
`PULSE_BENCH_ANSWER` names, as JSON.
"""

import importlib
import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Call the piece with its folder and its arguments, which are texts."""
    question, piece, folder, *arguments = sys.argv[1:]
    module = importlib.import_module(f"tests.benchmarks.{question}")
    answer = getattr(module, piece)(Path(folder), *arguments)
    Path(os.environ["PULSE_BENCH_ANSWER"]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
