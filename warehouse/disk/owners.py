"""Who owns a data folder: names of users and groups, root in another's folder, and a server of another user.

Nothing here writes, so that `pulse status` may ask. What follows for modes is `mending.py`.
"""

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Iterable
from pathlib import Path

from warehouse.errors import ConfigurationError


def user_name(number: int) -> str:
    """Return the name of a user, or the number of one that has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group_name(number: int) -> str:
    """Return the name of a group, or the number of one that has none."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def group_names(numbers: Iterable[int]) -> str:
    """Return the names of groups, each once."""
    return ", ".join(sorted({group_name(number) for number in numbers}))


def group_number(name: str) -> int | None:
    """Return the number of a group of ours, None for no name.

    Args:
        name: `pulse.group` of the configuration.

    Raises:
        ConfigurationError: there is no such group, or this user is not in it.
    """
    if not name:
        return None
    try:
        number = grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigurationError([f'pulse.group: there is no group "{name}" on this machine']) from None
    if os.geteuid() != 0 and number not in {os.getegid(), *os.getgroups()}:
        user = user_name(os.geteuid())
        way_out = f"put it there (usermod -aG {name} {user}) and log in again"
        raise ConfigurationError([f'pulse.group: user {user} is not in the group "{name}"; {way_out}'])
    return number


def refuse_root(data_dir: Path, command: str = "…") -> None:
    """Make sure that root does not leave files in a data folder that its owner could not use.

    Args:
        data_dir: whose owner is meant.
        command: what was typed.

    Raises:
        ConfigurationError: this is root, and the folder is somebody else's.
    """
    if os.geteuid() != 0:
        return
    for path in (data_dir, data_dir / "lake", data_dir / "warehouse"):
        owner = _owner(path)
        if owner:
            name = user_name(owner)
            sudo = f"sudo -u {shlex.quote(name if name != str(owner) else f'#{owner}')} {command}"
            message = f"{path} belongs to user {name}, who could not use what root leaves there; run {sudo}"
            raise ConfigurationError([message])


def kept_open(data_dir: Path) -> str | None:
    """Return the warning about what stays open for the sake of a server of another user, None if nothing does.

    Args:
        data_dir: of a configuration without `pulse.group`.
    """
    server = foreign_server(data_dir)
    folders = (data_dir / "warehouse", data_dir / "warehouse" / "versions", data_dir / "lake")
    if server is None or not any(_mode(path) & stat.S_IRWXO for path in folders):
        return None
    return (
        f"what servers read in {data_dir} stays open to every user of this machine, or else it would be shut to user "
        f"{server}, whose receipts are there: put that user into a group, name it in [pulse] group and restart the "
        f"server, or, if it is gone, delete {data_dir / 'warehouse' / 'receipts'}"
    )


def foreign_server(data_dir: Path) -> str | None:
    """Return the user who has written receipts, None if that is nobody but the owner of the warehouse."""
    warehouse = data_dir / "warehouse"
    receipts = warehouse / "receipts"
    try:
        paths = [receipts, *receipts.iterdir()]
    except OSError:
        return None
    owners = {_owner(path) for path in paths} - {_owner(warehouse), None}
    return ", ".join(sorted(user_name(owner) for owner in owners if owner is not None)) or None


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
