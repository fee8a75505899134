"""A worker that has stopped answering is not ready, and is replaced (FAULTS 79). With a real SIGSTOP."""

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from serve.operations.heartbeats import HUNG_SECONDS, KILLED_SECONDS, LATE_SECONDS, REPLACED_SECONDS, Beats, Watcher
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND, bearer
from tests.support.running import running_server
from tests.support.running.running_server import Running, answered, wait_until

OPS_TOKEN = "an-ops-token-of-these-tests"
FOR_OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def watched(clock: Clock, beats: Beats, watcher: Watcher, seconds: float, *beating: int) -> list[int]:
    """Look once a second for some time, while some workers beat; return who was to be killed."""
    killed = []
    for _ in range(int(seconds)):
        clock.now += 1
        for worker in beating:
            beats.beat(worker)
        if (worker_ := watcher.look()) is not None:
            killed.append(worker_)
    return killed


def server_of(workers: int) -> tuple[Clock, Beats, Watcher]:
    clock = Clock()
    beats = Beats(workers, clock)
    return clock, beats, Watcher(beats, workers, clock)


def test_who_does_not_beat_is_not_ready_and_then_replaced() -> None:
    """FAULTS 79."""
    clock, beats, watcher = server_of(2)
    assert watched(clock, beats, watcher, 10, 0, 1) == []
    assert beats.hung() == set()
    assert watched(clock, beats, watcher, HUNG_SECONDS + 1, 0) == []
    assert beats.hung() == {os.getpid()}
    assert watched(clock, beats, watcher, KILLED_SECONDS, 0) == [1]


def test_one_is_replaced_at_a_time() -> None:
    """FAULTS 79: the next one waits until the one before beats again, but not for ever."""
    clock, beats, watcher = server_of(3)
    watched(clock, beats, watcher, 5, 0, 1, 2)
    assert len(watched(clock, beats, watcher, KILLED_SECONDS + 20)) == 1
    beats.beat(0)
    assert len(watched(clock, beats, watcher, 2, 0)) == 1
    assert len(watched(clock, beats, watcher, REPLACED_SECONDS + 2, 0)) == 1


def test_nobody_is_killed_while_it_starts_or_verifies() -> None:
    """FAULTS 79."""
    clock, beats, watcher = server_of(2)
    assert watched(clock, beats, watcher, 10 * KILLED_SECONDS) == []
    beats.beat(0)
    with beats.verifying(0):
        assert watched(clock, beats, watcher, 10 * KILLED_SECONDS) == []
        assert beats.hung() == set()
    assert watched(clock, beats, watcher, KILLED_SECONDS - 1) == []
    assert watched(clock, beats, watcher, 2) == [0]


def test_a_watcher_that_has_slept_kills_nobody() -> None:
    """FAULTS 79: a laptop that was closed, a machine that was moved: the beats are old, and nobody hangs."""
    clock, beats, watcher = server_of(1)
    watched(clock, beats, watcher, 5, 0)
    clock.now += 100 * KILLED_SECONDS
    assert watcher.look() is None
    assert watched(clock, beats, watcher, KILLED_SECONDS - 1) == []
    for _ in range(100):
        clock.now += LATE_SECONDS + 1
        assert watcher.look() is None


def test_the_beat_goes_through_the_threads_that_answer() -> None:
    """A sibling: all threads of a worker hang, and its loop does not."""
    clock, beats, _ = server_of(1)

    async def beating(threads: ThreadPoolExecutor) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(beats.keep_beating(0, threads), 0.2)

    with ThreadPoolExecutor(1) as threads:
        asyncio.run(beating(threads))
        assert beats.last(0) == clock.now
        clock.now += 100
        release = asyncio.Event()
        hanging = threads.submit(lambda: asyncio.run(asyncio.wait_for(release.wait(), 1)))
        asyncio.run(beating(threads))
        assert beats.last(0) == clock.now - 100
        assert hanging.exception() is not None


@pytest.mark.slow
def test_a_stopped_worker_is_not_ready_and_is_replaced(
    nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 79: half of the requests hung, and `pulse_workers_ready` was 2."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    small_platform.configure(configuration, ops_token=OPS_TOKEN)
    alone = running_server.command
    monkeypatch.setattr(running_server, "command", lambda *words: [*alone(*words), "--workers", "2"])
    with running_server.serving(configuration) as server:
        wait_until(lambda: ready(server) == 2)
        victim = workers_of(server)[0]
        os.kill(victim, signal.SIGSTOP)
        wait_until(lambda: ready(server) == 1, KILLED_SECONDS)
        assert "workers_hang" in detailed(server)["warnings"]
        wait_until(lambda: ready(server) == 2, 2 * KILLED_SECONDS)
        assert victim not in workers_of(server)
        assert not Path(f"/proc/{victim}").exists()
        assert {answered(server.ask(headers=bearer())) for _ in range(20)} == {SECOND}
        assert "workers_hang" not in detailed(server)["warnings"]
        assert server.log.read_text().count("and is replaced") == 1


def detailed(server: Running) -> dict[str, Any]:
    found: dict[str, Any] = patient(server, "/health/detailed").json
    return found


def workers_of(server: Running) -> list[int]:
    return [worker["pid"] for worker in detailed(server)["workers"]]


def ready(server: Running) -> int:
    text = patient(server, "/metrics").content.decode()
    return int(float(next(line for line in text.splitlines() if line.startswith("pulse_workers_ready")).split()[1]))


def patient(server: Running, path: str) -> running_server.Answer:
    """Ask until a worker answers that is not stopped."""
    for _ in range(30):
        with suppress(OSError):
            return quick(server, path)
    pytest.fail("no worker answers")


def quick(server: Running, path: str) -> running_server.Answer:
    import http.client
    from contextlib import closing

    with closing(http.client.HTTPConnection(running_server.HOST, server.port, timeout=2)) as connection:
        connection.request("GET", path, headers=FOR_OPS)
        return running_server.read(connection)
