"""Nights that are killed, one after the other, while readers ask all the while (FAULTS 1; I1 to I5).

Each turn changes the source, kills a night on its way to it, looks at what is left, and lets the next night run to its
end. `test_kills.py` does this a few times; `make torture` (`__main__.py`) some hundred times.
"""

import contextlib
import gc
import io
import json
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import nights, two_states
from tests.faults.readers import Readers, analysis
from tests.faults.two_states import STATES, Place, world
from tests.support.running import replay, running_server
from tests.support.running.running_server import Running, wait_until
from warehouse.crash_points import NAMES
from warehouse.versions.manifest import sha256_of
from warehouse.versions.versions import Warehouse

# From here on the pointer names the new version.
KINDS = ("duckdb", "lookup", "json")  # of the files of a version
AFTER_THE_SWITCH = NAMES[NAMES.index("publish: switched") :]
KILLED = -signal.SIGKILL
AT_RANDOM = "at a random time"
BY_COMMAND = ", by command"


@dataclass
class Torture:
    """A platform, its server, its readers, and what an uninterrupted night gives for each state.

    Args:
        place: the platform, published in the first state.
        readers: who ask all the while.
        hashes: the logical hash of each state.
        times: how often a night comes to each crash point.
        kills: kills by point or kind.
    """

    place: Place
    readers: Readers
    hashes: Mapping[str, str]
    times: Mapping[str, int]
    state: str = STATES[0]
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 1.0

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse that is published to."""
        return Warehouse.of(self.place.configuration)

    def occurrence(self, point: str, number: int, of: int) -> str:
        """Return a crash point at one of the times that a night reaches it, spread over all of them."""
        return f"{point}@{1 + number * self.times[point] // of}"

    def kill_at(self, crash_point: str, *, by_command: bool = False) -> None:
        """Kill a night at a crash point."""
        before = self._next_state()
        if by_command:
            ended = nights.command(self.place.configuration, crash_point)
            assert ended.returncode == KILLED, (crash_point, ended)
        else:
            assert nights.night(self.place.configuration, crash_point).code == KILLED, crash_point
        point, _, _ = crash_point.partition("@")
        assert (self.warehouse.current() != before) == (point in AFTER_THE_SWITCH), crash_point
        self.kills[f"{point}{BY_COMMAND}" if by_command else point] += 1
        self._look_and_heal(before)

    def kill_after(self, share: float) -> bool:
        """Kill a night when a share of the time that one takes has gone by, and say whether it was still at work."""
        before = self._next_state()
        is_killed = nights.night(self.place.configuration, kill_after=share * self.seconds).code == KILLED
        self.kills[AT_RANDOM] += is_killed
        self._look_and_heal(before)
        return is_killed

    def _next_state(self) -> str:
        """Change the source, and return the version that is published of the one before."""
        self.state = STATES[1 - STATES.index(self.state)]
        self.place.become(self.state)
        before = self.warehouse.current()
        assert before is not None
        return before

    def _look_and_heal(self, before: str) -> None:
        """Look at what a killed night has left, run the next one, and look again (I1, I3 to I5), at the readers too."""
        left = self._published()
        state_left = self._state_of(left)  # its manifest goes with the next version if that repeats it
        assert (left == before) == (state_left != self.state)
        healed = nights.night(self.place.configuration)
        assert healed.code == 0, healed
        self.seconds = 0.8 * self.seconds + 0.2 * healed.seconds
        after = self._published()
        assert after != left
        assert self._state_of(after) == self.state
        left_behind = leftovers(self.place.configuration.data_dir, replaced=left)
        assert left_behind == [], left_behind
        wait_until(lambda: self.readers.serves(after))
        self._look_at_readers(before, (left, state_left), after)

    def _published(self) -> str:
        """Return the version under the pointer, once its file is what its manifest says (I1)."""
        current = self.warehouse.current()
        assert current is not None
        manifest = self.warehouse.manifest(current)
        assert sha256_of(self.warehouse.file(current)) == manifest.sha256
        assert sha256_of(self.warehouse.lookup_file(current)) == manifest.lookup_sha256
        return current

    def _state_of(self, version: str) -> str:
        """Return the state whose logical hash a version has: none is of two states (I3, I4, I5)."""
        found = self.warehouse.manifest(version).logical_hash
        (state,) = [state for state, expected in self.hashes.items() if expected == found]
        return state

    def _look_at_readers(self, before: str, left: tuple[str, str], after: str) -> None:
        """Nobody failed, and every answer was wholly that of one of the versions that were published (I2)."""
        assert self.readers.failures == [], self.readers.failures
        old = STATES[1 - STATES.index(self.state)]
        allowed = {(before, old), left, (after, self.state)}
        taken = self.readers.taken()
        assert taken <= allowed, (taken, allowed)


def leftovers(data_dir: Path, *, replaced: str = "") -> list[Path]:
    """Return what is there that an uninterrupted night does not leave.

    Args:
        data_dir: of a platform.
        replaced: the version that readers had before; where it is pruned, its files stay until the next run.
    """
    warehouse = data_dir / "warehouse"
    versions = [*(warehouse / "versions").glob("*")]
    names = Counter(path.stem for path in versions)
    whole = {name for name, files in names.items() if files == len(KINDS) and name.startswith("pulse-")}
    parts = [path for path in versions if path.stem not in {*whole, replaced} or path.suffix.lstrip(".") not in KINDS]
    hidden = [path for path in data_dir.rglob(".*") if "receipts" not in path.parts]
    return [*parts, *hidden, *(warehouse / "building").glob("*"), *(data_dir / "tmp").glob("*")]


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[Torture]:
    """Publish each state by a night that nobody kills, compare it with the oracle, and start server and readers.

    Args:
        folder: an empty one.
    """
    place = two_states.make(folder)
    hashes, analyses = {}, {}
    for state in reversed(STATES):
        place.become(state)
        nights.run(place.configuration)
        with contextlib.redirect_stdout(io.StringIO()):  # the log of the app that is asked for its answers
            replay.assert_equals_the_oracle(world(state), place.configuration)
        gc.collect()  # that app has the file open
        warehouse = Warehouse.of(place.configuration)
        hashes[state] = warehouse.manifest(str(warehouse.current())).logical_hash
        analyses[state] = analysis(warehouse.pointer.resolve())[1:]
    times = nights.times_reached(place.configuration)
    with running_server.serving(place.configuration) as server:
        readers = Readers(place, server, analyses)
        torture = Torture(place, readers, hashes, times)
        torture.seconds = nights.night(place.configuration).seconds
        wait_until(lambda: readers.serves(str(warehouse.current())))
        with readers.reading():
            yield torture
        assert readers.failures == [], readers.failures
        assert_log_is_calm(server)


def assert_log_is_calm(server: Running) -> None:
    """Every request was answered well, and nothing else was said of any."""
    lines = server.log.read_text().splitlines()
    requests = [json.loads(line) for line in lines if line.startswith("{")]
    assert {request["status"] for request in requests} == {200}
    assert "Traceback" not in "\n".join(lines)
