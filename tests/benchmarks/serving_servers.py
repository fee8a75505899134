"""The servers that question 5 loads: of this checkout and, if one is named, of another commit's; how they are started.

Belongs here: which servers there are, their folders and ports. What a peer replaces is `serving_peers.py`'s matter, and
how they are loaded and judged `serving.py`'s.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks import processor
from tests.benchmarks.frame import BenchmarkError
from tests.support.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PEERS = ("ours", "limit", "select 1", "look-up", "postgres", "sqlite", "naive")
CONSTANT = ("limit", "select 1", "look-up")  # answer everybody the same
AS_USED = "as used"  # with rate limits, and asked for brotli
BEFORE = "before"  # of the checkout that `--before` names
WITH_BOTH = ("ours", "limit")  # peers that are loaded as used, and those of the commit before
FIRST_PORT = 18_500
UNLIMITED = 'rate_limit = ""\nrate_limit_refused = ""\n'
# Those that refuse are as by default. The other is as much work as 120 a minute, and refuses nobody: in Zipf's law one
# learner alone asks for more than that.
LIMITED = 'rate_limit = "10000000/minute"\n'


class Server(NamedTuple):
    """A server that is loaded.

    Args:
        peer: which of `PEERS` it is.
        is_as_used: whether it has rate limits and is asked for brotli.
        is_before: whether it is of the commit before.
    """

    peer: str
    is_as_used: bool = False
    is_before: bool = False

    @property
    def name(self) -> str:
        """What the report calls it."""
        marks = [AS_USED] * self.is_as_used + [BEFORE] * self.is_before
        return ", ".join([self.peer, *marks])

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return FIRST_PORT + PEERS.index(self.peer) + 10 * self.is_as_used + 20 * self.is_before

    @property
    def encoding(self) -> str:
        """What `Accept-Encoding` says when it is loaded; empty for no such header."""
        return "br" if self.is_as_used else ""

    def folder(self, folder: Path) -> Path:
        """Return its own folder in that of the question."""
        world = folder / BEFORE if self.is_before else folder
        return world / AS_USED if self.is_as_used else world


def servers(before: Path | None) -> dict[str, Server]:
    """Return every server by its name."""
    ours = [Server(peer) for peer in PEERS]
    ours += [Server(peer, is_as_used=True) for peer in WITH_BOTH]
    if before is not None:
        ours += [server._replace(is_before=True) for server in ours if server.peer in WITH_BOTH]
    return {server.name: server for server in ours}


def with_before(names: Sequence[str], before: Path | None) -> list[str]:
    """Return the names, each followed by that of the same server of the commit before, if there is one."""
    known = servers(before)
    beside = [(name, f"{name}, {BEFORE}") for name in names]
    return [name for pair in beside for name in pair if name in known]


def interpreter(checkout: Path) -> Path:
    """Return the Python of a checkout's own environment."""
    return checkout / ".venv" / "bin" / "python"


def commit(checkout: Path) -> str:
    """Return the commit of a checkout, as a person reads it."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(git, cwd=checkout, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def make_world_before(folder: Path, checkout: Path, learners: int) -> None:
    """Let the commit before make its own world: a version as it writes one, of the same learners."""
    world = folder / BEFORE
    world.mkdir(exist_ok=True)
    command = [interpreter(checkout), "-m", "tests.benchmarks.child", "serving", "make_world", world, learners]
    environment = {**os.environ, "PULSE_BENCH_ANSWER": os.devnull}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"the commit before, in {checkout}, made no world: {done.stderr[-2000:]}"
        raise BenchmarkError(message)


def configure_as_used(world: Path) -> None:
    """Write the folder of the servers that are as people use them: the same data, with rate limits."""
    text = (world / "pulse.toml").read_text(encoding="utf-8")
    if UNLIMITED not in text:
        message = f"{world / 'pulse.toml'} does not say that there are no rate limits; serving_servers.py expects it to"
        raise BenchmarkError(message)
    text = text.replace(UNLIMITED, LIMITED).replace("[pulse]\n", f'[pulse]\ndata_dir = "{world / "var"}"\n')
    (world / AS_USED).mkdir(exist_ok=True)
    (world / AS_USED / "pulse.toml").write_text(text, encoding="utf-8")


@contextmanager
def running(server: Server, folder: Path, url: str, before: Path | None) -> Iterator[int]:
    """Start a server, wait until it is ready, and give the id of its process.

    Args:
        server: which one.
        folder: of the question.
        url: of the PostgreSQL that a peer asks.
        before: the checkout of the commit before.

    Raises:
        BenchmarkError: it did not become ready.
    """
    is_here = before is None or not server.is_before
    with started(server.peer, server.folder(folder), server.port, None if is_here else before, url) as pid:
        yield pid


@contextmanager
def started(peer: str, folder: Path, port: int, checkout: Path | None = None, url: str = "") -> Iterator[int]:
    """Start a peer with the `pulse.toml` of a folder, of another checkout if one is named; give its process's id."""
    python, root = (interpreter(checkout), checkout) if checkout else (sys.executable, ROOT)
    command = [str(python), "-m", "tests.benchmarks.serving_peers", peer, str(folder), str(port)]
    environment = {**os.environ, "PULSE_BENCH_POSTGRES": url}
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(process, peer, port)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], peer: str, port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    message = f"the server {peer}, on port {port}, did not become ready"
    raise BenchmarkError(message)


def processor_seconds(server: Server, pid: int, postmaster: int | None) -> float:
    """Return the processor time of a server's workers so far, and of the PostgreSQL that it asks, if that is ours."""
    asked = processor.of_server(postmaster) if server.peer == "postgres" and postmaster is not None else 0
    return processor.of_children(pid) + asked


def paths_missing(before: Path) -> Mapping[str, str]:
    """Return what a checkout of the commit before lacks, by path, with the way out."""
    needed = {
        str(interpreter(before)): f"make -C {before} install",
        str(before / "tests" / "benchmarks" / "serving_peers.py"): "name a checkout of this repository with --before",
    }
    return {path: way_out for path, way_out in needed.items() if not Path(path).exists()}
