"""Loads a server with `wrk`: one thread, requests from a file, one line of JSON at the end (`serving_load.lua`)."""

from __future__ import annotations

import json
import resource
import subprocess
from typing import TYPE_CHECKING, Any

from tests.benchmarks.frame import BenchmarkError
from tests.benchmarks.serving_costs import Load
from tests.support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/api/xp/learning-pulse"
SCRIPT = ROOT / "tests" / "benchmarks" / "serving_load.lua"


def load(
    port: int, requests: Path, position: int, *, connections: int, seconds: int, encoding: str = "", path: str = PATH
) -> Load:
    """Ask a server for a while.

    Args:
        port: on which it listens.
        requests: a file with a line for each request, a token and perhaps an ETag.
        position: the line to begin with.
        connections: that are open at once.
        seconds: how long.
        encoding: the `Accept-Encoding` of every request; empty for no such header.
        path: what is asked for.

    Returns:
        What was found; the processor time of the server is 0, for the caller to fill in.

    Raises:
        BenchmarkError: a request failed.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT)]
    command += [f"http://127.0.0.1:{port}", "--", str(requests), str(position), encoding or "-", path]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said: dict[str, Any] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    if said["failed"]:
        message = f"{said['failed']} requests for {path} at port {port} failed"
        raise BenchmarkError(message)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Load(said["requests"] / said["seconds"], said["p50"] / 1e3, said["p99"] / 1e3, cpu / said["seconds"], 0)
