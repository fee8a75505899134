"""The production server over real HTTP, as `pulse serve` starts it, and learners who ask it without end.

What an answer must be is `tests/support/platforms/small_platform.py`'s.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.platforms.small_platform import ANA, ANSWERS, PATH, bearer
from tests.support.repository import ROOT
from warehouse.configuration.configuration import Configuration

HOST = "127.0.0.1"
# a version that is built again from the same lake has another number and the same answers
BY_NEWEST_DAY = {version.rpartition("-")[0]: body for version, body in ANSWERS[ANA].items()}
START_SECONDS, STOP_SECONDS, FOLLOW_SECONDS = 20.0, 10.0, 2.0


class Answer(NamedTuple):
    """A response that was read to its end; header names are in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Running:
    """A server and where it listens."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def ask(self, path: str = PATH, *, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """Send a request on a connection of its own."""
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=10)) as connection:
            connection.request(method, path, headers=headers or {})
            return read(connection)

    def send(self, request: bytes) -> bytes:
        """Send bytes as they are and return everything that comes back until the server hangs up."""
        with socket.create_connection((HOST, self.port), timeout=10) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def read(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def command(configuration: Path, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "pipelines.command_line.cli",
        "serve",
        "--config",
        str(configuration),
        "--port",
        str(port),
    ]


@contextmanager
def serving(configuration: Configuration) -> Iterator[Running]:
    """Start the server in a process group of its own and wait until it answers; what is left of it is killed."""
    port, log = free_port(), configuration.path.with_name("server.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            command(configuration.path, port),
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(configuration.path.parent)},  # what a killed server leaves behind
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )
    try:
        running = Running(process, port, log)
        wait_until_it_answers(running)
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)


def wait_until_it_answers(running: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            assert running.ask("/health").json == {"status": "ok"}
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the server does not answer: {running.log.read_text()}")


def wait_until(holds: Callable[[], bool], seconds: float = START_SECONDS) -> float:
    """Return after how many seconds something holds."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            pytest.fail(f"it does not hold after {seconds} s")
        time.sleep(0.02)
    return time.monotonic() - began


def answered(answer: Answer) -> str:
    """Return the version that answered, once its answer to Ana is wholly its own (I2)."""
    assert answer.status == 200, answer
    version = answer.headers["x-data-version"]
    assert answer.json == BY_NEWEST_DAY[version.rpartition("-")[0]], f"not what {version} says"
    return version


@dataclass
class Learners:
    """Requests without a pause, on several threads, and what came back."""

    server: Running
    answers: list[Answer] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    @contextmanager
    def asking(self, threads: int) -> Iterator[None]:
        is_over = threading.Event()
        started = [threading.Thread(target=self._ask_until, args=(is_over,)) for _ in range(threads)]
        for thread in started:
            thread.start()
        try:
            yield
        finally:
            is_over.set()
            for thread in started:
                thread.join(20)

    def _ask_until(self, is_over: threading.Event) -> None:
        with closing(http.client.HTTPConnection(HOST, self.server.port, timeout=10)) as connection:
            try:
                while not is_over.is_set():
                    connection.request("GET", PATH, headers=bearer())
                    self.answers.append(read(connection))
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(failure)

    def wait_for(self, version: str) -> None:
        """Wait until every request that is asked from now on is answered by a version, `FOLLOW_SECONDS` at most."""
        deadline, since = time.monotonic() + FOLLOW_SECONDS, len(self.answers)
        while time.monotonic() < deadline:
            time.sleep(0.02)
            versions = [answer.headers.get("x-data-version") for answer in self.answers[since:]]
            if any(other != version for other in versions):
                since += len(versions)
            elif len(versions) >= 8:  # two of each thread
                return
        pytest.fail(f"{version} is not what is answered after {FOLLOW_SECONDS} s; failed: {self.failures}")
