"""Pruning: reruns of a night are one version, so that there is something to roll back to."""

from datetime import date
from pathlib import Path

import pytest

from assets.night.night import Night
from assets.step0_plan.plan import Run
from tests.support.platforms.sources import FIRST, only_xp, sqlite_platform, xp_rows
from warehouse.disk.leftovers import remove_leftovers
from warehouse.lake.days import DAY
from warehouse.versions.manifest import Manifest, sequence_of, version_name
from warehouse.versions.versions import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")


def put(warehouse: Warehouse, sequence: int, logical_hash: str, day: date = FIRST, *, schema: int = 3) -> str:
    """Put a version in its place as pruning sees one, and let the pointer name it."""
    version = version_name(day, sequence)
    building = warehouse.building(version)
    building.parent.mkdir(parents=True, exist_ok=True)
    building.write_bytes(b"a version")
    instant = "2026-06-02T00:00:00+00:00"
    manifest = Manifest(version, "", 9, {}, logical_hash, instant, instant, schema, "", "")
    warehouse.put_in_place(version, manifest)
    warehouse.point_to(version)
    return version


def sequences(warehouse: Warehouse) -> list[int]:
    assert {place.stem for place in (warehouse.root / "versions").iterdir()} == set(warehouse.kept())
    return sequences_kept(warehouse)


def sequences_kept(warehouse: Warehouse) -> list[int]:
    return [sequence_of(version) for version in warehouse.kept()]


@pytest.mark.slow
def test_seven_reruns_of_one_night_leave_the_night_before_to_roll_back_to(tmp_path: Path) -> None:
    """FAULTS 67: each of them is published, and the last one alone is kept beside the nights before."""
    from assets.all_steps import run_night

    source = sqlite_platform(tmp_path)
    configuration = only_xp(source, [*xp_rows(3), *xp_rows(2, FIRST + DAY)], keep_versions=3)
    warehouse = Warehouse.of(configuration)
    before = run_night(Night.of(configuration), Run(FIRST, FIRST))
    assert before is not None
    reruns = [run_night(Night.of(configuration), Run(FIRST + DAY, FIRST + DAY)) for _ in range(7)]
    names = [rerun.version for rerun in reruns if rerun is not None]
    assert len({rerun.logical_hash for rerun in reruns if rerun is not None}) == 1
    assert len(set(names)) == 7
    assert warehouse.kept() == [before.version, names[-1]]
    assert warehouse.current() == names[-1]
    assert warehouse.file(names[-2]).exists()  # who followed the link before the last switch has yet to open it
    assert warehouse.rollback().version == before.version
    assert warehouse.current() == before.version


@pytest.mark.parametrize(
    ("hashes", "kept"),
    [
        ("aaaaaaa", [7]),
        ("abcdefg", [5, 6, 7]),
        ("aabbccd", [4, 6, 7]),
        ("ababab", [4, 5, 6]),  # no neighbours: what came back is a version of its own
        ("abbbbbb", [1, 7]),
        ("a", [1]),
    ],
)
def test_neighbours_with_one_logical_hash_count_as_one(hashes: str, kept: list[int], warehouse: Warehouse) -> None:
    """FAULTS 67: the newest of them stays."""
    for number, logical_hash in enumerate(hashes, 1):
        put(warehouse, number, logical_hash)
        warehouse.prune(3)
    assert sequences(warehouse) == kept


@pytest.mark.parametrize("hashes", ["aab", "abc"], ids=["repeated", "beyond what is kept"])
def test_what_the_pointer_named_a_moment_ago_can_still_be_opened_until_the_next_run(
    hashes: str, warehouse: Warehouse
) -> None:
    """FAULTS 67: it is no version to roll back to, and an erasure does not wait for the next run."""
    first, second, _ = (put(warehouse, number, content) for number, content in enumerate(hashes, 1))
    assert warehouse.prune(1, replaced=second) == [first, second]
    assert [warehouse.file(version).exists() for version in (first, second)] == [False, True]
    assert sequences_kept(warehouse) == [3]
    remove_leftovers(warehouse.root.parent)
    assert sequences(warehouse) == [3]


def test_the_current_and_the_pinned_version_stay_though_the_next_repeats_them(warehouse: Warehouse) -> None:
    """FAULTS 67: also where the newest is held back by a pin."""
    first, second, third = (put(warehouse, number, "a") for number in (1, 2, 3))
    warehouse.rollback(first)
    warehouse.point_to(second)
    assert warehouse.prune(1) == []
    assert warehouse.kept() == [first, second, third]
    warehouse.unpin()
    assert warehouse.prune(1) == [first]
    warehouse.point_to(third)
    assert warehouse.prune(1) == [second]


def test_a_version_of_another_schema_is_another_one_to_roll_back_to(warehouse: Warehouse) -> None:
    """FAULTS 67: after an upgrade the code that made the older one may come back."""
    versions = [put(warehouse, number, "a", schema=schema) for number, schema in enumerate((2, 2, 3, 3), 1)]
    assert warehouse.prune(3) == [versions[0], versions[2]]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', "\xff"])
def test_a_manifest_that_cannot_be_read_makes_its_version_one_of_its_own(text: str, warehouse: Warehouse) -> None:
    """FAULTS 67: pruning goes on, and deletes such a version when it is beyond `keep_versions`, not before."""
    versions = [put(warehouse, number, "a") for number in (1, 2, 3)]
    warehouse.manifest_file(versions[1]).write_text(text, encoding="latin-1")
    assert warehouse.prune(3) == []
    assert warehouse.prune(2) == [versions[0]]
    assert sequences(warehouse) == [2, 3]
    put(warehouse, 4, "b")
    put(warehouse, 5, "c")
    assert warehouse.prune(2) == [versions[1], versions[2]]
