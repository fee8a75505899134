"""Nights on a disk that fails at the Nth call, for N = 1, 2, 3 … until one passes, and what must be then (FAULTS 2).

The night is the core's, run by the command; Dagster's own files are left out. `test_failing_io.py` takes a part of the
numbers, `make torture` all of them.
"""

import re
from itertools import count
from pathlib import Path

from tests.faults import nights
from tests.faults.failing_disk import Ended, FailingDisk, failing_at
from tests.faults.torture import leftovers
from tests.faults.two_states import LAST_DAY, STATES, Place
from warehouse.versions.versions import Warehouse

NIGHTS_BETWEEN = 10  # the next night is looked at after every so many failed ones


def fail_at_every_call(disk: FailingDisk, place: Place, error: int, *, lasts: bool, first: int, step: int) -> int:
    """Run nights until one passes; every other has to fail well.

    Args:
        disk: that fails.
        place: a platform, nothing of which is published yet.
        error: with which number the calls fail.
        lasts: whether all later calls fail too.
        first: the first call to fail.
        step: between one and the next; 1 is all of them.

    Returns:
        How many calls there are that could fail.
    """
    warehouse = Warehouse.of(place.configuration)
    hashes = {}
    for state in reversed(STATES):
        place.become(state)
        nights.run(place.configuration)
        hashes[state] = _hash(warehouse)
    for failed, number in enumerate(count(first, step), start=1):
        before = warehouse.current()
        state = STATES[failed // NIGHTS_BETWEEN % 2 - 1]
        place.become(state)
        ended = night(disk, place, failing_at(number, place.configuration.data_dir, error, lasts=lasts))
        if ended.failed is None:
            break
        _look(ended, place, before)
        if failed % NIGHTS_BETWEEN == NIGHTS_BETWEEN - 1:
            healed = night(disk, place, {})
            assert (healed.code, healed.said) == (0, ""), healed
            assert _hash(warehouse) == hashes[state]
    assert (ended.code, ended.said, _hash(warehouse)) == (0, "", hashes[state])
    return number - 1


def night(disk: FailingDisk, place: Place, environment: dict[str, str]) -> Ended:
    """Run the night of the last day by the command."""
    return disk.run(["nightly", "--day", LAST_DAY, "--config", place.configuration.path], environment)


def _look(ended: Ended, place: Place, before: str | None) -> None:
    """Exit 1 with the file's name in one line, the old version served, nothing half-written left."""
    assert (ended.code, ended.said.count("\n")) == (1, 1), ended
    assert ended.said.endswith(f"; last version {before} still served\n"), ended
    assert ended.failed is not None
    assert _is_named(ended.failed[1], ended.said), ended
    assert Warehouse.of(place.configuration).current() == before, ended
    assert leftovers(place.configuration.data_dir) == [], ended


def _is_named(failed: Path, said: str) -> bool:
    """Say whether a line names the file, by its place or by where it was written before it had one."""
    name = re.sub(r"^\.|(?:\.(?:wal|unfinished|before))+$", "", failed.name)
    return str(failed) in said or name in said


def _hash(warehouse: Warehouse) -> str:
    return warehouse.manifest(str(warehouse.current())).logical_hash
