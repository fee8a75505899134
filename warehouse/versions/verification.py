"""Verifying a published version: its file is what its manifest says, byte for byte (FAULTS 4, 5).

Reading a big file to its end takes seconds, so it is done once on a host, and a receipt remembers the outcome: which
SHA-256 a file had, and by which marks it is known to be the same file still (device, inode, size, and the two times of
its last change). It never says that a version is good: for that the sum is compared with the manifest, every time.
Whoever copies, overwrites or restores a file changes its inode or its `ctime`, which nobody can set, so no content
inherits another's receipt. Where the `ctime` alone is another, the mode may have been changed: the file is read again.
A bit that rots on the disk later changes no mark; DuckDB's own checksums find that one.

A file is only read here while this process does not have it open in DuckDB: closing it would drop DuckDB's lock.
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

from warehouse.disk.files import a_file, make_folder, written_beside
from warehouse.disk.lock import acquired, open_lock
from warehouse.disk.lock_holder import holder_of
from warehouse.errors import NoVersionError, PulseError
from warehouse.versions.manifest import Manifest
from warehouse.versions.schema import SERVED, is_served
from warehouse.versions.versions import Warehouse

logger = logging.getLogger(__name__)
CHUNK_BYTES = 1 << 20
READING_LOCK = "reading.lock"
READING_SECONDS = 5.0  # so long a reader waits for another of the host before it reads for itself
SETTLED_SECONDS = 0.05  # a file's times tick every few milliseconds: one that has just changed could change unseen


class OvertakenError(PulseError):
    """Nobody waits for the outcome any more; nothing is known about the version."""


class Marks(NamedTuple):
    """By what a file is known to be the same, unchanged."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the marks of a file."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def but_for_ctime(self, other: "Marks") -> bool:
        """Tell whether it is the same file, of which the mode may have been changed."""
        return self[:-1] == other[:-1]


class Verified(NamedTuple):
    """A version whose file is what its manifest says, as long as it has these marks."""

    manifest: Manifest
    marks: Marks


_unwritten: dict[Path, tuple[Marks, str]] = {}  # receipts of this process alone, where none can be written


def verify(warehouse: Warehouse, version: str, is_wanted: Callable[[], bool] = lambda: True) -> Verified:
    """Compare a version's file with its manifest; it is read only if no receipt says what is in it.

    Args:
        warehouse: where it is.
        version: its name.
        is_wanted: asked while the file is read; once it says no, reading ends.

    Raises:
        NoVersionError: the version must not be served; why is for a person to read.
        OvertakenError: it is not wanted any more.
        OSError: there is no file, or it cannot be read.
    """
    manifest, place = warehouse.manifest(version), warehouse.file(version)
    marks = Marks.of(place.stat())
    if manifest.version != version or marks.size != manifest.size:
        message = f"version {version}: {place} is not the file that its manifest describes"
        raise NoVersionError(message)
    if not is_served(manifest.schema_version):
        message = f"version {version} has schema {manifest.schema_version}, this server reads {SERVED}"
        raise NoVersionError(message)
    if place.with_name(place.name + ".wal").exists():
        message = f"version {version}: a .wal stands beside {place}, which nothing of ours leaves there"
        raise NoVersionError(message)
    marks, sha256 = _sha256(warehouse, version, is_wanted)
    if sha256 != manifest.sha256:
        message = f"version {version}: the content of {place} is not what its manifest says (SHA-256)"
        raise NoVersionError(message)
    return Verified(manifest, marks)


def last_served(warehouse: Warehouse) -> str | None:
    """Return the version that was last in service on this host, None if that is not known."""
    try:
        return a_file(_served_file(warehouse)).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def remember_served(warehouse: Warehouse, version: str) -> None:
    """Note which version is in service, so that a worker that starts beside a bad one has a last good one too."""
    if last_served(warehouse) != version:
        try:
            with written_beside(_served_file(warehouse)) as unfinished:
                unfinished.write_text(version + "\n", encoding="utf-8")
        except OSError as error:
            logger.debug("which version is in service cannot be noted: %s", error)


def _served_file(warehouse: Warehouse) -> Path:
    return warehouse.receipts / "in-service"


def _sha256(warehouse: Warehouse, version: str, is_wanted: Callable[[], bool]) -> tuple[Marks, str]:
    place = warehouse.file(version)
    marks = Marks.of(place.stat())
    if known := _receipt(warehouse, version, marks):
        return marks, known
    with _alone(warehouse.receipts, is_wanted):
        marks = Marks.of(place.stat())
        if known := _receipt(warehouse, version, marks):  # another process was reading while this one waited
            return marks, known
        marks, sha256 = _read(place, is_wanted)
        _remember(warehouse, version, marks, sha256)
        return marks, sha256


def _receipt(warehouse: Warehouse, version: str, marks: Marks) -> str | None:
    """Return the sum that a receipt has for a file with these marks; one that cannot be read is none."""
    place = warehouse.receipt(version)
    try:
        content = json.loads(a_file(place).read_text(encoding="utf-8"))
        sha256 = content.pop("sha256")
        return str(sha256) if Marks(**content) == marks else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        unwritten_marks, sha256 = _unwritten.get(place, (None, ""))
        return sha256 if unwritten_marks == marks else None


def _remember(warehouse: Warehouse, version: str, marks: Marks, sha256: str) -> None:
    """Write a receipt; where none can be written every process has to read for itself."""
    place = warehouse.receipt(version)
    try:
        with written_beside(place) as unfinished:
            unfinished.write_text(json.dumps({**marks._asdict(), "sha256": sha256}) + "\n", encoding="utf-8")
    except OSError as error:
        logger.warning("no receipt for version %s, other workers will read it too: %s", version, error)
        _unwritten[place] = (marks, sha256)


def _read(place: Path, is_wanted: Callable[[], bool]) -> tuple[Marks, str]:
    """Return marks and sum of a file, which is read again as long as its mode is changed meanwhile."""
    while True:
        sum_so_far = hashlib.sha256()
        with a_file(place).open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            if time.time() - before.st_ctime < SETTLED_SECONDS:
                time.sleep(SETTLED_SECONDS)
            while chunk := file.read(CHUNK_BYTES):
                _refuse_unwanted(place, is_wanted)
                sum_so_far.update(chunk)
            marks = Marks.of(os.fstat(file.fileno()))
        if marks == Marks.of(before):
            return marks, sum_so_far.hexdigest()
        if not marks.but_for_ctime(Marks.of(before)):
            message = f"{place} changed while it was read"
            raise NoVersionError(message)


def _refuse_unwanted(place: Path, is_wanted: Callable[[], bool]) -> None:
    if not is_wanted():
        message = f"{place} was not read to its end: it is not wanted any more"
        raise OvertakenError(message)


@contextmanager
def _alone(receipts: Path, is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Let one process of a host read at a time; the others find its receipt afterwards, and wait so long at most."""
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
