"""Where a copy goes: a data folder that is mounted here, or that of another machine that rsync reaches.

A file is there whole or not at all, whatever ends a copy. Names are those of a data folder, relative to it.
"""

import os
import shutil
import subprocess
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Protocol

from warehouse.configuration.surroundings.targets import is_remote
from warehouse.disk import modes
from warehouse.disk.files import sync, writing, written_beside
from warehouse.errors import StorageError

STALLED_SECONDS = 300  # without a byte, after which rsync gives up
VERSIONS, POINTER, PIN = "warehouse/versions", "warehouse/pulse.duckdb", "warehouse/pin"
FOLDERS = ("lake", "warehouse", VERSIONS)


class CopyTarget(Protocol):
    """A data folder that gets copies."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a small file, None if there is none."""

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Return the size of each file in a folder, by its name; none if there is no such folder."""

    def put(self, file: Path, name: str) -> None:
        """Copy a file; what has its name is replaced when it is there whole."""

    def point_to(self, version: str) -> None:
        """Let the pointer name a version."""

    def delete(self, folder: str, names: Collection[str]) -> None:
        """Delete files of a folder, those that are there."""


def target_at(target: str, beside: Path) -> CopyTarget:
    """Return the data folder that a target names, which has to be there.

    Args:
        target: as `pulse.publish_to` has it.
        beside: what a relative folder is relative to.

    Raises:
        StorageError: it is not there, or cannot be reached.
    """
    return Rsync(target) if is_remote(target) else Folder(beside / target)


class Folder:
    """A data folder that is mounted on this machine.

    Args:
        root: the folder, which exists.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        if not self._root.is_dir():
            raise StorageError(f"{self._root} is no folder; make it, or mount what it is on")

    def read(self, name: str) -> bytes | None:
        """Return the content of a small file, None if there is none."""
        with writing(self._root / name), suppress(FileNotFoundError):
            return (self._root / name).read_bytes()
        return None

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Return the size of each file in a folder, by its name; none if there is no such folder."""
        with writing(self._root / folder), suppress(FileNotFoundError):
            return {entry.name: entry.stat().st_size for entry in os.scandir(self._root / folder) if entry.is_file()}
        return {}

    def put(self, file: Path, name: str) -> None:
        """Copy a file; what has its name is replaced when it is there whole."""
        with written_beside(self._root / name) as unfinished:
            shutil.copyfile(file, unfinished)

    def point_to(self, version: str) -> None:
        """Let the pointer name a version."""
        pointer = self._root / POINTER
        beside = pointer.with_name(f".{pointer.name}.copied")
        with writing(pointer):
            beside.unlink(missing_ok=True)
            beside.symlink_to(PurePosixPath("versions") / f"{version}.duckdb")
            beside.replace(pointer)
            sync(pointer.parent)

    def delete(self, folder: str, names: Collection[str]) -> None:
        """Delete files of a folder, those that are there."""
        with writing(self._root / folder):
            for name in names:
                (self._root / folder / name).unlink(missing_ok=True)


class Rsync:
    """A data folder of another machine, reached by rsync and whatever it uses, such as ssh.

    Args:
        target: as rsync takes it: `HOST:PATH`; the folder exists.
    """

    def __init__(self, target: str) -> None:
        self._target = target.rstrip("/")
        self._has_folders = False
        self._run("--list-only", f"{self._target}/")

    def read(self, name: str) -> bytes | None:
        """Return the content of a small file, None if there is none."""
        path = PurePosixPath(name)
        if path.name not in self.sizes(str(path.parent)):
            return None
        with TemporaryDirectory() as folder:
            self._run(f"{self._target}/{name}", f"{folder}/")
            return (Path(folder) / path.name).read_bytes()

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Return the size of each file in a folder, by its name; none if there is no such folder."""
        listed = ""
        for part in ("", *folder.split("/")):
            if part and part not in _folders_in(listed):
                return {}
            below = folder[: folder.index(part) + len(part)] if part else ""
            listed = self._run("--list-only", "--no-human-readable", f"{self._target}/{below}/")
        lines = [line.split(maxsplit=4) for line in listed.splitlines() if line.startswith("-")]
        return {name: int(size) for _, size, _, _, name in lines}

    def put(self, file: Path, name: str) -> None:
        """Copy a file; what has its name is replaced when it is there whole."""
        self._make_folders()
        mode = f"--chmod=F{modes.file_mode(Path(name)):o}"
        self._run("--perms", mode, "--fsync", str(file), f"{self._target}/{name}")

    def point_to(self, version: str) -> None:
        """Let the pointer name a version; rsync makes the link beside it and renames it."""
        with TemporaryDirectory() as folder:
            link = Path(folder) / PurePosixPath(POINTER).name
            link.symlink_to(PurePosixPath("versions") / f"{version}.duckdb")
            self._run("--links", str(link), f"{self._target}/{POINTER}")

    def delete(self, folder: str, names: Collection[str]) -> None:
        """Delete files of a folder, those that are there: what an empty folder lacks, but for everything else."""
        if names:
            with TemporaryDirectory() as empty:
                wanted = [f"--include=/{name}" for name in names]
                self._run("--dirs", "--delete", *wanted, "--exclude=*", f"{empty}/", f"{self._target}/{folder}/")

    def _make_folders(self) -> None:
        if self._has_folders:
            return
        with TemporaryDirectory() as skeleton:
            for folder in FOLDERS:
                (Path(skeleton) / folder).mkdir()
                (Path(skeleton) / folder).chmod(modes.FOLDER)
            self._run("--recursive", "--perms", "--omit-dir-times", f"{skeleton}/", f"{self._target}/")
        self._has_folders = True

    def _run(self, *words: str) -> str:
        command = ["rsync", f"--timeout={STALLED_SECONDS}", *words]
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and a target is no option (`warehouse/configuration/surroundings/targets.py`)
                command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
        except OSError as error:
            raise StorageError(f"rsync cannot be run ({error.strerror}); install it, or name a folder") from error
        if done.returncode:
            complained = " ".join(done.stderr.split())[:300] or f"it ended with {done.returncode}"
            raise StorageError(f"{self._target}: rsync failed: {complained}")
        return done.stdout


def _folders_in(listed: str) -> set[str]:
    return {line.split(maxsplit=4)[4] for line in listed.splitlines() if line.startswith("d")}
