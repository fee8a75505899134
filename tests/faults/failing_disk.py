"""Runs commands on a disk that fails at the Nth call, by the shim `failing_io.c`; Dagster's files are left out.

`python -m tests.faults.failing_disk` is the other end: a process that has imported everything and forks one for each
command, so that a command takes as long as its work. It is started with the shim loaded, which only acts when told.
"""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from tests.support.repository import ROOT

SOURCE = Path(__file__).with_name("failing_io.c")
LONGEST_SECONDS = 120
FLOOR = "PULSE_TEST_FLOOR_BYTES"  # instead of `space.FLOOR_BYTES`


class Ended(NamedTuple):
    """How a command ended, and on which call and path the disk failed under it, if it did."""

    code: int
    said: str
    failed: tuple[str, Path] | None


class FailingDisk:
    """A process that runs commands on a disk that fails.

    Args:
        process: the other end.
        told: the file in which the shim says what it did.
    """

    def __init__(self, process: "subprocess.Popen[str]", told: Path) -> None:
        self._process = process
        self._told = told

    def run(self, words: Sequence[object], environment: Mapping[str, str]) -> Ended:
        """Run a command of `pulse` with variables of its own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._told.unlink(missing_ok=True)
        request = [[str(word) for word in words], {**environment, "FAILING_IO_TELL": str(self._told)}]
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        code, said = json.loads(self._process.stdout.readline())
        failed = None
        if self._told.exists():
            call, _, path = self._told.read_text().strip().partition(" ")
            failed = (call, Path(path))
        return Ended(code, said, failed)


def failing_at(number: int, folder: Path, error: int = errno.EIO, *, lasts: bool = False) -> dict[str, str]:
    """Return the variables by which the shim lets the Nth call on files below a folder fail, and the later ones too."""
    variables = {"FAILING_IO_BELOW": str(folder), "FAILING_IO_AT": str(number), "FAILING_IO_ERRNO": str(error)}
    return {**variables, "FAILING_IO_LASTS": "1"} if lasts else variables


@contextmanager
def failing_disk(folder: Path) -> Iterator[FailingDisk]:
    """Build the shim into a folder and start the process; skip the test where there is no compiler, but not in CI."""
    compiler = shutil.which("cc")
    if compiler is None:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail("there is no C compiler: apt-get install gcc libc6-dev")
        pytest.skip("there is no C compiler to build failing_io.c with")
    shim = folder / "failing_io.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", shim, SOURCE, "-ldl"], check=True)
    with commands(folder, {"LD_PRELOAD": str(shim)}) as disk:
        yield disk


@contextmanager
def commands(folder: Path, environment: Mapping[str, str]) -> Iterator[FailingDisk]:
    """Start the process with variables of its own; without the shim the disk fails by itself, or not at all."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.failing_disk"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield FailingDisk(process, folder / "failed")
        finally:
            process.kill()


def serve() -> None:
    """Run what comes on stdin, each command in a process of its own."""
    from assets.all_steps import run_night
    from assets.night.night import Night
    from assets.night.progress import Progress
    from pipelines.command_line import cli
    from warehouse.condition import space

    for name in ("failures", "commands.build", "commands.erase", "commands.nightly"):
        import_module(f"pipelines.command_line.{name}")

    without_dagster = ModuleType("pipelines.command_line.dagster_run")
    vars(without_dagster)["run_nightly"] = lambda configuration, run, listener: run_night(
        Night.of(configuration, Progress(listener)), run
    )
    sys.modules["pipelines.command_line.dagster_run"] = without_dagster
    for line in sys.stdin:
        words, environment = json.loads(line)
        with tempfile.TemporaryFile() as said:
            process = os.fork()
            if process == 0:
                os.environ.update(environment)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                os.dup2(said.fileno(), 2)
                signal.alarm(LONGEST_SECONDS)
                space.FLOOR_BYTES = int(environment.get(FLOOR, space.FLOOR_BYTES))
                os._exit(_main(cli.main, words))
            _, status = os.waitpid(process, 0)
            said.seek(0)
            answer = [os.waitstatus_to_exitcode(status), said.read().decode()]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _main(main: object, words: list[str]) -> int:
    """Run a command as the interpreter would: what it does not catch is a traceback, and what is left is collected."""
    import gc
    import traceback

    assert callable(main)
    try:
        code = int(main(words))
    except BaseException:  # noqa: BLE001 - that is what is tested
        traceback.print_exc()
        code = 1
    gc.collect()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    serve()
