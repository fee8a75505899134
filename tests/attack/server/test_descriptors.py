"""Few file descriptors and many silent connections: good answers come soon (FAULTS 76). With a real `ulimit -n`."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from serve.http import connections
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND, bearer
from tests.support.repository import ROOT
from tests.support.running import running_server
from tests.support.running.running_server import (
    HOST,
    Running,
    answered,
    command,
    free_port,
    wait_until,
    wait_until_it_answers,
)
from warehouse.configuration.configuration import Configuration

ANSWER_SECONDS = 2.0
SILENT = 1000


@contextmanager
def serving(configuration: Configuration, soft: int, hard: int) -> Iterator[Running]:
    port, log = free_port(), configuration.path.with_name("server.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            command(configuration.path, port),
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(configuration.path.parent)},
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),  # noqa: PLW1509 - no threads here
        )
    try:
        running = Running(process, port, log)
        wait_until_it_answers(running)
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(running_server.STOP_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize(("soft", "hard"), [(1024, 1024), (256, 512)])
def test_silent_connections_that_take_every_descriptor_keep_nobody_waiting(
    nights: Path, tmp_path: Path, soft: int, hard: int
) -> None:
    """FAULTS 76: a worker span, and good answers took 19 s."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    with serving(configuration, soft, hard) as server, ExitStack() as held:
        for _ in range(SILENT):
            held.enter_context(socket.create_connection((HOST, server.port), timeout=10))
        time.sleep(connections.SILENT_MS / 1000)  # so long somebody may be silent
        for _ in range(3):
            began = time.monotonic()
            assert answered(server.ask(headers=bearer())) == SECOND
            assert time.monotonic() - began < ANSWER_SECONDS
    assert "Too many open files" not in server.log.read_text()


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    script = (
        "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (300, 900)); from serve.http.connections import bound; "
    )
    script += "print(bound(4096), bound(100), r.getrlimit(r.RLIMIT_NOFILE)[0])"
    written = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert written.split() == [str(900 - connections.KEPT_FOR_OURSELVES), "100", "900"]


def test_whoever_has_been_silent_for_longest_goes_first_and_who_talks_stays() -> None:
    """FAULTS 76: also one that speaks, and a connection of our own to somebody else's port, stay."""
    with ExitStack() as held:
        listening = held.enter_context(socket.create_server((HOST, 0)))
        elsewhere = held.enter_context(socket.create_server((HOST, 0)))
        port = listening.getsockname()[1]
        others = held.enter_context(socket.create_connection(elsewhere.getsockname()))
        clients, accepted = [], []
        for _ in range(6):
            clients.append(held.enter_context(socket.create_connection((HOST, port))))
            accepted.append(held.enter_context(listening.accept()[0]))
            time.sleep(0.02)
        time.sleep(connections.SILENT_MS / 1000)
        clients[0].sendall(b"x")
        wait_until(lambda: accepted[0].recv(1, socket.MSG_PEEK) == b"x")
        assert connections.make_room(port, 3) == 3
        assert [is_open(client) for client in clients] == [True, False, False, False, True, True]
        assert is_open(others)


def is_open(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
