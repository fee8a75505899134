"""Modes and owners of a data folder: what `nobody` reads of it, what a run says of it, and runs of another user."""

import json
import os
import stat
from pathlib import Path

import pytest

from pipelines.command_line import cli
from tests.support.platforms.small_platform import FIRST, SECOND
from tests.support.running.other_user import NOBODY, as_user
from warehouse.configuration.configuration import Configuration, load
from warehouse.disk.lock import run_lock

READ_ALL = """
for folder, folders, files in os.walk(sys.argv[1]):
    for name in files:
        try:
            open(os.path.join(folder, name), "rb").close()
        except PermissionError:
            continue
        print(os.path.relpath(os.path.join(folder, name), sys.argv[1]))
"""


def read_by(configuration: Configuration, *groups: int) -> set[str]:
    """The files of a data folder that `nobody` can open as a member of groups."""
    done = as_user(READ_ALL, configuration.data_dir, groups=groups or (NOBODY,))
    assert done.stderr == ""
    return set(done.stdout.splitlines())


def modes(data_dir: Path) -> dict[str, str]:
    """The mode of everything in a data folder but what is Dagster's own."""
    places = [data_dir, *data_dir.rglob("*")]
    return {
        place.relative_to(data_dir).as_posix(): f"{stat.S_IMODE(place.stat().st_mode):04o}"
        for place in places
        if "dagster/" not in place.relative_to(data_dir).as_posix() and not place.is_symlink()
    }


def opened(data_dir: Path) -> None:
    """Let a data folder have the modes that an older version gave under umask 022."""
    for place in [data_dir, *data_dir.rglob("*")]:
        if not place.is_symlink():
            mode = 0o755 if place.is_dir() else 0o444 if place.suffix == ".duckdb" else 0o644
            place.chmod(mode)


def built(configuration: Configuration, capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    """Run `pulse build` and return what it says to stdout."""
    assert cli.main(["build", "--config", str(configuration.path)]) == code
    return capsys.readouterr().out


def mended(configuration: Configuration) -> list[str]:
    """Begin a run, and return what it says."""
    told: list[str] = []
    with run_lock(configuration, "this run", tell=told.append):
        pass
    return told


def closing(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("closed: ", "warning: "))]


def configured(configuration: Configuration, **keys: str) -> Configuration:
    """Write keys of `[pulse]` into the file of a configuration, and return what it says then."""
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    text = configuration.path.read_text(encoding="utf-8").replace("[pulse]\n", f"[pulse]\n{lines}", 1)
    configuration.path.write_text(text, encoding="utf-8")
    return load(configuration.path, uses=["sources", "auth"])


SERVED = {
    "lake/profiles.parquet", "lake/suppressed.json", "warehouse/pin", "warehouse/pulse.duckdb",
    *(f"warehouse/versions/{version}.{kind}" for version in (FIRST, SECOND) for kind in ("duckdb", "lookup", "json")),
}  # fmt: skip
LOAD = """
import encodings.utf_8_sig, grp, pwd, sys
from pathlib import Path
from warehouse.configuration.configuration import load
from warehouse.disk.lock import run_lock
configuration = load(Path(sys.argv[3]))
"""
RUN = """
with run_lock(configuration, "the run of nobody", tell=print):
    pass
"""
IMPORTS = """
import encodings.utf_8_sig, grp, pwd
import warehouse.disk.lock, warehouse.configuration.configuration, warehouse.versions.verification
"""


def owned_by(user: int, group: int, data_dir: Path) -> None:
    for place in [data_dir, *data_dir.rglob("*")]:
        os.chown(place, user, group, follow_symlinks=False)
