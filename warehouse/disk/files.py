"""Files that a reader sees whole or not at all: written beside the target, made durable, then renamed.

Folders are made here too. Both get their modes before they are visible (`modes.py`).

An error of the disk names the file, whether Python, Arrow or DuckDB wrote it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import duckdb

from warehouse.disk import modes
from warehouse.errors import StorageError

UNFINISHED = ".unfinished"
Stamp: TypeAlias = tuple[int, int, int]
# DuckDB turns an OSError of a commit into a TransactionException.
DISK_ERRORS = (OSError, duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; when the block ends well, the file is renamed to `path`.

    A failure removes the unfinished file and leaves `path` as it was.

    Raises:
        StorageError: it could not be written.
    """
    make_folder(path.parent)
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    unfinished.unlink(missing_ok=True)  # left by a killed process of another user, who may read it and not write it
    try:
        with writing(path):
            yield unfinished
        put_in_place(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def put_in_place(unfinished: Path, path: Path) -> None:
    """Make a finished file durable and rename it to its path.

    Raises:
        StorageError: it is not durable. If the folder could not be synced, either name may be on the disk.
    """
    with writing(path):
        modes.give_file(unfinished, path)
        sync(unfinished)
        unfinished.replace(path)
        sync(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents; one that exists stays as it is.

    Raises:
        OSError: it cannot be made, or something else stands in its place.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    modes.give_folder(path)


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong on the disk while a file is written into one line that names the file.

    `fsync`, Arrow and, where it cannot sync, DuckDB say what went wrong and not where.

    Raises:
        StorageError: the disk is full, broken, or may not be written.
    """
    try:
        yield
    except StorageError:
        raise
    except DISK_ERRORS as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{path} cannot be written: {' '.join(reason.split())}; make room or look at the disk, then run again"
        raise StorageError(message) from error


def regular_file(path: Path) -> Path:
    """Return the path of a regular file or a folder. Reading a pipe would block, and a device has no end.

    Raises:
        OSError: nothing is there, it may not be looked at, or it is a pipe, a socket or a device.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a folder, opening says so
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return path


def stamp_of(path: Path) -> Stamp:
    """Return what changes when another file is renamed to a path, or into a folder.

    Raises:
        OSError: nothing is there, or it may not be looked at.
    """
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def entries(folder: Path) -> list[str]:
    """Return the names of what is in a folder, in order; none if there is no such folder.

    Raises:
        OSError: it may not be looked at, or is no folder. `Path.glob` would find nothing there, as in an empty one.
    """
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - a path for every name costs ten times as much
    except FileNotFoundError:
        return []


def links_below(folder: Path) -> Iterator[Path]:
    """Yield the symbolic links below a folder, which itself may be one; none if there is no such folder.

    Raises:
        OSError: some of it may not be looked at.
    """
    try:
        with os.scandir(folder) as scanned:
            for entry in scanned:
                if entry.is_symlink():
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    yield from links_below(Path(entry.path))
    except FileNotFoundError:
        return


def below(folder: Path, suffix: str) -> list[Path]:
    """Return every file below a folder whose name ends so, in order.

    Raises:
        OSError: some of it may not be looked at, as with `entries`.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    walked = os.walk(folder, onerror=refuse)
    return sorted(Path(root) / name for root, _, names in walked for name in names if name.endswith(suffix))
