"""A disk that really is full: a tmpfs of some megabytes, with so much left that each night gets a little further.

Needs the right to mount, which root in CI has. A disk that fails at each single call is `test_failing_io.py`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.faults import nights, two_states
from tests.faults.failing_disk import FLOOR, FailingDisk, commands
from tests.faults.failing_nights import night
from tests.faults.torture import leftovers
from tests.faults.two_states import STATES, Place
from warehouse.versions.versions import Warehouse

MEGABYTES = 32
STEP = 100_000  # bytes
WITHOUT_A_FLOOR = {FLOOR: str(-(10**12))}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The data folder, a disk of its own."""
    folder = tmp_path / "var"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("there is no mount")
    command = [mount, "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("no right to mount a tmpfs")
    yield folder
    subprocess.run([umount, "--lazy", str(folder)], check=True)


@pytest.fixture
def place(disk: Path) -> Place:
    """Both states are published, the first one after the other."""
    place = two_states.make(disk.parent)
    for state in reversed(STATES):
        place.become(state)
        nights.run(place.configuration)
    return place


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingDisk]:
    with commands(tmp_path_factory.mktemp("commands"), {}) as process:
        yield process


def leave_free(disk: Path, left: int) -> Path:
    """Fill a disk but for so many bytes, and return the file that does."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - left)
    return filler


@pytest.mark.slow
def test_a_disk_that_fills_up_ends_the_night_and_all_is_as_it_was(pulse: FailingDisk, place: Place) -> None:
    """FAULTS 3; I1, I4: exit 1 with a file's name in one line; with room again the next night is whole."""
    warehouse, disk = Warehouse.of(place.configuration), place.configuration.data_dir
    first, before = warehouse.kept()
    assert warehouse.current() == before
    place.become(STATES[1])
    for left in count(0, STEP):
        filler = leave_free(disk, left)
        ended = night(pulse, place, WITHOUT_A_FLOOR)
        filler.unlink()
        assert leftovers(disk) == []
        if ended.code == 0:
            break
        assert (ended.code, ended.said.count("\n")) == (1, 1), ended
        assert f"{disk}/" in ended.said
        assert "cannot be written" in ended.said or "No space left on device" in ended.said
        assert ended.said.endswith(f"; last version {before} still served\n")
        assert warehouse.current() == before
    assert left > 5 * STEP
    hashes = [warehouse.manifest(str(version)).logical_hash for version in (before, warehouse.current())]
    assert len(set(hashes)) == 2
    place.become(STATES[0])
    assert night(pulse, place, WITHOUT_A_FLOOR).code == 0
    assert warehouse.manifest(str(warehouse.current())).logical_hash == hashes[0]
    assert first not in warehouse.kept()


@pytest.mark.slow
def test_a_night_does_not_begin_on_a_disk_that_is_too_small(pulse: FailingDisk, place: Place) -> None:
    """FAULTS 3: what it would need is more than this disk has."""
    before = Warehouse.of(place.configuration).current()
    ended = night(pulse, place, {})
    assert ended.code == 1
    assert f"{place.configuration.data_dir}/lake has " in ended.said
    assert "nothing was begun" in ended.said
    assert ended.said.endswith(f"; last version {before} still served\n")
