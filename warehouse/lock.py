"""The run's lock: one run at a time, whoever started it; the system lets go of it when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.configuration import Configuration
from warehouse.errors import LockHeldError
from warehouse.files import writing
from warehouse.leftovers import remove_leftovers

LINKS = ".pulse.duckdb.*"
POINTER_LOCK = "pointer.lock"  # in the warehouse: whoever moves the pointer holds it for moments
_held: set[Path] = set()


@contextmanager
def exclusive(path: Path, purpose: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock file for the length of the block.

    A process that holds it already may enter again: the command takes the lock, and so does the Dagster run inside.

    Args:
        path: the lock file; it stays, only the lock on it counts.
        purpose: who holds it, for those who are refused.
        wait: wait for the holder instead of giving up.

    Raises:
        LockHeldError: somebody else holds it, and `wait` is off.
    """
    path = path.resolve()
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, path, wait=wait)
        with writing(path):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{purpose}, process {os.getpid()}".encode())
        _held.add(path)
        yield
    finally:
        _held.discard(path)
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, *, wait: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
        message = f"another run holds {path}: {holder}; try again when it has ended"
        raise LockHeldError(message) from None


@contextmanager
def run_lock(configuration: Configuration, purpose: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a data folder's runs, as `exclusive`; begins by removing what a killed run left behind."""
    with exclusive(configuration.data_dir / "run.lock", purpose, wait=wait):
        remove_leftovers(configuration.data_dir)
        _remove_links(configuration.data_dir / "warehouse")
        yield


def _remove_links(warehouse: Path) -> None:
    """Remove what a killed switch left beside the pointer, while nobody can be switching: a rollback needs no run."""
    if any(warehouse.glob(LINKS)):
        with exclusive(warehouse / POINTER_LOCK, "tidying up", wait=True):
            for link in warehouse.glob(LINKS):
                link.unlink()
