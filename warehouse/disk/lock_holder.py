"""Who holds a lock, by the kernel. The text in the lock file is only that of the last holder who wrote there."""

import os
import re
from pathlib import Path

from warehouse.disk.owners import user_name

LOCKS = Path("/proc/locks")
FLOCK = re.compile(r"^\d+: FLOCK +\S+ +\S+ +(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) ", re.MULTILINE)
UNSEEN = "a process that cannot be seen from here"
LONGEST = 200


def holder_of(descriptor: int) -> str:
    """Return who holds the lock of an open file, for a person to read.

    Args:
        descriptor: of the lock file, as others have written it: purpose and process.
    """
    pid = _pid_of(os.fstat(descriptor))
    if pid is None:
        return UNSEEN
    written = os.pread(descriptor, LONGEST, 0).decode(errors="replace")
    return written if written.endswith(f", process {pid}") else _described(pid)


def _pid_of(status: os.stat_result) -> int | None:
    """Return the living process that `/proc/locks` names for a file; a container lists only its own."""
    inode_of_file = (os.major(status.st_dev), os.minor(status.st_dev), status.st_ino)
    try:
        text = LOCKS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for pid, major, minor, inode in FLOCK.findall(text):
        if (int(major, 16), int(minor, 16), int(inode)) == inode_of_file and Path("/proc", pid).exists():
            return int(pid)
    return None


def _described(pid: int) -> str:
    """Return what can be seen of a process that has written nothing of itself."""
    folder = Path("/proc", str(pid))
    try:
        user, command = user_name(folder.stat().st_uid), (folder / "comm").read_text(errors="replace").strip()
    except OSError:
        return f"process {pid}"
    return f"process {pid} of user {user} ({command})"
