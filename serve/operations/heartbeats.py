"""Heartbeats of the workers: one whose beats have stopped is replaced (FAULTS 79).

Beats come from the event loop and its threads, which answer requests. So a worker beats as long as it answers. Beats
are written to memory that the workers inherit, so no disk can stop them.
"""

import asyncio
import logging
import mmap
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from enum import IntEnum

logger = logging.getLogger(__name__)
BEAT_SECONDS = 1.0
HUNG_SECONDS = 5.0  # without a beat a worker is not ready ...
KILLED_SECONDS = 30.0  # ... and after so long it is replaced
LATE_SECONDS = 3.0  # a watcher that is so late was itself asleep, and cannot judge the workers
REPLACED_SECONDS = 60.0  # how long the next one waits for the one before to beat


class Field(IntEnum):
    """What the memory has of each worker, numbers of eight bytes."""

    BEAT = 0
    PID = 1
    VERIFYING = 2


class Beats:
    """The beats of a server's workers, in memory that they share.

    Args:
        workers: how many there are.
        clock: seconds that only ever grow, the same in every process.
    """

    def __init__(self, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._fields = memoryview(mmap.mmap(-1, workers * len(Field) * 8)).cast("d")
        self._workers, self._clock = workers, clock

    def beat(self, worker: int) -> None:
        """Note that a worker, this process, answers."""
        self._set(worker, Field.PID, os.getpid())
        self._set(worker, Field.BEAT, self._clock())

    def begin(self, worker: int) -> None:
        """Forget a worker: another one starts in its place."""
        for field in Field:
            self._set(worker, field, 0)

    @contextmanager
    def verifying(self, worker: int) -> Iterator[None]:
        """Note for the length of a block that a worker verifies, which may keep everything else in it waiting."""
        self._set(worker, Field.VERIFYING, 1)
        try:
            yield
        finally:
            self._set(worker, Field.VERIFYING, 0)

    def is_waited_for(self, worker: int) -> bool:
        """Tell whether a worker has a reason not to beat: it starts, or verifies."""
        return not self._get(worker, Field.PID) or bool(self._get(worker, Field.VERIFYING))

    def last(self, worker: int) -> float:
        """Return when a worker beat last."""
        return self._get(worker, Field.BEAT)

    def hung(self) -> set[int]:
        """Return the process ids of workers that do not answer."""
        silent = [
            worker
            for worker in range(self._workers)
            if not self.is_waited_for(worker) and self._clock() - self.last(worker) > HUNG_SECONDS
        ]
        return {int(self._get(worker, Field.PID)) for worker in silent}

    async def keep_beating(self, worker: int, threads: Executor) -> None:
        """Beat for ever, by way of the threads that answer requests."""
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(threads, self.beat, worker)
            await asyncio.sleep(BEAT_SECONDS)

    def _get(self, worker: int, field: Field) -> float:
        return self._fields[worker * len(Field) + field]

    def _set(self, worker: int, field: Field, value: float) -> None:
        self._fields[worker * len(Field) + field] = value


class Watcher:
    """Finds the worker that has to be replaced; one at a time, and never because the watcher itself has slept.

    Args:
        beats: of the workers.
        workers: how many there are.
        clock: as that of the beats.
    """

    def __init__(self, beats: Beats, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._beats, self._clock = beats, clock
        self._looked_at = clock()
        self._last = [0.0] * workers
        self._since = [self._looked_at] * workers
        self._replacing: tuple[int, float] | None = None

    def look(self) -> int | None:
        """Return the worker to be killed now, None if none is; to be asked once a second."""
        now = self._clock()
        is_late, self._looked_at = now - self._looked_at > LATE_SECONDS, now
        for worker, last in enumerate(self._last):
            beat = self._beats.last(worker)
            if is_late or beat != last or self._beats.is_waited_for(worker):
                self._last[worker], self._since[worker] = beat, now
        if self._is_replacing(now):
            return None
        silent = [worker for worker, since in enumerate(self._since) if now - since >= KILLED_SECONDS]
        if not silent:
            return None
        worker = min(silent, key=self._since.__getitem__)
        self._replacing, self._since[worker] = (worker, now), now
        self._beats.begin(worker)
        return worker

    def _is_replacing(self, now: float) -> bool:
        if self._replacing is None:
            return False
        worker, at = self._replacing
        if not self._beats.is_waited_for(worker) or now - at >= REPLACED_SECONDS:
            self._replacing = None
        return self._replacing is not None


def watch(watcher: Watcher, pids: Callable[[], Sequence[int]], sleep: Callable[[float], None] = time.sleep) -> None:
    """Kill workers that do not answer, for ever; Granian replaces them.

    Args:
        watcher: says which.
        pids: gives the process id of each worker.
        sleep: waits so many seconds.
    """
    while True:
        sleep(BEAT_SECONDS)
        worker = watcher.look()
        if worker is not None:
            with suppress(IndexError, ProcessLookupError):  # it is being replaced already
                pid = pids()[worker]
                logger.error(
                    "worker-%d (%d) has not answered for %d s and is replaced", worker + 1, pid, KILLED_SECONDS
                )
                os.kill(pid, signal.SIGKILL)
