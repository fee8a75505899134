"""Readers who hold a version while three others are published and theirs is pruned (FAULTS 7).

Who reads while nights die is `test_kills.py`; who reads through the real server,
`tests/serve/operations/test_workers.py`.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.version.pulse import learning_pulse
from serve.version.reader import Follower
from tests.faults import nights, two_states
from tests.faults.two_states import LEARNERS, STATES, Place, bodies
from warehouse.versions.versions import Warehouse

# A file that is opened once, and asked as often as a line comes.
ANALYST = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for line in sys.stdin:
        found = connection.execute("select sum(xp_earned), sum(learning_time) from daily_activity").fetchall()
        print(found, flush=True)
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = two_states.make(tmp_path)
    place.become(STATES[0])
    assert nights.night(place.configuration).code == 0
    return place


@pytest.fixture
def analyst(place: Place) -> Iterator["subprocess.Popen[str]"]:
    file = Warehouse.of(place.configuration).pointer.resolve()
    command = [sys.executable, "-c", ANALYST, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def asked(analyst: "subprocess.Popen[str]") -> str:
    assert analyst.stdin is not None
    assert analyst.stdout is not None
    analyst.stdin.write("\n")
    analyst.stdin.flush()
    return analyst.stdout.readline()


@pytest.mark.slow
def test_a_version_answers_whoever_holds_it_through_three_publishes_and_after_it_is_pruned(
    place: Place, analyst: "subprocess.Popen[str]"
) -> None:
    """FAULTS 7: a request that has begun, and an analyst in a process of its own; others get the newest version."""
    warehouse, follower = Warehouse.of(place.configuration), Follower(Warehouse.of(place.configuration))
    expected = {state: bodies(state) for state in STATES}
    first, found = str(warehouse.current()), asked(analyst)
    with follower.version() as held:
        assert held.name == first
        for state in (STATES[1], STATES[0], STATES[1]):
            place.become(state)
            assert nights.night(place.configuration).code == 0
            for learner in LEARNERS:
                assert json.loads(learning_pulse(held, learner).body) == expected[STATES[0]][learner]
                with follower.version() as newest:
                    assert newest.name == warehouse.current()
                    assert json.loads(learning_pulse(newest, learner).body) == expected[state][learner]
            assert asked(analyst) == found
        assert first not in warehouse.kept()
        assert not warehouse.file(first).exists()
        assert json.loads(learning_pulse(held, LEARNERS[0]).body) == expected[STATES[0]][LEARNERS[0]]
