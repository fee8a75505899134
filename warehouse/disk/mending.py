"""Closing what an older version left open in a data folder, under the run's lock (FAULTS 74).

Only what differs from `modes.py` is changed, and a line names the groups that lose access. The data folder itself is
left as it is, because another user may have made it. A group that had no rights gets none, unless it is the one of the
configuration. A server of another user may read here. If no configured group would let it in, what it reads stays open.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from warehouse.disk import modes
from warehouse.disk.files import entries, make_folder
from warehouse.disk.owners import foreign_server, group_name, group_names, kept_open, user_name
from warehouse.errors import ConfigurationError

OWN_FOLDERS = ("dagster", "tmp")
# What is in a folder of ours, once a run or `pulse ui` has made it.
MARKS = {
    "lake": ("users.parquet", "suppressed.json", "basis.parquet", "activity", "sequence"),
    "warehouse": ("versions", "pulse.duckdb", "building"),
    "dagster": ("dagster.yaml",),
}
OTHERS, GROUP = stat.S_IRWXO, stat.S_IRWXG


class Change(NamedTuple):
    """A file or folder that has another mode or group than its path should have."""

    path: Path
    before: os.stat_result
    mode: int
    group: int

    def is_shutting_out(self, rights: int) -> bool:
        """Tell whether the group, or all others, lose every right."""
        return bool(stat.S_IMODE(self.before.st_mode) & rights) and not self.mode & rights


def refuse_foreign(data_dir: Path) -> None:
    """Make sure that the data folder is ours, because a mistake in `data_dir` must not cost others their files.

    Ours is a folder with a run's lock, or with files that only a run makes. Empty folders may be used.

    Raises:
        ConfigurationError: others have folders there that are called as ours are.
    """
    if (data_dir / "run.lock").exists():
        return
    used = {folder for folder, names in MARKS.items() if any((data_dir / folder / name).exists() for name in names)}
    if used & {"lake", "warehouse"}:
        used |= set(OWN_FOLDERS)  # as after a lake came back from a backup
    unmarked = [name for name in (*MARKS, "tmp") if name not in used and (data_dir / name).is_dir()]
    foreign = [name for name in unmarked if entries(data_dir / name)]
    if foreign:
        whose = " and ".join(str(data_dir / name) for name in foreign)
        mistake = f"{whose}: no run of ours has made what is there, and a run would close and tidy it"
        raise ConfigurationError([f'pulse.data_dir: {mistake}; name a folder for us alone, such as "var"'])


def begin_folders(data_dir: Path, group: int | None) -> None:
    """Make the data folder, which then is ours; lake and warehouse too where they have a group of their own.

    Args:
        data_dir: it is left as it is if it is there.
        group: the number of the configured group, None without.
    """
    tops = [data_dir] if group is None else [data_dir, data_dir / "lake", data_dir / "warehouse"]
    for folder in tops:
        if not folder.exists():
            make_folder(folder)
            if group is not None:
                modes.change_if_allowed(os.chown, folder, -1, group)


def mend(data_dir: Path, group: int | None) -> list[str]:
    """Give everything in a data folder the mode and the group of its path; the caller holds the lock.

    Args:
        data_dir: the folder.
        group: as for `begin_folders`.

    Returns:
        Lines for the operator: who loses access, and what stays open.
    """
    keeps_served = group is None and foreign_server(data_dir) is not None
    changed: list[Change] = []
    refused: list[Change] = []
    for change in _differing(data_dir, group, keeps_served=keeps_served):
        with suppress(FileNotFoundError):  # servers and a rollback rename files meanwhile
            (changed if _apply(change) else refused).append(change)
    warnings = [
        _refused(data_dir, refused),
        kept_open(data_dir) if keeps_served else None,
        _cannot_pass(data_dir, group),
    ]
    return [*_closed_lines(data_dir, changed), *(f"warning: {line}" for line in warnings if line)]


def _differing(data_dir: Path, group: int | None, *, keeps_served: bool) -> Iterator[Change]:
    for path, is_folder in _paths(data_dir):
        if keeps_served and modes.is_served(path, is_folder=is_folder):
            continue
        try:
            before = path.stat()
        except FileNotFoundError:
            continue
        if path.parent.name == "receipts" and before.st_uid != os.geteuid() != 0:
            continue  # the server's own
        mode = modes.folder_mode(path) if is_folder else modes.file_mode(path)
        if group is None and not before.st_mode & GROUP:
            mode &= ~(GROUP | stat.S_ISGID)
        gid = before.st_gid if group is None or (path.name in OWN_FOLDERS and path.parent == data_dir) else group
        if (stat.S_IMODE(before.st_mode), before.st_gid) != (mode, gid):
            yield Change(path, before, mode, gid)


def _paths(data_dir: Path) -> Iterator[tuple[Path, bool]]:
    """Yield what is in lake and warehouse, and `dagster` and `tmp` without what is in them."""
    for name in OWN_FOLDERS:
        if (data_dir / name).is_dir():
            yield data_dir / name, True
    for name in ("lake", "warehouse"):
        for root, folders, files in os.walk(data_dir / name):
            yield Path(root), True
            folders[:] = [folder for folder in folders if not Path(root, folder).is_symlink()]
            yield from ((path, False) for file in files if not (path := Path(root, file)).is_symlink())


def _apply(change: Change) -> bool:
    """Apply a change and tell whether it took effect: on some mounts it succeeds and does nothing."""
    if change.before.st_gid != change.group:
        modes.change_if_allowed(os.chown, change.path, -1, change.group)
    modes.change_if_allowed(os.chmod, change.path, change.mode)
    after = change.path.stat()
    return (stat.S_IMODE(after.st_mode), after.st_gid) == (change.mode, change.group)


def _closed_lines(data_dir: Path, changed: list[Change]) -> Iterator[str]:
    if public := [change for change in changed if change.is_shutting_out(OTHERS)]:
        user, groups = _users(public), group_names(change.group for change in public if change.mode & GROUP)
        yield (
            f"closed: {len(public):,} files and folders of {data_dir} were open to every user of this machine; now "
            f"user {user} gets in, and group {groups or 'none'} to what servers and analysts read; who else has to "
            "goes into that group, or into one that [pulse] group names"
        )
    if members := [change for change in changed if change.is_shutting_out(GROUP)]:
        groups = group_names(change.before.st_gid for change in members)
        yield f"closed: {len(members):,} files of {data_dir} were open to group {groups}; now their owner alone gets in"
    moved = [change for change in changed if change.before.st_gid != change.group and change.before.st_mode & GROUP]
    if moved:
        before, after = (group_names(groups) for groups in ((c.before.st_gid for c in moved), (c.group for c in moved)))
        yield f"closed: {len(moved):,} files and folders of {data_dir} are for group {after} now, and not for {before}"


def _refused(data_dir: Path, refused: list[Change]) -> str | None:
    if not refused:
        return None
    path, before, mode, group = refused[0]
    return (
        f"{len(refused):,} files and folders of {data_dir} could not be given their mode and group, such as {path}: "
        f"{stat.S_IMODE(before.st_mode):04o} of user {user_name(before.st_uid)} and group {group_name(before.st_gid)}, "
        f"instead of {mode:04o} and {group_name(group)}; change that as root, or mount the disk with modes"
    )


def _cannot_pass(data_dir: Path, group: int | None) -> str | None:
    if group is None:
        return None
    status = data_dir.stat()
    if status.st_mode & (stat.S_IXGRP if status.st_gid == group else stat.S_IXOTH):
        return None
    name = group_name(group)
    way_out = f"run `chgrp {name} {data_dir}` and `chmod g+x {data_dir}`"
    return f"group {name} cannot pass {data_dir}, which is left as it is; {way_out}"


def _users(changes: list[Change]) -> str:
    return ", ".join(sorted({user_name(change.before.st_uid) for change in changes}))
