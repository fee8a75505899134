"""Question 8: what does an answer of the profile's routes cost, beside one of the pulse?"""

from __future__ import annotations

import statistics
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.benchmarks import growth, processor, serving_servers, wrk
from tests.benchmarks.frame import Bench, Goal, Question, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.serving_costs import Load

QUESTION = Question(
    8,
    "routes",
    "Routes of the profile",
    "A published version with a year of activity, two workers, every request another learner, no compression, no rate "
    "limit. Routes that read the look-up file are compared with the pulse from it, those of one SQL statement with "
    'the pulse by `serve.lookup = "warehouse"`. What counts is the servers\' processor time of an answer.',
)
YEAR, SECONDS, CONNECTIONS, FIRST_PORT = 365, {"tiny": 1, "scaled": 3, "full": 6}, 16, 18_570
SECRET, FAR_EXPIRY, MOST_REQUESTS = "the secret of a benchmark, which is over 32 bytes long", 4_102_444_800, 200_000
GOAL = 1.5
PULSE = wrk.PATH
ROUTES: Mapping[str, Sequence[str]] = {  # by `serve.lookup`: what is asked for, the pulse first
    "file": (
        PULSE,
        "/api/xp/streak-status",
        "/api/xp/weekly-activity",
        "/api/xp/profile",
        "/api/xp/daily-quests",
    ),
    "warehouse": (
        PULSE,
        "/api/xp/learning-time",
        "/api/xp/learning-pulse?year=2026",
        "/api/xp/learning-pulse/2026-11-20",
    ),
}
SERVING = f"""
[auth]
algorithms = ["HS256"]
secret = "{SECRET}"

[quests.an_hour]
title = "An hour"
measure = "learning_time"
period = "week"
target = 3600

[serve]
rate_limit = ""
rate_limit_refused = ""
lookup = "{{lookup}}"
"""


def run(bench: Bench) -> Result:
    """Publish a lake, serve it both ways, and let the routes of each take turns."""
    learners = bench.at_size(tiny=200, scaled=30_000, full=300_000)
    days = bench.at_size(tiny=YEAR // 6, scaled=YEAR, full=YEAR)
    bench.prepare("routes", "make", learners, days)
    result = Result(facts={"learners": learners, "days": days, "seconds a run": SECONDS[bench.size]})
    found: dict[tuple[str, str], list[Load]] = {(how, path): [] for how, paths in ROUTES.items() for path in paths}
    with ExitStack() as stack:
        ports = {lookup: FIRST_PORT + number for number, lookup in enumerate(ROUTES)}
        pids = {
            lookup: stack.enter_context(serving_servers.started("ours", bench.folder / lookup, port))
            for lookup, port in ports.items()
        }
        for turn in range(bench.rounds + 1):  # the first warms up
            with bench.alone():
                for (lookup, path), loads in found.items():
                    asked = turn * MOST_REQUESTS // (bench.rounds + 1)
                    load = _load(bench, ports[lookup], pids[lookup], path, asked)
                    if turn:
                        loads.append(load)
                        sys.stderr.write(f"  {lookup}, {path}: {1000 * load.cpu:,.0f} µs\n")
    _judge(result, found)
    return result


def make(folder: Path, learners: str, days: str) -> None:
    """Publish a lake, write who asks, and a configuration for each way to look learners up."""
    import hashlib
    import uuid

    import jwt

    growth.make(folder, learners, days)
    lines = []
    for number in range(min(int(learners), MOST_REQUESTS)):
        learner = str(uuid.UUID(hashlib.md5(f"learner {number}".encode()).hexdigest()))
        lines.append(jwt.encode({"sub": learner, "exp": FAR_EXPIRY}, SECRET, algorithm="HS256"))
    (folder / "asking.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = (folder / "pulse.toml").read_text(encoding="utf-8").replace('"var"', f'"{folder / "var"}"')
    for lookup in ROUTES:
        (folder / lookup).mkdir(exist_ok=True)
        (folder / lookup / "pulse.toml").write_text(text + SERVING.format(lookup=lookup), encoding="utf-8")


def _load(bench: Bench, port: int, pid: int, path: str, position: int) -> Load:
    seconds = SECONDS[bench.size]
    before = processor.of_children(pid)
    requests = bench.folder / "asking.txt"
    load = wrk.load(port, requests, position, connections=CONNECTIONS, seconds=seconds, path=path)
    return load._replace(cpu=1000 * (processor.of_children(pid) - before) / (load.rate * seconds))


def _judge(result: Result, found: Mapping[tuple[str, str], Sequence[Load]]) -> None:
    rows = [["route", "an answer"]]
    most: dict[str, float] = dict.fromkeys(ROUTES, 0)
    for (lookup, path), loads in found.items():
        beside = statistics.median(
            load.cpu / pulse.cpu for load, pulse in zip(loads, found[lookup, PULSE], strict=True)
        )
        most[lookup] = max(most[lookup], beside)
        rate, p50, cpu = (statistics.median(load[field] for load in loads) for field in (0, 1, 4))
        figures = (
            f"{1000 * cpu:,.0f} µs of processor time, {beside:.2f} times the pulse ({rate:,.0f}/s, p50 {p50:.2f} ms)"
        )
        rows.append([f"`{path}` by `{lookup}`", figures])
    result.tables["Routes, in turns"] = rows
    result.goals = [
        Goal(f"by `{lookup}`: the dearest route at most {GOAL} times the pulse", f"{times:.2f} times", times <= GOAL)
        for lookup, times in most.items()
    ]
