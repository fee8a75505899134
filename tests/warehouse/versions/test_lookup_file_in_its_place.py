"""A look-up file comes and goes with its version: put in place, pruned, withdrawn, left over (FAULTS 1, 42)."""

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.night.night import Night
from assets.step4_roll_up.activity import roll_up
from assets.step5_build.build import build
from assets.step7_publish.publish import publish
from serve.version.reader import Follower
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, SECOND
from tests.warehouse.versions.damaging import flip, served_by
from warehouse.configuration.configuration import Configuration
from warehouse.disk.leftovers import remove_leftovers
from warehouse.errors import CheckFailedError, StorageError
from warehouse.versions.manifest import sha256_of
from warehouse.versions.verification import verify_lookup_file
from warehouse.versions.versions import Warehouse
from warehouse.versions.withdrawal import keep_only, withdraw


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    return small_platform.copied(nights, tmp_path, SECOND)


def names(warehouse: Warehouse) -> set[str]:
    return {place.name for folder in ("versions", "receipts") for place in (warehouse.root / folder).glob("pulse-*")}


def of(version: str) -> set[str]:
    return {f"{version}.{kind}" for kind in ("duckdb", "lookup", "json", "lookup.json")}


def built(configuration: Configuration) -> str:
    roll_up(Night.of(configuration))
    version = build(Night.of(configuration))
    assert version is not None
    return version.version


def test_the_manifest_says_what_is_in_it_and_nobody_may_write_to_it(configuration: Configuration) -> None:
    warehouse = Warehouse.of(configuration)
    for version in (FIRST, SECOND):
        file, manifest = warehouse.lookup_file(version), warehouse.manifest(version)
        assert manifest.has_lookup_file
        assert (manifest.lookup_sha256, manifest.lookup_size) == (sha256_of(file), file.stat().st_size)
        assert stat.S_IMODE(file.stat().st_mode) & 0o222 == 0


@pytest.mark.parametrize(
    "go",
    [lambda w: w.prune(1), lambda w: keep_only(w, SECOND), lambda w: withdraw(w, [FIRST])],
    ids=["pruned", "erased", "withdrawn"],
)
def test_it_goes_with_its_version_and_so_does_its_receipt(
    configuration: Configuration, go: Callable[[Warehouse], list[str]]
) -> None:
    """FAULTS 42."""
    warehouse = Warehouse.of(configuration)
    follower = Follower(warehouse)
    assert served_by(follower) == SECOND
    follower.verify_kept()
    assert names(warehouse) == of(FIRST) | of(SECOND)
    assert go(warehouse) == [FIRST]
    assert names(warehouse) == of(SECOND)


def test_a_receipt_of_an_open_version_outlives_the_pruning_of_others(configuration: Configuration) -> None:
    warehouse = Warehouse.of(configuration)
    verify_lookup_file(warehouse, warehouse.manifest(SECOND))
    warehouse.prune(1)
    assert warehouse.lookup_receipt(SECOND).exists()


@pytest.mark.parametrize("lost", ["duckdb", "json"])
def test_half_a_version_is_removed_with_its_look_up_file(configuration: Configuration, lost: str) -> None:
    """FAULTS 1: a run that was killed between the two files, or before the manifest."""
    warehouse = Warehouse.of(configuration)
    (warehouse.root / "versions" / f"{FIRST}.{lost}").unlink()
    remove_leftovers(configuration.data_dir)
    assert {name for name in names(warehouse) if name.startswith(FIRST)} == set()
    assert warehouse.lookup_file(SECOND).exists()


def test_a_version_that_lost_its_look_up_file_is_kept_and_served(configuration: Configuration) -> None:
    warehouse = Warehouse.of(configuration)
    warehouse.lookup_file(SECOND).unlink()
    remove_leftovers(configuration.data_dir)
    assert warehouse.kept() == [FIRST, SECOND]
    assert served_by(Follower(warehouse)) == SECOND


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_disk_that_fails_between_the_two_files_leaves_neither(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    """FAULTS 3."""
    warehouse, version, renames = Warehouse.of(configuration), built(configuration), list[Path]()
    rename = Path.rename

    def failing(place: Path, target: Path) -> Path:
        if place.parent.name == "building" and not place.name.startswith("."):
            renames.append(place)
            if len(renames) == fails_at:
                raise OSError(28, "No space left on device")
        return rename(place, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(StorageError, match="No space left on device"):
        publish(Night.of(configuration), version)
    assert len(renames) == fails_at
    assert warehouse.current() == SECOND
    left = {place.name for place in warehouse.root.rglob("*") if place.name.startswith(version)}
    assert left == set()


@pytest.mark.slow
def test_a_bit_flipped_between_build_and_publish_is_noticed(configuration: Configuration) -> None:
    """FAULTS 4: with so few learners, all of them are compared each time."""
    warehouse, version = Warehouse.of(configuration), built(configuration)
    place = warehouse.building_lookup_file(version)
    for position in range(0, place.stat().st_size, 61):
        flip(place, position)
        with pytest.raises(CheckFailedError, match="check lookup_file_equals_tables"):
            publish(Night.of(configuration), version)
        flip(place, position)
    assert publish(Night.of(configuration), version).version == warehouse.current()


def test_the_look_up_file_of_another_version_is_not_published(configuration: Configuration) -> None:
    """FAULTS 4: nor one that is gone."""
    warehouse, version = Warehouse.of(configuration), built(configuration)
    place = warehouse.building_lookup_file(version)
    place.unlink()
    with pytest.raises(CheckFailedError, match="lookup_file_equals_tables"):
        publish(Night.of(configuration), version)
    shutil.copyfile(warehouse.lookup_file(SECOND), place)
    with pytest.raises(CheckFailedError, match=f"is not the look-up file of version {version}"):
        publish(Night.of(configuration), version)
    assert warehouse.current() == SECOND
