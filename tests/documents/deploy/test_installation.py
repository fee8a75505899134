"""What docs/guide/deploy.md has people do on a server: units that systemd takes, and a backup that comes back."""

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from pipelines.command_line.cli import main
from tests.documents.documents import TEXTS, blocks_of
from tests.documents.test_documentation import understood
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, FIRST_NIGHT, SECOND_NIGHT
from tests.support.repository import ROOT
from tests.support.running.chromium import missing
from tests.support.running.command_place import Place
from warehouse.configuration.configuration import load
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

DEPLOY = ROOT / "docs" / "deploy"
PAGE = TEXTS["docs/guide/deploy.md"]
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
PLACE, COMMAND = "/srv/learning-pulse", ".venv/bin/pulse "


def commands_of(section: str) -> list[str]:
    """Return the lines that somebody types in a section, in order."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks_of(text, "sh") for line in block.splitlines()]


def test_there_is_a_unit_for_everything_that_runs_and_its_command_is_understood() -> None:
    commands = {}
    for unit in DEPLOY.glob("*.service"):
        (words,) = re.findall(r"^ExecStart=\S+/pulse (.*)$", unit.read_text(encoding="utf-8"), flags=re.MULTILINE)
        understood(words)
        commands[unit.name] = words.split()[0]
    assert commands == {
        "pulse.service": "serve",
        "pulse-nightly.service": "nightly",
        "pulse-reconcile.service": "reconcile",
        "pulse-ui.service": "ui",
    }
    for timer in DEPLOY.glob("*.timer"):
        assert timer.with_suffix(".service").exists()
    for unit in UNITS:
        assert f"../deploy/{unit.name})" in PAGE


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """They are looked at as installed: with a command that is there, and a user."""
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not here")
    pulse = tmp_path / "pulse"
    pulse.write_text("#!/bin/sh\n")
    pulse.chmod(0o755)
    installed = []
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(f"{PLACE}/.venv/bin/pulse", str(pulse))
        text = text.replace("User=pulse\nGroup=pulse", "User=daemon")
        installed.append(tmp_path / unit.name)
        installed[-1].write_text(text, encoding="utf-8")
    words = ["systemd-analyze", "verify", "--man=no", *map(str, installed)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    about_ours = [line for line in (done.stdout + done.stderr).splitlines() if str(tmp_path) in line or "pulse" in line]
    assert (done.returncode, about_ours) == (0, [])


def test_units_write_where_the_page_says_and_nowhere_else() -> None:
    for unit in DEPLOY.glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        assert "ProtectSystem=strict" in text
        assert "NoNewPrivileges=yes" in text
        (paths,) = re.findall(r"^ReadWritePaths=-?(.*)$", text, flags=re.MULTILINE)
        assert paths == f"{PLACE}/var{'/warehouse' if unit.name == 'pulse.service' else ''}"


@pytest.mark.slow
def test_a_backup_comes_back_with_the_same_numbers_and_whoever_was_erased_stays_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's own commands, in folders of the test: the machine is lost between the two nights and the third."""
    home, backup = tmp_path / "srv", tmp_path / "backup"
    home.mkdir()
    backup.mkdir()
    configuration = small_platform.make(home)
    for day in (FIRST_NIGHT, SECOND_NIGHT):
        small_platform.publish(configuration, day)
    assert main(["erase", ANA, "--config", str(configuration.path)]) == 0
    before = Warehouse.of(configuration)
    current = before.current()
    assert current
    expected = before.manifest(current).logical_hash
    pack, unpack, build, nightly = commands_of("Back up and restore")

    def run(line: str) -> None:
        if line.startswith(COMMAND):
            words = line.removeprefix(COMMAND).split()
            added = ["--day", "2025-12-31"] if words == ["nightly"] else []
            code, _, said = Place(home).pulse(*words, *added, "--config", "pulse.toml")
            assert code == 0, said
            return
        typed = line.replace(PLACE, str(home)).replace("/backup/", f"{backup}/")
        subprocess.run(typed, shell=True, check=True)  # noqa: S602 - the page's own line

    run(pack)
    for lost in ("var", "pulse.toml"):
        path = home / lost
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    run(unpack)
    run(build)
    restored = load(home / "pulse.toml", ["sources"])
    warehouse = Warehouse.of(restored)
    version = warehouse.current()
    assert version
    assert warehouse.manifest(version).logical_hash == expected
    run(nightly)
    assert Lake.of(restored).suppressed.exists()
    assert ANA.encode() not in b"".join(file.read_bytes() for file in (home / "var" / "lake").rglob("*.parquet"))
    assert date.fromisoformat(warehouse.manifest(warehouse.current() or "").data_through[:10]) >= SECOND_NIGHT
    capsys.readouterr()
