"""Somebody holds a lock, by a descriptor that can only read: FAULTS 74. Who that is is said; no wait is endless."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.command_line import cli
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, SECOND
from tests.support.repository import ROOT
from tests.support.running.other_user import NOBODY, holding, need_another_user
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration
from warehouse.disk import lock
from warehouse.errors import LockHeldError, LockWaitError
from warehouse.versions import verification
from warehouse.versions.verification import OvertakenError, verify
from warehouse.versions.versions import Warehouse


@pytest.fixture
def published(nights: Path, tmp_path: Path) -> Configuration:
    return small_platform.copied(nights, tmp_path, SECOND)


@pytest.fixture
def warehouse(published: Configuration) -> Warehouse:
    return Warehouse.of(published)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are over soon."""
    monkeypatch.setattr(lock, "POINTER_SECONDS", 0.2)
    monkeypatch.setattr(lock, "NOTICE_SECONDS", 0.05)
    monkeypatch.setattr(verification, "READING_SECONDS", 0.2)


def made(place: Path) -> Path:
    """A lock file as a run leaves it that ended long ago."""
    with lock.exclusive(place, "a run of long ago"):
        pass
    place.write_text("a run of long ago, process 4194999")
    return place


def test_a_command_that_is_refused_names_who_really_holds_the_lock(
    published: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: and not whom the file remembers."""
    with holding(made(published.data_dir / "run.lock")) as holder:
        for words in (["build"], ["erase", "somebody"]):
            assert cli.main([*words, "--config", str(published.path)]) == 3
            error = capsys.readouterr().err
            assert f"run.lock is held by process {holder.pid} of user " in error
            assert "long ago" not in error


def test_another_user_who_holds_the_lock_is_named(published: Configuration) -> None:
    """FAULTS 74: one who opened it while it was open to everybody."""
    need_another_user()
    place = made(published.data_dir / "run.lock")
    place.chmod(0o644)
    for folder in (place.parent, *place.parent.parents):
        if "pytest" in str(folder):
            folder.chmod(0o755)
    with (
        holding(place, user=NOBODY) as holder,
        pytest.raises(LockHeldError, match=f"process {holder.pid} of user nobody"),
        lock.run_lock(published, "this run"),
    ):
        pytest.fail("two hold one lock")


def test_a_holder_in_another_namespace_cannot_be_seen_from_here(published: Configuration) -> None:
    """FAULTS 74: as from another container."""
    need_another_user()
    if shutil.which("unshare") is None:
        pytest.fail("unshare of util-linux is needed to be a container")
    place = made(published.data_dir / "run.lock")
    inside = ["unshare", "--pid", "--mount-proc", "--fork", sys.executable, "-m", "pipelines.command_line.cli", "build"]
    with holding(place):
        done = subprocess.run(
            [*inside, "--config", str(published.path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{place} is held by a process that cannot be seen from here" in done.stderr


def test_a_holder_whose_child_goes_on_is_not_named_when_it_has_ended(published: Configuration) -> None:
    """FAULTS 74: the kernel remembers who took the lock; the child that has it still is nobody we could name."""
    place = made(published.data_dir / "run.lock")
    code = (
        "import fcntl, os, sys\n"
        "descriptor = os.open(sys.argv[1], os.O_RDONLY)\n"
        "fcntl.flock(descriptor, fcntl.LOCK_EX)\n"
        "if os.fork():\n"
        "    os._exit(0)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        assert parent.stdout.readline() == "held\n"
        assert parent.wait(10) == 0
        with pytest.raises(LockHeldError, match="a process that cannot be seen"), lock.run_lock(published, "this run"):
            pytest.fail("two hold one lock")
        parent.stdin.close()


COMMANDS = {"rollback": (["rollback"],), "unpin": (["unpin"],), "build": (["build"],)}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("words", slowly(COMMANDS.values(), quick=2), ids=COMMANDS)
def test_a_held_pointer_ends_every_command_that_moves_it(
    words: list[str], published: Configuration, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: with its holder's name; the pointer stays, and when the holder has gone the command does its work."""
    with holding(made(warehouse.root / lock.POINTER_LOCK)) as holder:
        assert cli.main([*words, "--config", str(published.path)]) == 1
        error = capsys.readouterr().err
        assert f"pointer.lock has been held for 0 s by process {holder.pid} of user " in error
        assert (warehouse.current(), warehouse.pin) == (SECOND, None)
    assert cli.main([*words, "--config", str(published.path)]) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_an_erasure_beside_a_held_pointer_ends_and_is_completed_by_a_rerun(
    published: Configuration, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: the sibling that takes versions back."""
    with holding(made(warehouse.root / lock.POINTER_LOCK)):
        assert cli.main(["erase", small_platform.BEN, "--config", str(published.path)]) == 1
        assert "the erasure is not complete, run it again" in capsys.readouterr().err
    assert cli.main(["erase", small_platform.BEN, "--config", str(published.path)]) == 0
    assert len(warehouse.kept()) == 1


def test_a_queued_run_says_for_whom_it_waits_and_gives_up(
    published: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 74: once, and after a while."""
    monkeypatch.setattr(lock, "NOTICE_SECONDS", 0.05)
    told: list[str] = []
    with (
        holding(made(published.data_dir / "run.lock")) as holder,
        pytest.raises(LockWaitError, match=f"process {holder.pid} "),
        lock.run_lock(published, "this run", wait_seconds=0.3, tell=told.append),
    ):
        pytest.fail("two hold one lock")
    assert [f"process {holder.pid} " in line for line in told] == [True]
    with lock.run_lock(published, "this run", wait_seconds=0.3, tell=told.append):
        assert len(told) == 1


@pytest.mark.usefixtures("impatient")
def test_a_server_beside_a_held_reading_lock_reads_for_itself(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """FAULTS 74: after some seconds; it says so, and leaves a receipt."""
    verify(warehouse, FIRST)
    with holding(warehouse.receipts / verification.READING_LOCK) as holder:
        assert verify(warehouse, SECOND).manifest.version == SECOND
        assert f"reading.lock is held by process {holder.pid} of user " in caplog.text
        assert warehouse.receipt(SECOND).exists()


def test_who_waits_for_a_reading_lock_stops_when_the_version_is_not_wanted(warehouse: Warehouse) -> None:
    """FAULTS 74: a pointer that is set anew is followed at once."""
    verify(warehouse, FIRST)
    asked: list[float] = []

    def is_wanted() -> bool:
        asked.append(time.monotonic())
        return len(asked) < 3

    with holding(warehouse.receipts / verification.READING_LOCK), pytest.raises(OvertakenError):
        verify(warehouse, SECOND, is_wanted)
    assert len(asked) == 3


LOCKS: dict[str, Callable[[Path], Path]] = {
    "run.lock": lambda data_dir: data_dir / "run.lock",
    "pointer.lock": lambda data_dir: data_dir / "warehouse" / "pointer.lock",
    "reading.lock": lambda data_dir: data_dir / "warehouse" / "receipts" / "reading.lock",
}


@pytest.mark.parametrize("name", LOCKS)
def test_nobody_else_can_open_a_lock_file(name: str, published: Configuration, warehouse: Warehouse) -> None:
    """FAULTS 74: under any umask, and though an older version left it open; flock asks for no right to write."""
    place = LOCKS[name](published.data_dir)
    place.parent.mkdir(exist_ok=True)
    place.touch(0o644)
    place.chmod(0o644)
    for umask in (0o000, 0o022, 0o077):
        before = os.umask(umask)
        try:
            with lock.run_lock(published, "this run"):
                warehouse.rollback(FIRST)
                shutil.rmtree(warehouse.receipts / "in-service", ignore_errors=True)
                verification._unwritten.clear()  # noqa: SLF001 - as a process that has just begun
                warehouse.receipt(FIRST).unlink(missing_ok=True)
                verify(warehouse, FIRST)
        finally:
            os.umask(before)
        assert oct(place.stat().st_mode & 0o777) == ("0o660" if name == "reading.lock" else "0o600")
        place.unlink()
