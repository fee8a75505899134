"""Question 6: the small things that a person waits for."""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

from tests.benchmarks import plots
from tests.benchmarks.frame import Bench, Cost, Goal, Question, Result, median

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

QUESTION = Question(
    6,
    "small_things",
    "Small things",
    "What a person waits for: the demo from the command to its first answer, `pulse status`, importing the server, and "
    "a night of the demo through Dagster.",
)
PULSE = (sys.executable, "-m", "pipelines.command_line.cli")
GOAL_OURS, GOAL_DAGSTER, GOAL_IMPORTS, GOAL_STATUS = 1.2, 2.0, 1.2, 0.5  # seconds
IMPORTS, STATUS = "importing a night without Dagster", "pulse status"


def run(bench: Bench) -> Result:
    """Make a demo once, then measure what is done with it."""
    result = Result()
    users, days = bench.at_size(tiny=3, scaled=40, full=40), bench.at_size(tiny=10, scaled=365, full=365)
    result.facts = {"learners of the demo": users, "days": days}
    first_answer = "the demo, from the command to its first answer"
    result.costs.update(bench.take_turns({first_answer: ("small_things", "demo", users, days)}, rounds=1))
    config = bench.folder / "demo" / "pulse.toml"
    result.costs.update(
        bench.take_turns(
            {
                STATUS: ("command", *PULSE, "status", "--config", config),
                "pulse --help": ("command", *PULSE, "--help"),
                "importing the server": ("command", sys.executable, "-c", "import serve.app"),
                "importing Dagster": ("command", sys.executable, "-c", "import dagster"),
                IMPORTS: ("small_things", "import_night"),
            }
        )
    )
    night = "a night of the demo, through Dagster"
    command = ("command", *PULSE, "nightly", "--config", config)
    core = "the same night without Dagster"
    pieces = {night: command, core: ("small_things", "night")}
    result.costs.update(bench.take_turns(pieces, rounds=min(bench.rounds, 3)))
    seconds = result.costs[core][-1].answer
    rows = [[step, f"{value:.2f} s"] for step, value in seconds.items()]
    whole, alone = median(result.costs[night]), median(result.costs[core])
    rows += [["interpreter and imports", f"{alone - sum(seconds.values()):.2f} s"]]
    rows += [["Dagster", f"{whole - alone:.2f} s"]]
    result.tables["Where the seconds of a demo night go:"] = [["part", "wall"], *rows]
    result.goals = [*_goals(result.costs[night], result.costs[core], result.costs[IMPORTS], result.costs[STATUS])]
    shown = [name for name in result.costs if name not in {core, IMPORTS, STATUS}]
    result.goals += [Goal(name, f"{median(result.costs[name]):.2f} s", None) for name in shown]
    values = {row[0]: float(row[1].split()[0]) for row in rows}
    result.plots = [plots.bars("A night of the demo", "s", values, ours=tuple(seconds))]
    return result


def _goals(night: Sequence[Cost], core: Sequence[Cost], imports: Sequence[Cost], status: Sequence[Cost]) -> list[Goal]:
    """Take a night through Dagster apart: what Python has to import, what is ours, and what is Dagster's."""
    whole, alone, imported = (statistics.median(cost.cpu for cost in costs) for costs in (night, core, imports))
    taken = {
        f"a demo night: processor time of ours at most {GOAL_OURS} s": (alone - imported, GOAL_OURS),
        f"of Dagster at most {GOAL_DAGSTER} s": (whole - alone, GOAL_DAGSTER),
        f"of imports at most {GOAL_IMPORTS} s": (imported, GOAL_IMPORTS),
        f"`pulse status` at most {GOAL_STATUS} s": (median(status), GOAL_STATUS),
    }
    return [Goal(goal, f"{seconds:.2f} s", seconds <= most) for goal, (seconds, most) in taken.items()]


def import_night(_: Path) -> None:
    """Import what a night without Dagster needs, drivers of its source included."""
    import importlib

    for module in ("assets.all_steps", "assets.step0_plan.plan", "warehouse.configuration.configuration", "pandas"):
        importlib.import_module(module)


def demo(folder: Path, users: str, days: str) -> float:
    """Run the demo's own command until the server answers."""
    import os
    import shutil
    import signal
    import socket
    import subprocess
    import urllib.error
    import urllib.request

    shutil.rmtree(folder / "demo", ignore_errors=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*PULSE, "demo", "--users", users, "--days", days, "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}  # noqa: PTH109 - the repository, where the frame runs us
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                return time.perf_counter() - start
        raise RuntimeError(process.stderr.read().decode() if process.stderr else "the demo ended")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def night(folder: Path) -> dict[str, float]:
    """Run the same night by the core, and return the seconds of its steps."""
    from datetime import UTC, datetime, timedelta

    from assets import all_steps
    from assets.night.night import Night
    from assets.step0_plan.plan import planned
    from tests.benchmarks import parts
    from warehouse.configuration.configuration import load

    configuration = load(folder / "demo" / "pulse.toml", uses=["sources"])
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    clock = parts.timed(all_steps)
    all_steps.run_night(Night.of(configuration), planned(configuration, yesterday, yesterday))
    seconds = parts.to_json(clock.seconds)
    return {step: parts.of_step(seconds, step) for step in parts.STEPS}
