"""Exports that end too soon: the folder is whole or as it was, and the next export leaves nothing of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipelines.command_line.cli import main
from tests.support.platforms.small_platform import FIRST, SECOND
from tests.support.repository import ROOT
from warehouse.copies.export import CONTENT, export
from warehouse.errors import ConfigurationError, LockHeldError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

# `pulse export` in a process that sends itself a signal just before the Nth call of a kind below the folder's parent.
SIGNALLED = """
import os, signal, sys
from pipelines.command_line.cli import main

event, number, name, below, *words = sys.argv[1:]
left = int(number)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background processes ignore it

def signal_itself(at, arguments):
    global left
    if at == event and str(arguments[0]).startswith(below):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.Signals[name])

sys.addaudithook(signal_itself)
code = main(words)
sys.exit(99 if left > 0 else code)
"""
NEVER_CAME = 99


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where exports go; the first version is there."""
    return tmp_path / "exports" / "out"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def signalled(configuration: Configuration, out: Path, event: str, number: int, name: str) -> tuple[int, str]:
    """Export the second version and be sent a signal; return exit code and standard error."""
    words = [event, number, name, out.parent, "export", out, "--version", SECOND, "--config", configuration.path]
    command = [sys.executable, "-c", SIGNALLED, *map(str, words)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize("event", ["os.mkdir", "os.rename", "os.chmod"])
def test_ctrl_c_leaves_the_folder_as_it_was_or_whole(configuration: Configuration, out: Path, event: str) -> None:
    """FAULTS 87."""
    export(configuration, out, SECOND, ())
    new = contents(out)
    shutil.rmtree(out)
    export(configuration, out, FIRST, ())
    old = contents(out)
    for number in (1, 2, 3):
        code, err = signalled(configuration, out, event, number, "SIGINT")
        if code == NEVER_CAME:
            assert number == 3, "a replacement renames twice"
            break
        assert (code, err) == (130, f"pulse: interrupted; last version {SECOND} still served\n")
        assert contents(out) == (new if event == "os.rename" else old)
        assert os.listdir(out.parent) == ["out"]  # noqa: PTH208 - hidden ones, too


@pytest.mark.slow
@pytest.mark.parametrize(("event", "number"), [("os.mkdir", 3), ("os.rename", 1), ("os.rename", 2)])
def test_a_killed_export_is_never_taken_for_whole(
    configuration: Configuration, out: Path, event: str, number: int
) -> None:
    """FAULTS 87: between the two renames of a replacement there is no folder, and what was in it is beside it."""
    export(configuration, out, FIRST, ())
    old = contents(out)
    code, _ = signalled(configuration, out, event, number, "SIGKILL")
    assert code == -signal.SIGKILL
    is_between = (event, number) == ("os.rename", 2)
    assert contents(out) == ({} if is_between else old)
    assert contents(out.with_name(".out.replaced")) == (old if is_between else {})
    with pytest.raises(ConfigurationError, match="no table wrong"):
        export(configuration, out, SECOND, ["wrong"])
    assert contents(out) == old
    export(configuration, out, SECOND, ["users"])
    assert sorted(contents(out)) == [CONTENT, "users.parquet"]
    assert os.listdir(out.parent) == ["out"]  # noqa: PTH208


def test_of_two_exports_at_once_one_is_refused(configuration: Configuration, out: Path) -> None:
    """FAULTS 87."""
    unfinished = out.with_name(".out.unfinished")
    unfinished.mkdir(parents=True)
    (unfinished / "of the other").touch()
    descriptor = os.open(unfinished, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(LockHeldError, match="another export"):
        export(configuration, out, None, ())
    os.close(descriptor)
    assert list(contents(unfinished)) == ["of the other"]
    export(configuration, out, None, ["users"])
    assert os.listdir(out.parent) == ["out"]  # noqa: PTH208


@pytest.fixture
def full_disk(out: Path) -> Iterator[Path]:
    """The folder above the export, a disk of its own with room for some files of an export."""
    out.parent.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("there is no mount")
    command = [mount, "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(out.parent)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("no right to mount a tmpfs")
    yield out.parent
    subprocess.run([umount, "--lazy", str(out.parent)], check=True)


def test_a_full_disk_ends_an_export_with_the_name_of_a_file(
    configuration: Configuration, out: Path, full_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 87."""
    export(configuration, out, FIRST, ["users"])
    old = contents(out)
    assert main(["export", str(out), "--config", str(configuration.path)]) == 1
    err = capsys.readouterr().err
    assert f"pulse: {full_disk}/.out.unfinished/" in err
    assert ".parquet cannot be written" in err
    assert err.count("\n") == 1
    assert contents(out) == old
    assert os.listdir(full_disk) == ["out"]  # noqa: PTH208


def test_what_is_mounted_cannot_be_replaced_and_is_refused(
    configuration: Configuration, full_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(full_disk), "--config", str(configuration.path)]) == 2
    assert "is where something is mounted" in capsys.readouterr().err
