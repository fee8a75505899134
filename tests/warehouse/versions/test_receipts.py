"""What a receipt may vouch for: a file is read once on a host, and no other file inherits that (FAULTS 5, 7).

Which files are refused is `test_verification.py`'s.
"""

import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.version.reader import Follower
from tests.support.platforms.small_platform import FIRST, SECOND
from tests.warehouse.versions.damaging import change_manifest, flip, served_by
from warehouse.errors import NoVersionError
from warehouse.versions import verification
from warehouse.versions.verification import OvertakenError, verify
from warehouse.versions.versions import Warehouse


def test_a_file_is_read_once_on_a_host(warehouse: Warehouse, files_read: list[str]) -> None:
    for _ in range(3):
        verify(warehouse, FIRST)
        assert served_by(Follower(warehouse)) == FIRST
    assert files_read == [FIRST]


def test_a_bad_file_is_read_once_too_and_never_good(warehouse: Warehouse, files_read: list[str]) -> None:
    flip(warehouse.file(FIRST), 5000)
    for _ in range(3):
        with pytest.raises(NoVersionError, match="SHA-256"):
            verify(warehouse, FIRST)
    assert files_read == [FIRST]


def overwritten_in_place(warehouse: Warehouse) -> None:
    """As `cp -p` does onto an existing file: same inode, same size, and the modification time set back."""
    place = warehouse.file(SECOND)
    before = place.stat()
    flip(place, 5000)
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def renamed_over(warehouse: Warehouse) -> None:
    place = warehouse.file(SECOND)
    before = place.stat()
    copy = Path(shutil.copy2(place, place.with_suffix(".copy")))
    flip(copy, 5000)
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.replace(place)


@pytest.mark.parametrize("change", [overwritten_in_place, renamed_over])
def test_other_content_inherits_no_receipt(warehouse: Warehouse, change: Callable[[Warehouse], None]) -> None:
    """FAULTS 4."""
    verify(warehouse, SECOND)
    change(warehouse)
    with pytest.raises(NoVersionError, match="SHA-256"):
        verify(warehouse, SECOND)


def test_a_copied_warehouse_is_read_anew(warehouse: Warehouse, files_read: list[str], tmp_path: Path) -> None:
    verify(warehouse, FIRST)
    shutil.copytree(warehouse.root, tmp_path / "copy", symlinks=True)
    copy = Warehouse(tmp_path / "copy")
    assert copy.receipt(FIRST).exists()
    flip(copy.file(FIRST), 5000)
    with pytest.raises(NoVersionError, match="SHA-256"):
        verify(copy, FIRST)
    assert files_read == [FIRST, FIRST]


def test_a_receipt_says_what_is_in_a_file_and_not_that_it_is_good(warehouse: Warehouse) -> None:
    verify(warehouse, SECOND)
    change_manifest(warehouse, sha256="0" * 64)
    with pytest.raises(NoVersionError, match="SHA-256"):
        verify(warehouse, SECOND)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"sha256": 5}', "\x00" * 100])
def test_a_receipt_that_cannot_be_read_is_none(warehouse: Warehouse, files_read: list[str], content: str) -> None:
    verify(warehouse, FIRST)
    warehouse.receipt(FIRST).write_text(content)
    verify(warehouse, FIRST)
    assert files_read == [FIRST, FIRST]


def test_where_no_receipt_can_be_written_a_process_reads_once(warehouse: Warehouse, files_read: list[str]) -> None:
    warehouse.receipts.write_text("a file where the folder would be")
    for _ in range(3):
        assert served_by(Follower(warehouse)) == FIRST
    assert files_read == [FIRST]


def test_pruning_removes_the_receipts_of_what_it_removes(warehouse: Warehouse) -> None:
    for name in (FIRST, SECOND):
        verify(warehouse, name)
    warehouse.receipt("pulse-2025-12-01-000000").write_text("left behind by a reader that was overtaken")
    warehouse.point_to(SECOND)
    assert warehouse.prune(1) == [FIRST]
    assert [place.stem for place in warehouse.receipts.glob("pulse-*")] == [SECOND]


def test_two_readers_do_not_read_a_file_both(warehouse: Warehouse, files_read: list[str]) -> None:
    """Several threads stand for several processes: the lock is one of open files."""
    warehouse.receipts.mkdir()
    together = threading.Barrier(4)

    def read() -> None:
        together.wait(10)
        verify(warehouse, FIRST)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert files_read == [FIRST]


def test_who_waits_for_a_reader_takes_its_receipt(warehouse: Warehouse, files_read: list[str]) -> None:
    """The reader here is another open file, as another process would be."""
    warehouse.receipts.mkdir()
    found: list[str] = []
    with (warehouse.receipts / "reading.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=lambda: found.append(verify(warehouse, FIRST).manifest.version))
        waiting.start()
        assert (files_read, found) == ([], [])
        marks = verification.Marks.of(warehouse.file(FIRST).stat())
        sha256 = hashlib.sha256(warehouse.file(FIRST).read_bytes()).hexdigest()
        warehouse.receipt(FIRST).write_text(json.dumps({**marks._asdict(), "sha256": sha256}))
    waiting.join(10)
    assert (files_read, found) == ([], [FIRST])


def test_reading_ends_when_the_version_is_not_wanted_any_more(warehouse: Warehouse) -> None:
    with pytest.raises(OvertakenError):
        verify(warehouse, FIRST, is_wanted=lambda: False)
    assert not warehouse.receipt(FIRST).exists()
