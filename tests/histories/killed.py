"""A run in a process of its own that dies at a named point (FAULTS 1).

Starting Python and importing the pipeline takes longer than a night of a small world, so one helper process does that
once and forks itself for every run.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path

from assets.all_steps import run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from tests.support.repository import ROOT
from warehouse.configuration.configuration import load
from warehouse.crash_points import ENVIRONMENT
from warehouse.disk.lock import run_lock
from warehouse.errors import PulseError

GUARDS = ("accept_shrink", "accept_quarantine")
REFUSED = 3


def night_that_dies(configuration: Path, day: date, point: str) -> bool:
    """Run the night of a day until it dies at a crash point (`NAME@N`), or ends or is refused; say whether it died."""
    helper = _helper()
    assert helper.stdin is not None
    assert helper.stdout is not None
    helper.stdin.write(json.dumps([str(configuration), day.isoformat(), point]) + "\n")
    helper.stdin.flush()
    code = int(helper.stdout.readline())
    assert code in (0, REFUSED, -signal.SIGKILL), f"the run ended with {code}"
    return code == -signal.SIGKILL


@cache
def _helper() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.histories.killed"]
    helper = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the histories: they end with the one at hand
    )
    atexit.register(helper.communicate)  # its input ends, and so does it
    return helper


def _serve() -> None:
    """Fork for every line; the parent has no threads and no database open, so its children are as good as new."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_run(*json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(path: str, day: str, point: str) -> int:
    os.environ[ENVIRONMENT] = point
    configuration, last = load(Path(path), uses=["sources"]), date.fromisoformat(day)
    try:
        with run_lock(configuration, "a night that dies"):
            run_night(Night.of(configuration), Run(last, last, (), GUARDS))
    except PulseError:
        return REFUSED
    return 0


if __name__ == "__main__":
    _serve()
