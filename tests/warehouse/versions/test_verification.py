"""A version is served only if its file is what its manifest says: FAULTS 4, 5 and 7.

What a receipt may vouch for is `test_receipts.py`'s. How a server of several processes does it is
`tests/serve/operations/test_workers.py`; who reads which version, `tests/serve/version/test_endpoint.py`.
"""

import json
import os
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serve.version import reader
from serve.version.open_version import open_version
from serve.version.reader import Follower
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, SECOND
from tests.warehouse.versions.damaging import change_manifest, flip, positions, served_by, writing
from warehouse.errors import CheckFailedError, NoVersionError
from warehouse.versions import verification
from warehouse.versions.versions import Warehouse

# --- refused --------------------------------------------------------------------------------------------------------


def test_two_hundred_bits_flipped_all_over_a_file_are_all_refused(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 4: by whoever has no receipt; a version's headers, metadata, data and last block."""
    monkeypatch.setattr(verification, "SETTLED_SECONDS", 0.0)  # no receipt is left that could be mistaken
    place, chance, refused = warehouse.file(SECOND), random.Random(5), 0
    for position in positions(place.stat().st_size, 200):
        bit = 1 << chance.randrange(8)
        flip(place, position, bit)
        shutil.rmtree(warehouse.receipts, ignore_errors=True)
        with pytest.raises(NoVersionError, match="SHA-256"):
            open_version(warehouse, SECOND)
        flip(place, position, bit)
        refused += 1
    assert refused == 200
    shutil.rmtree(warehouse.receipts)
    open_version(warehouse, SECOND).connection.close()


@pytest.mark.slow
def test_a_bit_flipped_between_build_and_publish_is_noticed(nights: Path, tmp_path: Path) -> None:
    """FAULTS 4: publishing reads the finished bytes for itself; the check is named, and the old version stays."""
    from assets.night.night import Night
    from assets.step4_roll_up.activity import roll_up
    from assets.step5_build.build import build
    from assets.step7_publish.publish import publish

    configuration = small_platform.copied(nights, tmp_path, SECOND)
    roll_up(Night.of(configuration))
    built = build(Night.of(configuration))
    assert built is not None
    warehouse = Warehouse.of(configuration)
    place = warehouse.building(built.version)
    for position in positions(place.stat().st_size, 20):
        flip(place, position)
        with pytest.raises(CheckFailedError, match=f"version {built.version} .* check readable") as refusal:
            publish(Night.of(configuration), built.version)
        assert str(place) in str(refusal.value)
        assert warehouse.current() == SECOND
        flip(place, position)
    assert publish(Night.of(configuration), built.version).version == warehouse.current() == built.version


def test_the_last_good_version_stays_in_service_beside_a_bad_one(warehouse: Warehouse) -> None:
    """FAULTS 4: for every single bit, and none is held against the file once it is whole again."""
    follower, place = Follower(warehouse), warehouse.file(SECOND)
    assert served_by(follower) == FIRST
    for position in positions(place.stat().st_size, 10):
        flip(place, position)
        warehouse.point_to(SECOND)
        assert served_by(follower) == FIRST
        assert "SHA-256" in follower.refused[SECOND].reason
        flip(place, position)
    warehouse.point_to(SECOND)
    assert served_by(follower) == SECOND
    assert follower.refused == {}


def cut_off(warehouse: Warehouse) -> None:
    place = warehouse.file(SECOND)
    with writing(place):
        os.truncate(place, place.stat().st_size - 1)


def emptied(warehouse: Warehouse) -> None:
    with writing(warehouse.file(SECOND)):
        warehouse.file(SECOND).write_bytes(b"")


def garbage(warehouse: Warehouse) -> None:
    with writing(warehouse.file(SECOND)):
        warehouse.file(SECOND).write_bytes(b"garbage!" * (warehouse.manifest(SECOND).size // 8))


def replaced_by_the_other_version(warehouse: Warehouse) -> None:
    """Its manifest goes with it, but for the name: both are good, and it is not what was published under this name."""
    with writing(warehouse.file(SECOND)):
        shutil.copyfile(warehouse.file(FIRST), warehouse.file(SECOND))
    change_manifest(warehouse, **{**json.loads(warehouse.manifest_file(FIRST).read_text()), "version": SECOND})


FAULTS: dict[str, tuple[Callable[[Warehouse], object], str]] = {
    "file cut off": (cut_off, "not the file that its manifest describes"),
    "file empty": (emptied, "not the file that its manifest describes"),
    "file garbage": (garbage, "SHA-256"),
    "file missing": (lambda warehouse: warehouse.file(SECOND).unlink(), "no such file or directory; restore it"),
    "file of another version": (replaced_by_the_other_version, ""),
    "manifest missing": (lambda warehouse: warehouse.manifest_file(SECOND).unlink(), "its manifest"),
    "manifest garbage": (lambda warehouse: warehouse.manifest_file(SECOND).write_text("{"), "its manifest"),
    "manifest of another sum": (lambda warehouse: change_manifest(warehouse, sha256="0" * 64), "SHA-256"),
    "schema unknown": (lambda warehouse: change_manifest(warehouse, schema_version=999), "has schema 999"),
    "stray .wal": (lambda warehouse: Path(f"{warehouse.file(SECOND)}.wal").write_bytes(b""), ".wal"),
}


@pytest.mark.parametrize(("fault", "reason"), FAULTS.values(), ids=FAULTS)
def test_it_is_refused_with_a_reason_and_the_last_good_version_stays(
    warehouse: Warehouse, fault: Callable[[Warehouse], object], reason: str
) -> None:
    """FAULTS 4, 5."""
    follower = Follower(warehouse)
    assert served_by(follower) == FIRST
    fault(warehouse)
    warehouse.point_to(SECOND)
    assert [served_by(follower) for _ in range(2)] == [FIRST] * 2
    assert list(follower.refused) == [SECOND]
    assert reason in follower.refused[SECOND].reason
    assert follower.current is not None
    assert follower.current.name == FIRST


@pytest.mark.parametrize(("fault", "_"), FAULTS.values(), ids=FAULTS)
def test_a_process_that_starts_beside_it_serves_what_this_host_served_last(
    warehouse: Warehouse, fault: Callable[[Warehouse], object], _: str
) -> None:
    """FAULTS 4, 5: a worker that is replaced answers what the others answer."""
    assert served_by(Follower(warehouse)) == FIRST
    fault(warehouse)
    warehouse.point_to(SECOND)
    started = Follower(warehouse)
    assert served_by(started) == FIRST
    assert list(started.refused) == [SECOND]


def test_what_this_host_served_last_is_verified_too(warehouse: Warehouse) -> None:
    assert served_by(Follower(warehouse)) == FIRST
    for name in (FIRST, SECOND):
        flip(warehouse.file(name), 5000)
    warehouse.point_to(SECOND)
    started = Follower(warehouse)
    with pytest.raises(NoVersionError):
        served_by(started)
    assert set(started.refused) == {FIRST, SECOND}


def test_a_version_that_is_written_to_while_it_is_served_answers_nothing_more(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a wrong number: what a page that is read again would hold is anybody's guess."""
    clock = [1000.0]
    monkeypatch.setattr("serve.version.reader.time.monotonic", lambda: clock[0])
    follower, place = Follower(warehouse), warehouse.file(FIRST)
    assert served_by(follower) == FIRST
    flip(place, 5000)
    with pytest.raises(NoVersionError):
        served_by(follower)
    assert list(follower.refused) == [FIRST]
    flip(place, 5000)
    clock[0] += reader.REFUSED_SECONDS
    assert served_by(follower) == FIRST
    assert follower.refused == {}


def test_a_version_that_is_replaced_or_removed_while_it_is_served_lives_on(warehouse: Warehouse) -> None:
    """FAULTS 7: what is open is the file that was verified, whatever is in its place now."""
    follower, place = Follower(warehouse), warehouse.file(FIRST)
    assert served_by(follower) == FIRST
    shutil.copyfile(warehouse.file(SECOND), place.with_suffix(".copy"))
    place.with_suffix(".copy").replace(place)
    assert served_by(follower) == FIRST
    place.unlink()
    assert served_by(follower) == FIRST


def test_a_rollback_to_a_version_that_requests_still_read_takes_it_up_again(
    warehouse: Warehouse, files_read: list[str]
) -> None:
    """Its file is not read meanwhile: that would drop DuckDB's lock on it."""
    follower = Follower(warehouse)
    with follower.version() as held:
        warehouse.point_to(SECOND)
        assert served_by(follower) == SECOND
        shutil.rmtree(warehouse.receipts)
        warehouse.point_to(FIRST)
        with follower.version() as again:
            assert again is held
    assert files_read == [FIRST, SECOND]
    assert served_by(follower) == FIRST


def test_a_version_that_changed_while_requests_still_read_it_is_refused_until_they_have_ended(
    warehouse: Warehouse, files_read: list[str]
) -> None:
    follower = Follower(warehouse)
    with follower.version():
        warehouse.point_to(SECOND)
        assert served_by(follower) == SECOND
        os.utime(warehouse.file(FIRST))
        warehouse.point_to(FIRST)
        assert served_by(follower) == SECOND
        assert "requests still read" in follower.refused[FIRST].reason
        assert files_read == [FIRST, SECOND]
    warehouse.point_to(FIRST)
    assert served_by(follower) == FIRST


# --- beside the requests --------------------------------------------------------------------------------------------


def test_a_follower_that_watches_goes_on_serving_while_it_verifies(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_reading, may_go_on, looks = threading.Event(), threading.Event(), threading.Semaphore(0)

    def slow(place: Path, is_wanted: Callable[[], bool]) -> Any:
        if place.stem == SECOND:
            is_reading.set()
            assert may_go_on.wait(10)
        return original(place, is_wanted)

    original = verification._read  # noqa: SLF001
    monkeypatch.setattr(verification, "_read", slow)
    monkeypatch.setattr(reader, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(Follower, "verify_kept", lambda _: None)
    follower = Follower(warehouse)
    follower.watch(looks.release, first_seconds=10)
    try:
        assert served_by(follower) == FIRST
        warehouse.point_to(SECOND)
        assert is_reading.wait(10)
        assert [served_by(follower) for _ in range(5)] == [FIRST] * 5
        may_go_on.set()
        for _ in range(3):
            assert looks.acquire(timeout=10)
        while looks.acquire(blocking=False):
            pass
        assert looks.acquire(timeout=10)
        assert served_by(follower) == SECOND
    finally:
        may_go_on.set()
        follower.stop()


def test_kept_versions_are_verified_beforehand_so_that_a_rollback_reads_nothing(
    warehouse: Warehouse, files_read: list[str]
) -> None:
    """FAULTS 10."""
    warehouse.point_to(SECOND)
    follower = Follower(warehouse)
    assert served_by(follower) == SECOND
    follower.verify_kept()
    assert files_read == [SECOND, FIRST]
    warehouse.rollback()
    assert served_by(follower) == FIRST
    assert files_read == [SECOND, FIRST]


def test_a_kept_version_that_is_bad_is_named_before_anybody_rolls_back_to_it(warehouse: Warehouse) -> None:
    warehouse.point_to(SECOND)
    flip(warehouse.file(FIRST), 5000)
    follower = Follower(warehouse)
    assert served_by(follower) == SECOND
    follower.verify_kept()
    assert list(follower.refused) == [FIRST]
    flip(warehouse.file(FIRST), 5000)
    follower.verify_kept()
    assert follower.refused == {}


def test_verifying_kept_versions_gives_way_to_a_publish(
    warehouse: Warehouse, files_read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pointed to now is not kept waiting by what might be rolled back to."""
    warehouse.point_to(SECOND)
    follower = Follower(warehouse)
    assert served_by(follower) == SECOND

    def overtaken(place: Path, is_wanted: Callable[[], bool]) -> Any:
        warehouse.point_to(SECOND)
        return original(place, is_wanted)

    original = verification._read  # noqa: SLF001
    monkeypatch.setattr(verification, "_read", overtaken)
    follower.verify_kept()
    assert files_read == [SECOND, FIRST]
    assert not warehouse.receipt(FIRST).exists()
    assert follower.refused == {}
