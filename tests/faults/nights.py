"""A night in a process of its own, which may be made to die: what `pulse nightly` does without Dagster, and itself.

A process is forked from a server that has imported everything, so that a night takes as long as a night takes.
"""

import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tests.faults.two_states import LAST_DAY
from tests.support.repository import ROOT
from warehouse import crash_points
from warehouse.configuration.configuration import Configuration, load

LONGEST_SECONDS = 120.0
MODULES = ("assets.night.night", "pipelines.command_line.cli", "tests.faults.nights")


@dataclass(frozen=True)
class Ended:
    """How a night ended.

    Args:
        code: its exit code; negative if a signal ended it.
        seconds: that it took, from its first step on.
    """

    code: int
    seconds: float


def night(configuration: Configuration, crash_point: str = "", kill_after: float | None = None) -> Ended:
    """Run the night of the last day.

    Args:
        configuration: whose.
        crash_point: where the process kills itself, as `PULSE_CRASH_POINT`.
        kill_after: the seconds after its beginning when it is killed from outside.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(list(MODULES))
    here, there = processes.Pipe(duplex=False)
    process = processes.Process(target=_run, args=(there, configuration.path, crash_point))
    process.start()
    there.close()
    try:
        here.recv()
        began = time.monotonic()
        process.join(LONGEST_SECONDS if kill_after is None else kill_after)
    finally:
        process.kill()
        process.join()
    seconds = time.monotonic() - began
    assert process.exitcode is not None
    return Ended(process.exitcode, seconds)


def command(configuration: Configuration, crash_point: str = "") -> subprocess.CompletedProcess[str]:
    """Run it by `pulse nightly`, through Dagster."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines.command_line.cli",
            "nightly",
            "--day",
            str(LAST_DAY),
            "--config",
            configuration.path,
        ],
        check=False,
        cwd=ROOT,
        env={**os.environ, crash_points.ENVIRONMENT: crash_point},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
    )


def times_reached(configuration: Configuration) -> Mapping[str, int]:
    """Run a night here, to its end, and return how often it came to each crash point, in their order."""
    reached: list[str] = []
    ours = [module for name, module in sys.modules.items() if name.startswith(("assets.", "warehouse."))]
    modules = [module for module in ours if hasattr(module, "reached")]
    for module in modules:
        vars(module)["reached"] = reached.append
    try:
        run(configuration)
    finally:  # as it was
        for module in modules:
            vars(module)["reached"] = crash_points.reached
    return Counter(reached)


def run(configuration: Configuration) -> None:
    """Run the night of the last day in this process, as the command does but for Dagster."""
    from assets.all_steps import run_night
    from assets.night.night import Night
    from assets.step0_plan.plan import Run
    from warehouse.disk.lock import run_lock

    with run_lock(configuration, "a night of these tests"):
        assert run_night(Night.of(configuration), Run(LAST_DAY, LAST_DAY)) is not None


def _run(parent: Connection, path: Path, crash_point: str) -> None:
    os.environ[crash_points.ENVIRONMENT] = crash_point
    configuration = load(path, uses=["sources"])
    parent.send("the night begins")
    run(configuration)
