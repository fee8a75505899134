"""Which mode belongs to which path of a data folder: only its owner and its group get in (FAULTS 74).

The group reads what an analyst or a server of another user needs. That is versions and manifests, the pin, the list of
the erased, the receipts of erasures and the public names. A mode depends on the last parts of a path. A file has the
group of its folder. While everybody may pass the folder, everybody may do what the group may, except write
(`mending.py`).
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

FOLDER, OWN_FOLDER, SHARED_FOLDER = 0o750, 0o700, 0o2770  # a server of another user writes into the last
VERSION, READ_BY_GROUP, SHARED, OWN = 0o440, 0o640, 0o660, 0o600
RUN_UMASK = 0o077  # of a run: what is not in its place yet is its own
READ_IN_LAKE = {"suppressed.json", "profiles.parquet"}
SERVED_FOLDERS = {("lake", "erasures"), ("warehouse", "versions"), ("warehouse", "receipts")}
# What a mount or another's file answers; a disk that fails is something else.
REFUSED = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def file_mode(path: Path) -> int:
    """Return the mode that a file has at a path.

    Args:
        path: below a data folder, whether there is such a file or not.
    """
    match ("", "", *path.parts)[-3:]:
        case ("warehouse", "receipts", _):
            return SHARED
        case (_, _, name) if name.endswith(".lock"):
            return OWN
        case ("warehouse", "versions", name):
            return VERSION if name.endswith((".duckdb", ".lookup")) else READ_BY_GROUP
        case (_, "warehouse", "pin") | ("lake", "erasures", _):  # receipts say who has to be on the list
            return READ_BY_GROUP
        case (_, "lake", name) if name in READ_IN_LAKE:
            return READ_BY_GROUP
    return OWN


def folder_mode(path: Path) -> int:
    """Return the mode that a folder of ours has at a path."""
    if path.parts[-2:] == ("warehouse", "receipts"):
        return SHARED_FOLDER
    return OWN_FOLDER if path.name in {"dagster", "tmp"} and path.parent.name != "lake" else FOLDER


def is_served(path: Path, *, is_folder: bool) -> bool:
    """Tell whether a server of another user reads a file, or passes a folder."""
    if is_folder:
        return path.name in {"lake", "warehouse"} or path.parts[-2:] in SERVED_FOLDERS
    return file_mode(path) & 0o040 != 0


def give_file(file: Path, target: Path) -> None:
    """Give a file, before it is renamed to its target, the mode and the group that it has there.

    Args:
        file: ours.
        target: where it will be.

    Raises:
        OSError: the disk fails; a mount that has no modes is left as it is.
    """
    folder = target.parent.stat()
    _give(file, _open_as(folder, file_mode(target)), folder.st_gid)


def give_folder(folder: Path) -> None:
    """Give a new folder its mode and, below lake and warehouse, the group of its parent.

    Raises:
        OSError: as `give_file`.
    """
    mode, above = folder_mode(folder), folder.parent.stat()
    is_below = folder.parent.name in {"lake", "warehouse"}
    if is_below and folder.parts[-2:] in SERVED_FOLDERS:
        mode = _open_as(above, mode)
    _give(folder, mode, above.st_gid if is_below else None)


def _open_as(folder: os.stat_result, mode: int) -> int:
    """Add the group's rights, except writing, for everybody if everybody may pass the folder."""
    return mode | (mode & 0o050) >> 3 if folder.st_mode & stat.S_IXOTH else mode


def _give(path: Path, mode: int, group: int | None) -> None:
    status = path.stat()
    if group is not None and status.st_gid != group:
        change_if_allowed(os.chown, path, -1, group)
    if stat.S_IMODE(status.st_mode) != mode:
        change_if_allowed(os.chmod, path, mode)


def change_if_allowed(change: Callable[..., None], path: Path, *values: int) -> bool:
    """Change a mode or a group; tell whether that was allowed.

    Args:
        change: `os.chmod` or `os.chown`.
        path: of a file or folder.
        values: the others of its arguments.

    Raises:
        OSError: the disk fails.
    """
    try:
        change(path, *values)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        return False
    return True
