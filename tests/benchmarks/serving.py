"""Question 5: how many answers a second, beside the same server with other databases, and with none."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.benchmarks import plots, serving_world, sources
from tests.benchmarks.frame import Bench, BenchmarkError, Goal, Question, Result
from tests.support.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.frame import Size

QUESTION = Question(
    5,
    "serving",
    "Serving",
    "The endpoint with its 365 entries, a bearer token per learner, checked, no compression asked for, no rate limit. "
    "Granian with two workers; `wrk` with one thread and 16 connections on the same cores. All peers are the same "
    "server with one function replaced, the one that gets a learner's pulse; PostgreSQL and SQLite keep our packed "
    "text of a learner, one row each, and use our rendering. The limit checks the token and answers a constant of "
    "usual size. "
    "Uniform: every request is another learner. Zipf: learner n is asked for in proportion to n^-1.1, by servers that "
    "have been asked like this for a while, each with 64 MB of learners at most.",
)
PEERS = ("ours", "limit", "select 1", "look-up", "postgres", "sqlite", "naive")
CONSTANT = ("limit", "select 1", "look-up")  # answer everybody the same
PORTS = {peer: 18_500 + number for number, peer in enumerate(PEERS)}
LEARNERS = {"tiny": 2_000, "scaled": 100_000, "full": 1_000_000}
SECONDS = {"tiny": 1, "scaled": 3, "full": 6}
# Seconds of Zipf before the first round: a server has run for a while. Ours keeps learners itself, up to 64 MB, and is
# asked until a worker has as many as it will ever have; the others have the pages that they need much sooner.
WARM_UP = {"tiny": 1, "scaled": 15, "full": 40}
WARM_UP_OF_OURS = {"tiny": 1, "scaled": 40, "full": 240}
CONNECTIONS = 16
CHECKED = 100  # answers that are compared
PATH = "/api/xp/learning-pulse"
LOADS: Mapping[str, tuple[str, int, Sequence[str]]] = {  # by name: who asks for what, connections, whom
    "uniform": ("uniform", CONNECTIONS, PEERS),
    "Zipf": ("zipf", CONNECTIONS, ("ours", "limit", "postgres", "sqlite")),
    "304": ("fresh", CONNECTIONS, ("ours",)),
    "one connection": ("uniform", 1, ("ours", "limit", "select 1", "look-up", "postgres", "sqlite")),
}


class Load(NamedTuple):
    """What a run of `wrk` found.

    Args:
        rate: answers a second.
        p50: the median latency in milliseconds.
        p99: the 99th percentile.
        wrk_share: of one core, that `wrk` itself took.
        cpu: milliseconds of processor time per answer in the server's workers, whatever else the machine does.
    """

    rate: float
    p50: float
    p99: float
    wrk_share: float
    cpu: float


def run(bench: Bench) -> Result:
    """Publish a world, start all peers, let them take turns under each load, and compare their answers."""
    if shutil.which("wrk") is None:
        message = "wrk is needed to load the server: apt-get install wrk"
        raise BenchmarkError(message)
    learners = LEARNERS[bench.size]
    bench.prepare("serving", "make_world", learners)
    seconds = {"seconds a run": SECONDS[bench.size], "seconds of Zipf before": WARM_UP_OF_OURS[bench.size]}
    result = Result(facts={"learners": learners, "answers compared": CHECKED, **seconds})
    with sources.postgres(bench.folder) as url, ExitStack() as servers:
        bench.prepare("serving", "fill_peers", url)
        pids = {peer: servers.enter_context(_serving(bench.folder, peer, url)) for peer in PEERS}
        _compare(bench.folder)
        found = _take_turns(bench, pids)
        memory = {peer: _memory(pid) for peer, pid in pids.items()}
    _judge(result, found, memory)
    return result


def make_world(folder: Path, learners: str) -> None:
    """Publish the version and write the requests, unless they are there."""
    configuration = serving_world.publish(folder, int(learners))
    if not (folder / "fresh.txt").exists():
        serving_world.write_requests(folder, configuration)


def fill_peers(folder: Path, url: str) -> None:
    """Fill the peers' databases with the lines of the version."""
    from tests.benchmarks import serving_peers
    from warehouse.configuration.configuration import load
    from warehouse.versions.versions import Warehouse

    configuration = load(folder / "pulse.toml", uses=["auth", "serve"])
    file = Warehouse.of(configuration).file(serving_world.VERSION)
    serving_peers.fill_postgres(url, file)
    serving_peers.fill_sqlite(folder, file)


@contextmanager
def _serving(folder: Path, peer: str, url: str) -> Iterator[int]:
    """Start a peer, wait until it is ready, and give the id of its process."""
    command = [sys.executable, "-m", "tests.benchmarks.serving_peers", peer, str(folder), str(PORTS[peer])]
    environment = {**os.environ, "PULSE_BENCH_POSTGRES": url}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(process, peer)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], peer: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORTS[peer]}/health/ready", timeout=5).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    message = f"the server {peer} did not become ready"
    raise BenchmarkError(message)


def _compare(folder: Path) -> None:
    """Ask the peers for the same learners; the one that reads the public tables is right."""
    tokens = (folder / "uniform.txt").read_text(encoding="utf-8").split()
    for token in random.Random(5).sample(tokens, min(CHECKED, len(tokens))):
        bodies = {peer: json.loads(_answer(peer, token)) for peer in PEERS if peer not in CONSTANT}
        if wrong := [peer for peer, body in bodies.items() if body != bodies["naive"]]:
            message = f"{', '.join(wrong)} and the public tables differ for {token}"
            raise BenchmarkError(message)


def _answer(peer: str, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://127.0.0.1:{PORTS[peer]}{PATH}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own server
        return bytes(response.read())


def _take_turns(bench: Bench, pids: Mapping[str, int]) -> dict[str, dict[str, list[Load]]]:
    found: dict[str, dict[str, list[Load]]] = {load: {peer: [] for peer in who} for load, (*_, who) in LOADS.items()}
    asked: Counter[tuple[str, str]] = Counter()  # everybody goes on where the requests of the last turn ended
    for turn in range(bench.rounds + 1):  # the first warms up
        for load, (requests, connections, who) in LOADS.items():
            with bench.alone():
                for peer in who:
                    seconds = _seconds(bench.size, load, peer, is_first=not turn)
                    file = bench.folder / f"{requests}.txt"
                    before = _cpu_seconds(pids[peer])
                    loaded = _load(PORTS[peer], file, connections, seconds, asked[requests, peer])
                    answers = loaded.rate * seconds
                    asked[requests, peer] += round(answers)
                    loaded = loaded._replace(cpu=1000 * (_cpu_seconds(pids[peer]) - before) / answers)
                    if turn:
                        found[load][peer].append(loaded)
                        sys.stderr.write(f"  {load}, {peer}: {loaded.rate:,.0f}/s, p99 {loaded.p99:.1f} ms\n")
    return found


def _seconds(size: Size, load: str, peer: str, *, is_first: bool) -> int:
    if load == "Zipf" and is_first:
        return (WARM_UP_OF_OURS if peer == "ours" else WARM_UP)[size]
    return SECONDS[size]


def _load(port: int, requests: Path, connections: int, seconds: int, position: int) -> Load:
    script = ROOT / "tests" / "benchmarks" / "serving_load.lua"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command += [f"http://127.0.0.1:{port}", "--", str(requests), str(position)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said: dict[str, Any] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    if said["failed"]:
        message = f"{said['failed']} requests on port {port} failed"
        raise BenchmarkError(message)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Load(said["requests"] / said["seconds"], said["p50"] / 1e3, said["p99"] / 1e3, cpu / said["seconds"], 0)


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a server's workers so far."""
    ticks = 0
    for child in _children(pid):
        with open(f"/proc/{child}/stat", encoding="utf-8") as file:  # noqa: PTH123 - no path of ours
            ticks += sum(map(int, file.read().rpartition(") ")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    """Return what the largest worker of a server holds for itself, in 10^6 bytes."""
    return max(_held(int(child)) for child in _children(pid))


def _children(pid: int) -> list[str]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:  # noqa: PTH123 - as above
        return file.read().split() or [str(pid)]


def _held(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:  # noqa: PTH123 - no path of ours
        return next(int(line.split()[1]) * 1024 / 1e6 for line in file if line.startswith("VmRSS"))


def _ratio(found: Mapping[str, Mapping[str, Sequence[Load]]], ours: tuple[str, str], theirs: tuple[str, str]) -> float:
    """Return the median, over the rounds, of one rate divided by another of the same round."""
    pairs = zip(found[ours[0]][ours[1]], found[theirs[0]][theirs[1]], strict=True)
    return statistics.median(our.rate / their.rate for our, their in pairs)


def _judge(result: Result, found: Mapping[str, Mapping[str, Sequence[Load]]], memory: Mapping[str, float]) -> None:
    def against(load: str, peer: str, least: float | None, to: str = "uniform") -> Goal:
        ratio = _ratio(found, (load, "ours"), (to, peer))
        goal = f"{load}: at least {least} times {peer}" if least else f"{load}: beside {peer}"
        return Goal(goal, f"{ratio:.2f} times", ratio >= least if least else None)

    one = statistics.median(load.p50 for load in found["one connection"]["ours"])
    stalls = [
        max(our.p99 / limit.p99 for our, limit in zip(found[load]["ours"], found[load]["limit"], strict=True))
        for load in ("uniform", "Zipf")
    ]
    result.goals = [
        against("uniform", "limit", 0.5),
        against("uniform", "postgres", 1.2),
        against("uniform", "sqlite", None),
        against("uniform", "naive", None),
        against("Zipf", "limit", 0.8, "Zipf"),
        against("304", "limit", 0.8),
        Goal("one connection: median below 1.5 ms", f"{one:.2f} ms", one < 1.5),
        Goal("p99 at most 4 times the limit's, in every run", f"{max(stalls):.1f} times", max(stalls) <= 4),
    ]
    rows = [
        ["load", "peer", "answers a second: median (least to most)", "p50", "p99", "processor time per answer", "`wrk`"]
    ]
    for load, peers in found.items():
        for peer, loads in peers.items():
            rates = [run.rate for run in loads]
            spread = f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
            p50, p99, share, cpu = (statistics.median(run[field] for run in loads) for field in (1, 2, 3, 4))
            figures = [f"{p50:.2f} ms", f"{p99:.2f} ms", f"{cpu:.2f} ms", f"{share:.0%} of a core"]
            rows.append([load, peer, spread, *figures])
    result.tables["Loads, in turns"] = rows
    result.tables["Memory of the largest worker, all loads behind it"] = [
        ["peer", "resident"],
        *[[peer, f"{held:,.0f} MB"] for peer, held in memory.items()],
    ]
    uniform = {peer: statistics.median(run.rate for run in loads) for peer, loads in found["uniform"].items()}
    zipf = {f"{peer}, Zipf": statistics.median(run.rate for run in loads) for peer, loads in found["Zipf"].items()}
    ours = ["ours", "ours, Zipf"]
    result.plots = [plots.bars("Answers a second, 16 connections", "/s", {**uniform, **zipf}, ours=ours)]
