"""The locks of a data folder: one run at a time, and one switch of the pointer at a time.

The system releases a lock when its holder dies. Whoever can open a lock file, if only for reading, can lock it. So
nobody else may open lock files (`modes.py`), and every wait for a lock ends (FAULTS 74).
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.configuration.configuration import Configuration
from warehouse.disk import modes, owners
from warehouse.disk.files import make_folder, writing
from warehouse.disk.leftovers import remove_leftovers
from warehouse.disk.lock_holder import holder_of
from warehouse.disk.mending import begin_folders, mend, refuse_foreign
from warehouse.errors import LockHeldError, LockWaitError

logger = logging.getLogger(__name__)
LINKS = ".pulse.duckdb.*"
POINTER_LOCK = "pointer.lock"  # in the warehouse: whoever moves the pointer holds it for moments
POINTER_SECONDS = 20.0  # how long a switch waits for another
RUN_SECONDS = 24 * 3600.0  # how long a run that Dagster has queued waits: a first night may take hours
NOTICE_SECONDS = 2.0  # a longer wait is announced, with the holder
POLL_SECONDS = 0.02
Tell = Callable[[str], object]
_held: set[Path] = set()


@contextmanager
def exclusive(path: Path, purpose: str, *, wait_seconds: float = 0, tell: Tell = logger.warning) -> Iterator[None]:
    """Hold a lock file for the length of the block.

    A process that holds it already may enter again: a command takes the lock, and so does its Dagster run.

    Args:
        path: the lock file; it stays, only the lock on it counts.
        purpose: who holds it, for those who are refused.
        wait_seconds: how long to wait for the holder before giving up.
        tell: gets the line about a wait that takes longer.

    Raises:
        LockHeldError: another process holds it, and `wait_seconds` is 0. LockWaitError: another process has held it all
            that time.
    """
    path = path.resolve()
    if path in _held:
        yield
        return
    make_folder(path.parent)
    descriptor = open_lock(path)
    try:
        _acquire(descriptor, path, wait_seconds, tell)
        with writing(path):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{purpose}, process {os.getpid()}".encode())
        _held.add(path)
        yield
    finally:
        _held.discard(path)
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """Open a lock file, made when needed, with the mode that is its own; return the descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, modes.OWN)
    modes.give_file(path, path)
    return descriptor


def acquired(descriptor: int, wait_seconds: float, between: Callable[[float], object]) -> bool:
    """Lock an open file, alone; tell whether that was possible within a time.

    Args:
        descriptor: of the lock file.
        wait_seconds: how long to try; 0 for once.
        between: called between tries with the seconds so far; what it raises ends the wait.
    """
    begun = time.monotonic()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - begun
            if waited >= wait_seconds:
                return False
            between(waited)
            time.sleep(min(POLL_SECONDS, wait_seconds))
        else:
            return True


def _acquire(descriptor: int, path: Path, wait_seconds: float, tell: Tell) -> None:
    is_announced = False

    def between(waited: float) -> None:
        nonlocal is_announced
        if not is_announced and waited >= NOTICE_SECONDS:
            is_announced = True
            tell(f"waiting for {path}, held by {holder_of(descriptor)}")

    if acquired(descriptor, wait_seconds, between):
        return
    holder = holder_of(descriptor)
    if not wait_seconds:
        raise LockHeldError(f"{path} is held by {holder}; try again when it has ended")
    raise LockWaitError(f"{path} has been held for {wait_seconds:,.0f} s by {holder}; end that, then try again")


@contextmanager
def run_lock(
    configuration: Configuration, purpose: str, *, wait_seconds: float = 0, tell: Tell = logger.warning
) -> Iterator[None]:
    """Hold the lock of a data folder's runs, as `exclusive`, and put the folder in order.

    What a killed run has left is removed, and what an older version left open is closed. What is made in the block is
    readable by its owner alone until it is in place.

    Args:
        configuration: whose data folder.
        purpose: as for `exclusive`.
        wait_seconds: as for `exclusive`.
        tell: gets the line about a wait, about whom closed modes shut out, and about what stays open.

    Raises:
        LockHeldError, LockWaitError: as `exclusive`. ConfigurationError: this user is not in the configured group, is
            root in another user's folder, or the folder is not ours.
    """
    data_dir, group = configuration.data_dir, owners.group_number(configuration.pulse.group)
    owners.refuse_root(data_dir)
    refuse_foreign(data_dir)
    begin_folders(data_dir, group)
    with exclusive(data_dir / "run.lock", purpose, wait_seconds=wait_seconds, tell=tell):
        umask = os.umask(modes.RUN_UMASK)
        try:
            remove_leftovers(data_dir)
            _remove_links(data_dir / "warehouse")
            for line in mend(data_dir, group):
                tell(line)
            yield
        finally:
            os.umask(umask)


@contextmanager
def pointer_lock(warehouse: Path, purpose: str) -> Iterator[None]:
    """Hold the lock of a warehouse's pointer, as `exclusive`.

    Args:
        warehouse: the folder of the pointer.
        purpose: as for `exclusive`.

    Raises:
        LockWaitError: as `exclusive`; the pointer is what it was.
    """
    with exclusive(warehouse / POINTER_LOCK, purpose, wait_seconds=POINTER_SECONDS):
        yield


def _remove_links(warehouse: Path) -> None:
    """Remove the links of a killed switch, under the pointer's lock: a rollback switches without the run's lock."""
    if any(warehouse.glob(LINKS)):
        with pointer_lock(warehouse, "tidying up"):
            for link in warehouse.glob(LINKS):
                link.unlink()
