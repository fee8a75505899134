"""Another user of the machine, for tests: a process that was root and is `nobody`, so only root can have one."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.repository import IS_CI, ROOT

NOBODY = 65534
BECOME = """
import os, sys
groups = [int(group) for group in sys.argv.pop(1).split(",")]
os.setgroups(groups)
os.setgid(groups[0])
os.setuid(int(sys.argv.pop(1)))
"""
HOLD = """
descriptor = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("held", flush=True)
sys.stdin.read()
"""


def need_another_user() -> None:
    """Skip a test that needs to be another user where that cannot be, except in CI, where that is a failure."""
    if os.geteuid() != 0:
        pytest.fail("CI has to run as root") if IS_CI else pytest.skip("only root can be another user")


def let_pass(folder: Path) -> None:
    """Let everybody pass the folders of pytest above and including `folder`, which are closed to others."""
    for place in [*folder.parents, folder]:
        if "pytest" in str(place):
            place.chmod(place.stat().st_mode | 0o755)


def as_user(
    code: str, *arguments: object, before: str = "", user: int = NOBODY, groups: Sequence[int] = (NOBODY,)
) -> subprocess.CompletedProcess[str]:
    """Run Python as another user; what it imports has to be imported `before`, by root."""
    return subprocess.run(
        command(before + BECOME + code, arguments, user, groups),
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@contextmanager
def holding(place: Path, *, user: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock file by a descriptor that can only read, in another process, of another user if one is named."""
    code = "import fcntl, os, sys\n" + ("" if user is None else BECOME) + HOLD
    start = [sys.executable, "-c", code, str(place)] if user is None else command(code, [place], user, [user])
    with subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.stdin.close()


def command(code: str, arguments: Sequence[object], user: int, groups: Sequence[int]) -> list[str]:
    """Return the command that runs Python as a user of some groups, the first of which is its own."""
    return [sys.executable, "-c", code, ",".join(map(str, groups)), str(user), *map(str, arguments)]
