"""A reader of stdout that stands still: the server answers and stops as ever (FAULTS 73). Through a real, full pipe."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serve.http.log_lines import Lines
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND, bearer
from tests.support.repository import ROOT
from tests.support.running import running_server
from tests.support.running.running_server import (
    Running,
    answered,
    command,
    free_port,
    wait_until,
    wait_until_it_answers,
)
from warehouse.configuration.configuration import Configuration

PIPE_BYTES = 4096  # the smallest that Linux makes


@contextmanager
def serving_into(configuration: Configuration, output: int) -> Iterator[Running]:
    """As `running_server.serving`, with a descriptor as stdout and stderr."""
    port = free_port()
    process = subprocess.Popen(
        command(configuration.path, port),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(configuration.path.parent)},
        stdout=output,
        stderr=output,
        text=True,
        start_new_session=True,
    )
    try:
        running = Running(process, port, Path(os.devnull))
        wait_until_it_answers(running)
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(running_server.STOP_SECONDS)


def lines_of(descriptor: int) -> list[str]:
    """Return what is in a pipe until nobody writes to it any more."""
    with os.fdopen(descriptor, encoding="utf-8") as file:
        return file.read().splitlines()


def test_a_reader_of_stdout_that_stands_still_keeps_nobody_waiting(nights: Path, tmp_path: Path) -> None:
    """FAULTS 73: after 369 answers `/health` timed out, and SIGTERM had no effect."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with serving_into(configuration, writing) as server:
        os.close(writing)
        for _ in range(100):  # a line has about 200 bytes
            assert server.ask("/health").status == 200
        assert answered(server.ask(headers=bearer())) == SECOND
        server.process.terminate()
        assert server.process.wait(running_server.STOP_SECONDS) == 0
    assert 0 < len(lines_of(reading)) < 100


def test_a_reader_that_goes_on_gets_the_lines_and_how_many_were_dropped() -> None:
    """FAULTS 73: lines are whole, in their order, and none is lost without being counted."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    lines = Lines(writing, most=50)
    for number in range(500):
        lines.put(f"{number} {'x' * 200}\n")
    assert lines.dropped > 300
    numbers: list[int] = []
    told = 0
    with os.fdopen(reading, encoding="utf-8") as file:
        while len(numbers) + told < 500:
            line = file.readline()
            if line.startswith("{"):
                told += json.loads(line)["dropped_lines"]
            else:
                numbers.append(int(line.split()[0]))
    assert numbers == sorted(set(numbers))
    assert len(numbers) + told == 500


def test_a_pipe_whose_reader_has_gone_takes_nothing_with_it() -> None:
    """A sibling: EPIPE instead of a wait."""
    reading, writing = os.pipe()
    os.close(reading)
    lines = Lines(writing)
    lines.put("nobody\n")
    wait_until(lambda: lines.dropped == 1)
    lines.put("hears this\n")
    wait_until(lambda: lines.dropped == 2)


def test_a_pipe_that_somebody_made_not_blocking_loses_nothing() -> None:
    """A sibling: whoever shares the pipe may have set O_NONBLOCK; no line is torn by it."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    os.set_blocking(writing, False)
    lines = Lines(writing)
    for number in range(50):
        lines.put(f"{number} {'x' * 200}\n")
    with os.fdopen(reading, encoding="utf-8") as file:
        assert [file.readline() for _ in range(50)] == [f"{number} {'x' * 200}\n" for number in range(50)]
    assert lines.dropped == 0


def test_what_is_still_said_while_a_process_ends_holds_it_at_no_full_pipe() -> None:
    """A sibling: libraries write to stderr themselves when the interpreter ends, past every handler."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    code = (
        "import atexit, os; atexit.register(os.write, 2, bytes(9000)); "
        "from serve.http import log_lines; log_lines.begin();"
        "log_lines.write('the last line\\n')"
    )
    called = [sys.executable, "-c", code]
    subprocess.run(called, cwd=ROOT, stdout=writing, stderr=writing, check=True, timeout=running_server.STOP_SECONDS)
    os.close(writing)
    assert lines_of(reading) == ["the last line"]


def test_the_last_lines_of_a_worker_are_written() -> None:
    """A sibling: multiprocessing forgets, in the process that it has forked, what was to be done at its end."""
    code = (
        "from multiprocessing import get_context; from serve.http import log_lines; log_lines.begin();"
        "worker = get_context('fork').Process(target=log_lines.write, args=('of a worker\\n',));"
        "worker.start(); worker.join(); log_lines.write('the last line\\n')"
    )
    called = [sys.executable, "-c", code]
    run = subprocess.run(called, cwd=ROOT, capture_output=True, check=True, timeout=running_server.STOP_SECONDS)
    assert run.stdout == b"of a worker\nthe last line\n"
