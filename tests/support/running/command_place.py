"""A folder in which commands are typed: exit code, standard output, standard error."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT
from warehouse.configuration.configuration import Configuration, load
from warehouse.versions.versions import Warehouse


class Place:
    """A folder with a platform and its `pulse.toml`, and the commands typed in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def configuration(self) -> Configuration:
        return load(self.folder / "pulse.toml", ["sources"])

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.of(self.configuration)

    @property
    def logical_hash(self) -> str:
        current = self.warehouse.current()
        assert current is not None
        return self.warehouse.manifest(current).logical_hash

    def start(self, *words: object, python: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[str]:
        known = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment}
        return subprocess.Popen(
            [sys.executable, *python, "-m", "pipelines.command_line.cli", *map(str, words)],
            cwd=self.folder,
            env={**os.environ, **known},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pulse(self, *words: object, python: tuple[str, ...] = (), **environment: str) -> tuple[int, str, str]:
        """Run a command to its end and return exit code, standard output, standard error."""
        with self.start(*words, python=python, **environment) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def stopped_at_its_first_line(self, sign: signal.Signals, *words: object) -> tuple[int, str]:
        """Start a command, send it one signal once it has said something, and return exit code and standard error."""
        with self.start(*words) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            process.send_signal(sign)
            process.wait(timeout=60)
            assert process.stderr is not None
            return process.returncode, process.stderr.read()
