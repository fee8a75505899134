"""Question 5: how many answers a second, beside the same server with other databases, and with none."""

from __future__ import annotations

import json
import random
import statistics
import sys
import urllib.request
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.benchmarks import plots, processor, serving_servers, serving_world, sources, wrk
from tests.benchmarks.frame import Bench, BenchmarkError, Goal, Question, Result
from tests.benchmarks.serving_costs import Load, beside_before, goals_of_processor_time
from tests.benchmarks.serving_servers import AS_USED, BEFORE, CONSTANT, PEERS, WITH_BOTH, Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.frame import Size

QUESTION = Question(
    5,
    "serving",
    "Serving",
    "The endpoint with its 365 entries, a bearer token per learner, checked, no compression asked for, no rate limit. "
    "Granian with two workers; `wrk` with one thread and 16 connections on the same cores. All peers are the same "
    "server with one function replaced, the one that gets a learner's pulse; PostgreSQL and SQLite keep our record "
    "of a learner, one row each, and use our rendering. The limit checks the token and answers a constant of "
    "usual size. Those that ask a database answer on threads, as the product does when it asks one. "
    "As used: the same servers with rate limits, asked for brotli. "
    "Uniform: every request is another learner. Zipf: learner n is asked for in proportion to n^-1.1, by servers that "
    "have been asked like this for a while, each with 64 MB of learners at most.",
)
LEARNERS = {"tiny": 2_000, "scaled": 100_000, "full": 1_000_000}
SECONDS = {"tiny": 1, "scaled": 3, "full": 6}
# Seconds of Zipf before the first round: a server has run for a while. Ours keeps learners itself, up to 64 MB, and is
# asked until a worker has as many as it will ever have; the others have the pages that they need much sooner.
WARM_UP = {"tiny": 1, "scaled": 15, "full": 40}
WARM_UP_OF_OURS = {"tiny": 1, "scaled": 40, "full": 240}
CONNECTIONS = 16
GOAL_WORKER_MB, GOAL_ONE = 200, 1.25
CHECKED = 100  # answers that are compared
USED = tuple(f"{peer}, {AS_USED}" for peer in WITH_BOTH)
LOADS: Mapping[str, tuple[str, int, Sequence[str]]] = {  # by name: who asks for what, connections, whom
    "uniform": ("uniform", CONNECTIONS, PEERS),
    "Zipf": ("zipf", CONNECTIONS, ("ours", "limit", "postgres", "sqlite")),
    "304": ("fresh", CONNECTIONS, ("ours",)),
    "one connection": ("uniform", 1, ("ours", "limit", "select 1", "look-up", "postgres", "sqlite")),
    "uniform, as used": ("uniform", CONNECTIONS, USED),
    "Zipf, as used": ("zipf", CONNECTIONS, USED),
}


def run(bench: Bench) -> Result:
    """Publish a world, start all peers, let them take turns under each load, and compare their answers."""
    learners = LEARNERS[bench.size]
    bench.prepare("serving", "make_world", learners)
    seconds = {"seconds a run": SECONDS[bench.size], "seconds of Zipf before": WARM_UP_OF_OURS[bench.size]}
    result = Result(facts={"learners": learners, "answers compared": CHECKED, **seconds})
    serving_servers.configure_as_used(bench.folder)
    if bench.before is not None:
        serving_servers.make_world_before(bench.folder, bench.before, learners)
        serving_servers.configure_as_used(bench.folder / BEFORE)
        result.facts["the commit before"] = serving_servers.commit(bench.before)
    servers = serving_servers.servers(bench.before)
    with sources.postgres(bench.folder) as url, ExitStack() as stack:
        bench.prepare("serving", "fill_peers", url)
        postmaster = sources.postmaster(bench.folder)
        pids = {
            name: stack.enter_context(serving_servers.running(server, bench.folder, url, bench.before))
            for name, server in servers.items()
        }
        _compare(bench.folder, servers.values())
        found = _take_turns(bench, servers, pids, postmaster)
        memory = {peer: _memory(pid) for peer, pid in pids.items()}
        result.notes.append(sources.note_on_postgres(bench.folder))
    _judge(result, found, memory)
    return result


def make_world(folder: Path, learners: str) -> None:
    """Publish the version and write the requests, unless they are there."""
    configuration = serving_world.publish(folder, int(learners))
    if not (folder / "fresh.txt").exists():
        serving_world.write_requests(folder, configuration)


def fill_peers(folder: Path, url: str) -> None:
    """Fill the peers' databases with the records of the version."""
    from tests.benchmarks import serving_peers
    from warehouse.configuration.configuration import load
    from warehouse.versions.versions import Warehouse

    configuration = load(folder / "pulse.toml", uses=["auth", "serve"])
    file = Warehouse.of(configuration).lookup_file(serving_world.VERSION)
    serving_peers.fill_postgres(url, file)
    serving_peers.fill_sqlite(folder, file)


def _compare(folder: Path, servers: Iterable[Server]) -> None:
    """Ask the servers for the same learners; the one that reads the public tables is right."""
    compared = [server for server in servers if server.peer not in CONSTANT]
    tokens = (folder / "uniform.txt").read_text(encoding="utf-8").split()
    for token in random.Random(5).sample(tokens, min(CHECKED, len(tokens))):
        bodies = {server.name: json.loads(_answer(server, token)) for server in compared}
        if wrong := [peer for peer, body in bodies.items() if body != bodies["naive"]]:
            message = f"{', '.join(wrong)} and the public tables differ for {token}"
            raise BenchmarkError(message)


def _answer(server: Server, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{wrk.PATH}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own server
        return bytes(response.read())


def _take_turns(
    bench: Bench, servers: Mapping[str, Server], pids: Mapping[str, int], postmaster: int | None
) -> dict[str, dict[str, list[Load]]]:
    loads = {
        load: (requests, connections, serving_servers.with_before(who, bench.before))
        for load, (requests, connections, who) in LOADS.items()
    }
    found: dict[str, dict[str, list[Load]]] = {load: {name: [] for name in who} for load, (*_, who) in loads.items()}
    asked: Counter[tuple[str, str]] = Counter()  # everybody goes on where the requests of the last turn ended
    for turn in range(bench.rounds + 1):  # the first warms up
        for load, (requests, connections, who) in loads.items():
            with bench.alone():
                for name in who:
                    server = servers[name]
                    seconds = _seconds(bench.size, load, server, is_first=not turn)
                    file = bench.folder / f"{requests}.txt"
                    before = serving_servers.processor_seconds(server, pids[name], postmaster)
                    loaded = wrk.load(
                        server.port,
                        file,
                        asked[requests, name],
                        connections=connections,
                        seconds=seconds,
                        encoding=server.encoding,
                    )
                    taken = serving_servers.processor_seconds(server, pids[name], postmaster) - before
                    answers = loaded.rate * seconds
                    asked[requests, name] += round(answers)
                    loaded = loaded._replace(cpu=1000 * taken / answers)
                    if turn:
                        found[load][name].append(loaded)
                        sys.stderr.write(f"  {load}, {name}: {loaded.rate:,.0f}/s, p99 {loaded.p99:.1f} ms\n")
    return found


def _seconds(size: Size, load: str, server: Server, *, is_first: bool) -> int:
    if load.startswith("Zipf") and is_first:
        return (WARM_UP_OF_OURS if server.peer == "ours" else WARM_UP)[size]
    return SECONDS[size]


def _memory(pid: int) -> float:
    """Return what the largest worker of a server holds for itself, in 10^6 bytes."""
    return max(_held(child) for child in processor.children(pid) or [pid])


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

    def near_limit(load: str, least: float, most: float) -> Goal:
        """Our rate beside that of the limit, or what an answer takes beyond it, in microseconds."""
        rate = _ratio(found, (load, "ours"), (load, "limit"))
        ours, limit = (1000 * statistics.median(run.cpu for run in found[load][peer]) for peer in ("ours", "limit"))
        goal = f"{load}: at least {least} times limit, or at most {most} µs of processor time beyond it"
        return Goal(goal, f"{rate:.2f} times, {ours - limit:,.0f} µs", rate >= least or ours - limit <= most)

    one, limits = (statistics.median(load.p50 for load in found["one connection"][peer]) for peer in ("ours", "limit"))
    largest = memory["ours"]
    stalls = [
        max(our.p99 / limit.p99 for our, limit in zip(found[load]["ours"], found[load]["limit"], strict=True))
        for load in ("uniform", "Zipf")
    ]
    result.goals = [
        near_limit("uniform", 0.8, 130),
        against("uniform", "postgres", 1.2),
        against("uniform", "sqlite", 1.0),
        against("uniform", "naive", None),
        Goal(f"a worker under {GOAL_WORKER_MB} MB", f"{largest:,.0f} MB", largest < GOAL_WORKER_MB),
        near_limit("Zipf", 0.9, 65),
        against("304", "limit", 0.8),
        Goal(
            f"one connection: median at most {GOAL_ONE} times the limit's",
            f"{one / limits:.2f} times ({one:.2f} ms)",
            one <= GOAL_ONE * limits,
        ),
        Goal("p99 at most 4 times the limit's, in every run", f"{max(stalls):.1f} times", max(stalls) <= 4),
        *goals_of_processor_time(found),
    ]
    rows = [
        ["load", "peer", "answers a second: median (least to most)", "p50", "p99", "processor time per answer", "`wrk`"]
    ]
    for load, peers in found.items():
        for peer, loads in peers.items():
            if peer.endswith(BEFORE):
                continue  # told beside ours
            rates = [run.rate for run in loads]
            spread = f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
            p50, p99, share, cpu = (statistics.median(run[field] for run in loads) for field in (1, 2, 3, 4))
            figures = [f"{p50:.2f} ms", f"{p99:.2f} ms", f"{cpu:.2f} ms", f"{share:.0%} of a core"]
            rows.append([load, peer, spread, *figures])
    result.tables["Loads, in turns"] = rows
    if beside := beside_before(found):
        result.tables["Processor time of an answer of the commit before and now, in turns"] = beside
    result.tables["Memory of the largest worker, all loads behind it"] = [
        ["peer", "resident"],
        *[[peer, f"{held:,.0f} MB"] for peer, held in memory.items() if not peer.endswith(BEFORE)],
    ]
    uniform = {peer: statistics.median(run.rate for run in loads) for peer, loads in found["uniform"].items()}
    zipf = {f"{peer}, Zipf": statistics.median(run.rate for run in loads) for peer, loads in found["Zipf"].items()}
    ours = ["ours", "ours, Zipf"]
    result.plots = [plots.bars("Answers a second, 16 connections", "/s", {**uniform, **zipf}, ours=ours)]
