"""Readers who ask all the while that nights run and die: learners by the API, an analyst who opens the file.

Whoever gets no answer, or one that is not wholly that of one version, is a failure (I2).
"""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import duckdb

from tests.faults.two_states import LEARNERS, STATES, Place, bodies
from tests.support.platforms.small_platform import PATH
from tests.support.running import replay
from tests.support.running.running_server import HOST, Running, read, wait_until
from warehouse.versions.versions import Warehouse

LEARNERS_ASKING = 2
PAUSE_SECONDS = 0.02  # or else the readers would take the time of the nights
ANALYSIS = """
select
    (select version from version_info) as version,
    (select logical_hash from version_info) as logical_hash,
    (select (count(*), sum(xp_earned), sum(learning_time), sum(level)) from learning_pulse)::text as pulse,
    (select (count(*), sum(source_rows), sum(quarantined)) from landings)::text as landings
"""


@dataclass
class Readers:
    """Readers of one server and its warehouse.

    Args:
        place: whose platform it is.
        server: that serves it.
        analyses: what an analyst must find, by the state of the platform.
    """

    place: Place
    server: Running
    analyses: dict[str, tuple[str, ...]]
    answers: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let them ask for the length of the block."""
        stopping = threading.Event()
        expected = {state: bodies(state) for state in STATES}
        asking: Callable[[int], None] = lambda reader: self._ask(reader, expected, stopping)  # noqa: E731
        analysing: Callable[[int], None] = lambda reader: self._analyse(reader, stopping)  # noqa: E731
        tasks = enumerate([asking] * LEARNERS_ASKING + [analysing])
        threads = [threading.Thread(target=self._guarded, args=task) for task in tasks]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join()

    def serves(self, version: str) -> bool:
        """Say whether the server has a version in service."""
        return self.server.ask(headers=replay.bearer(LEARNERS[0])).headers["x-data-version"] == version

    def taken(self) -> set[tuple[str, str]]:
        """Return which versions answered since the last call, each with the state that its answers show.

        What every reader has begun by now is waited for, and one more, so that none of it is counted to the next call.
        """
        before = self.answers.copy()
        wait_until(lambda: all(self.answers[reader] > before[reader] + 1 for reader in before) or self.failures != [])
        seen, self.seen = self.seen, set()
        return seen

    def _guarded(self, reader: int, task: Callable[[int], None]) -> None:
        try:
            task(reader)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure
            self.failures.append(f"reader {reader}: {error!r}")

    def _ask(self, reader: int, expected: dict[str, dict[str, Any]], stopping: threading.Event) -> None:
        known: dict[tuple[str, bytes], str] = {}
        headers = {learner: replay.bearer(learner) for learner in expected[STATES[0]]}
        with closing(http.client.HTTPConnection(HOST, self.server.port, timeout=30)) as connection:
            for learner in cycle(headers):
                connection.request("GET", PATH, headers=headers[learner])
                status, answered, content = read(connection)
                if (learner, content) not in known and status == http.HTTPStatus.OK:
                    found = json.loads(content)
                    states = [state for state in STATES if expected[state][learner] == found]
                    known.update({(learner, content): state for state in states})  # noqa: B035 - one, or none
                state = known.get((learner, content))
                if state is None:
                    self.failures.append(f"{learner}: {status} {answered} {content[:2000]!r}")
                else:
                    self.seen.add((answered["x-data-version"], state))
                self.answers[reader] += 1
                if stopping.wait(PAUSE_SECONDS):
                    return

    def _analyse(self, reader: int, stopping: threading.Event) -> None:
        pointer = Warehouse.of(self.place.configuration).pointer
        while not stopping.wait(10 * PAUSE_SECONDS):
            # As docs/guide/read.md has it: the link is followed once, when it is opened.
            version, *found = analysis(pointer)
            states = [state for state, expected in self.analyses.items() if expected == tuple(found)]
            if states:
                self.seen.add((version, states[0]))
            else:
                self.failures.append(f"{version} has {found}")
            self.answers[reader] += 1


def analysis(file: Any) -> tuple[str, ...]:
    """Return what an analyst finds in a version: its name, its hash and some sums."""
    with duckdb.connect(str(file), read_only=True) as connection:
        (found,) = connection.execute(ANALYSIS).fetchall()
        return tuple(map(str, found))
