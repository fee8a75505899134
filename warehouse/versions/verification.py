"""Verifying a published version: its files are what its manifest says, byte for byte (FAULTS 4, 5).

Reading a big file to its end takes seconds. So it is done once on a host, and a receipt remembers the outcome. A
receipt holds the SHA-256 of a file and its marks: device, inode, size, `mtime` and `ctime`. By the marks the file is
known to be the same. A receipt never says that a version is good: for that the sum is compared with the manifest, every
time. Whoever copies, overwrites or restores a file changes its inode or its `ctime`, which nobody can set. So no
content inherits another's receipt. Where only the `ctime` differs, the mode may have been changed, and the file is read
again. A bit that rots on the disk later changes no mark; DuckDB's own checksums find it.

A file is read here only while this process does not have it open in DuckDB. Closing it would drop DuckDB's lock.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from warehouse.disk.files import make_folder, regular_file, written_beside
from warehouse.disk.lock import acquired, open_lock
from warehouse.disk.lock_holder import holder_of
from warehouse.errors import DamagedError, NoVersionError, PulseError
from warehouse.versions.manifest import Manifest
from warehouse.versions.schema import SERVED, is_served
from warehouse.versions.versions import Warehouse

logger = logging.getLogger(__name__)
CHUNK_BYTES = 1 << 20
READING_LOCK = "reading.lock"
READING_SECONDS = 5.0  # so long a reader waits for another of the host before it reads for itself
SETTLED_SECONDS = 0.05  # a file's times tick every few milliseconds: one that has just changed could change unseen


class OvertakenError(PulseError):
    """The outcome is not needed any more; nothing is known about the version."""


class Marks(NamedTuple):
    """The figures by which a file is known to be unchanged."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the marks of a file."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def is_same_but_for_ctime(self, other: "Marks") -> bool:
        """Tell whether it is the same file, of which the mode may have been changed."""
        return self[:-1] == other[:-1]


class Verified(NamedTuple):
    """A version whose file is what its manifest says, as long as it has these marks."""

    manifest: Manifest
    marks: Marks


_unwritten: dict[Path, tuple[Marks, str]] = {}  # receipts of this process alone, where none can be written


def verify(
    warehouse: Warehouse, version: str, is_wanted: Callable[[], bool] = lambda: True, *, leaves_receipt: bool = True
) -> Verified:
    """Compare a version's file with its manifest; it is read only if no receipt says what is in it.

    Args:
        warehouse: where it is.
        version: its name.
        is_wanted: asked while the file is read; once it says no, reading ends.
        leaves_receipt: whether the outcome is noted; without that nothing is written, and no lock is taken.

    Raises:
        NoVersionError: the version must not be served; why is for a person to read.
        OvertakenError: it is not wanted any more.
        OSError: there is no file, or it cannot be read.
    """
    manifest, path = warehouse.manifest(version), warehouse.file(version)
    marks = Marks.of(path.stat())
    if manifest.version != version or marks.size != manifest.size:
        raise NoVersionError(f"version {version}: {path} is not the file that its manifest describes")
    if not is_served(manifest.schema_version):
        raise NoVersionError(f"version {version} has schema {manifest.schema_version}, this server reads {SERVED}")
    if path.with_name(path.name + ".wal").exists():
        raise NoVersionError(f"version {version}: a .wal stands beside {path}, which nothing of ours leaves there")
    marks, sha256 = _sum_of(path, warehouse.receipt(version), is_wanted, leaves_receipt=leaves_receipt)
    if sha256 != manifest.sha256:
        raise NoVersionError(f"version {version}: the content of {path} is not what its manifest says (SHA-256)")
    return Verified(manifest, marks)


def verify_lookup_file(
    warehouse: Warehouse,
    manifest: Manifest,
    is_wanted: Callable[[], bool] = lambda: True,
    *,
    leaves_receipt: bool = True,
) -> Marks:
    """Compare a version's look-up file with its manifest, in the same way, and return its marks.

    Args:
        warehouse: where it is.
        manifest: of a version that has one.
        is_wanted: as in `verify`.
        leaves_receipt: as in `verify`.

    Raises:
        DamagedError: it is not what the manifest says; the version is answered without it.
        OvertakenError: it is not wanted any more.
        OSError: there is none, or it cannot be read.
    """
    path, receipt = warehouse.lookup_file(manifest.version), warehouse.lookup_receipt(manifest.version)
    if path.stat().st_size != manifest.lookup_size:
        raise DamagedError(f"{path} is not the file that the manifest of {manifest.version} describes")
    try:
        marks, sha256 = _sum_of(path, receipt, is_wanted, leaves_receipt=leaves_receipt)
    except NoVersionError as error:
        raise DamagedError(str(error)) from error
    if sha256 != manifest.lookup_sha256:
        raise DamagedError(f"the content of {path} is not what its manifest says (SHA-256)")
    return marks


def last_served(warehouse: Warehouse) -> str | None:
    """Return the version that was last in service on this host, None if that is not known."""
    try:
        return regular_file(_served_file(warehouse)).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def remember_served(warehouse: Warehouse, version: str) -> None:
    """Note which version is in service: a worker that starts beside a bad version serves that one."""
    if last_served(warehouse) != version:
        try:
            with written_beside(_served_file(warehouse)) as unfinished:
                unfinished.write_text(version + "\n", encoding="utf-8")
        except OSError as error:
            logger.debug("which version is in service cannot be noted: %s", error)


def _served_file(warehouse: Warehouse) -> Path:
    return warehouse.receipts / "in-service"


def _sum_of(path: Path, receipt: Path, is_wanted: Callable[[], bool], *, leaves_receipt: bool) -> tuple[Marks, str]:
    """Return marks and sum of a file, by its receipt if there is one."""
    marks = Marks.of(path.stat())
    if sha256 := _receipt(receipt, marks):
        return marks, sha256
    if not leaves_receipt:
        return _read(path, is_wanted)
    with _one_reader_at_a_time(receipt.parent, is_wanted):
        marks = Marks.of(path.stat())
        if sha256 := _receipt(receipt, marks):  # another process was reading while this one waited
            return marks, sha256
        marks, sha256 = _read(path, is_wanted)
        _remember(receipt, marks, sha256)
        return marks, sha256


def _receipt(path: Path, marks: Marks) -> str | None:
    """Return the sum in the receipt of a file with these marks; None also if it cannot be read."""
    try:
        content = json.loads(regular_file(path).read_text(encoding="utf-8"))
        sha256 = content.pop("sha256")
        return str(sha256) if Marks(**content) == marks else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        unwritten_marks, sha256 = _unwritten.get(path, (None, ""))
        return sha256 if unwritten_marks == marks else None


def _remember(path: Path, marks: Marks, sha256: str) -> None:
    """Write a receipt; where none can be written every process has to read for itself."""
    try:
        with written_beside(path) as unfinished:
            unfinished.write_text(json.dumps({**marks._asdict(), "sha256": sha256}) + "\n", encoding="utf-8")
    except OSError as error:
        logger.warning("no receipt for version %s, other workers will read it too: %s", path.stem, error)
        _unwritten[path] = (marks, sha256)


def _read(path: Path, is_wanted: Callable[[], bool]) -> tuple[Marks, str]:
    """Return marks and sum of a file, which is read again as long as its mode is changed meanwhile."""
    while True:
        sum_so_far = hashlib.sha256()
        with regular_file(path).open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            if time.time() - before.st_ctime < SETTLED_SECONDS:
                time.sleep(SETTLED_SECONDS)
            while chunk := file.read(CHUNK_BYTES):
                _refuse_unwanted(path, is_wanted)
                sum_so_far.update(chunk)
            marks = Marks.of(os.fstat(file.fileno()))
        if marks == Marks.of(before):
            return marks, sum_so_far.hexdigest()
        if not marks.is_same_but_for_ctime(Marks.of(before)):
            raise NoVersionError(f"{path} changed while it was read")


def _refuse_unwanted(path: Path, is_wanted: Callable[[], bool]) -> None:
    if not is_wanted():
        raise OvertakenError(f"{path} was not read to its end: it is not wanted any more")


@contextmanager
def _one_reader_at_a_time(receipts: Path, is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Let one process of a host read at a time. The others wait, but not for ever, and then use its receipt."""
    try:
        make_folder(receipts)
        descriptor = open_lock(receipts / READING_LOCK)
    except OSError:  # a warehouse that may only be read: no lock, and no receipt to wait for
        yield
        return
    try:
        is_alone = acquired(descriptor, READING_SECONDS, lambda _: _refuse_unwanted(receipts / READING_LOCK, is_wanted))
        if not is_alone:
            holder = holder_of(descriptor)
            logger.warning("%s is held by %s, this worker reads for itself", receipts / READING_LOCK, holder)
        yield
    finally:
        os.close(descriptor)
