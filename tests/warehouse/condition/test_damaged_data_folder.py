"""A data folder that was copied, damaged, or is somebody else's: one line, culprit, way out (FAULTS 56)."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.command_line import cli
from serve.version.reader import Follower
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import FIRST, USERS_TYPES, XP_TYPES, night, sqlite_platform, xp_rows
from tests.support.repository import ROOT
from tests.support.slowly import slowly
from warehouse.configuration.configuration import load
from warehouse.errors import DamagedError, NoVersionError
from warehouse.versions.versions import Warehouse

DAY = timedelta(days=1)
EXPLAIN = "explain ann 2026-06-02"
LIGHT = ("status", "versions", "rollback", "unpin", "build", "erase somebody", EXPLAIN)
HEAVY = ("nightly --day 2026-06-03", "reconcile")
POINTER, VERSIONS = "warehouse/pulse.duckdb", "warehouse/versions"
FIRST_VERSION, LAST_VERSION = "pulse-2026-06-01-000001", "pulse-2026-06-02-000002"
NOBODY = 65534  # a user who owns nothing of ours


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform, two nights of it, and the receipt of an erasure, for copying only."""
    folder = tmp_path_factory.mktemp("made")
    platform = sqlite_platform(folder)
    platform.url = "sqlite:///platform.db"  # relative, so that copies read their own
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        platform.make("users", USERS_TYPES, [("ann", "UTC"), ("gone", "UTC")])
        rows = [*xp_rows(3), *xp_rows(3, FIRST + DAY, prefix="f"), *xp_rows(1, prefix="g", user="gone")]
        platform.make("xp", XP_TYPES, rows)
    configuration = platform.configuration()
    night(configuration, FIRST)
    erase(configuration, "gone")  # publishes number 2, so what follows is numbered from 3 on
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy with two versions, the second of them current."""
    copy = tmp_path / "copy"
    shutil.copytree(made, copy, symlinks=True)
    night(load(copy / "pulse.toml", ["sources"]), FIRST + DAY)
    return copy


def replaced(name: str, content: bytes) -> Callable[[Path], Path]:
    def damage(var: Path) -> Path:
        (var / name).unlink(missing_ok=True)
        (var / name).parent.mkdir(parents=True, exist_ok=True)
        (var / name).write_bytes(content)
        return var / name

    return damage


def a_folder_at(name: str) -> Callable[[Path], Path]:
    def damage(var: Path) -> Path:
        (var / name).unlink(missing_ok=True)
        (var / name).mkdir()
        return var / name

    return damage


def a_link_at(name: str, to: str) -> Callable[[Path], Path]:
    def damage(var: Path) -> Path:
        (var / name).unlink()
        (var / name).symlink_to(to)
        return var / name

    return damage


def copied_through_links(var: Path) -> Path:
    """As `cp -rL` leaves it: the pointer is a file with all of a version in it."""
    pointer = var / POINTER
    content = pointer.read_bytes()
    pointer.unlink()
    pointer.write_bytes(content)
    return pointer


def cut_in_half(name: str) -> Callable[[Path], Path]:
    def damage(var: Path) -> Path:
        content = (var / name).read_bytes()
        (var / name).write_bytes(content[: len(content) // 2])
        return var / name

    return damage


def foreign(name: str) -> Callable[[Path], Path]:
    """Parquet that somebody else has made."""

    def damage(var: Path) -> Path:
        (var / name).unlink(missing_ok=True)
        duckdb.sql("select 1 as one").write_parquet(str(var / name))
        return var / name

    return damage


def under_another_day(var: Path) -> Path:
    shutil.copy(var / "lake/xp/2026-06-01.parquet", var / "lake/xp/2026-06-03.parquet")
    return var / "lake/xp/2026-06-03.parquet"


def a_file_for_the_lake(var: Path) -> Path:
    shutil.rmtree(var / "lake")
    (var / "lake").write_text("x")
    return var / "lake"


def of_versions(name: str, content: bytes) -> Callable[[Path], Path]:
    return lambda var: replaced(f"{VERSIONS}/{Warehouse(var / 'warehouse').kept()[-1]}{name}", content)(var)


def of_receipt(content: bytes) -> Callable[[Path], Path]:
    return lambda var: replaced(f"lake/erasures/{next((var / 'lake/erasures').glob('*.json')).name}", content)(var)


GARBAGE = b"\x00garbage\xff" * 40
DAMAGES: Mapping[str, Callable[[Path], Path]] = {
    "the pointer is a file": copied_through_links,
    "the pointer is a folder": a_folder_at(POINTER),
    "the pointer names nothing": a_link_at(POINTER, "versions/pulse-2026-06-09-000099.duckdb"),
    "the pointer names a file elsewhere": a_link_at(POINTER, "/etc/hostname"),
    "the pointer names a file of another name": a_link_at(POINTER, "versions/other.duckdb"),
    "the sequence is a letter": replaced("lake/sequence", b"x"),
    "the sequence is empty": replaced("lake/sequence", b""),
    "the sequence is no text": replaced("lake/sequence", GARBAGE),
    "a landing of no day": replaced("lake/xp/2026-13-45.parquet", b"x"),
    "a landing of a stranger's name": replaced("lake/xp/copy-of-01.parquet", b"x"),
    "a folder named as a landing": a_folder_at("lake/xp/2026-06-03.parquet"),
    "a landing of garbage": replaced("lake/xp/2026-06-01.parquet", GARBAGE),
    "a landing cut in half": cut_in_half("lake/xp/2026-06-01.parquet"),
    "an empty landing": replaced("lake/xp/2026-06-01.parquet", b""),
    "a landing of somebody else": foreign("lake/xp/2026-06-01.parquet"),
    "a landing copied under another day": under_another_day,
    "an activity of no day": replaced("lake/activity/2026-13-45.parquet", b"x"),
    "an activity of garbage": replaced("lake/activity/2026-06-01.parquet", GARBAGE),
    "an activity of somebody else": foreign("lake/activity/2026-06-01.parquet"),
    "learners of garbage": replaced("lake/users.parquet", GARBAGE),
    "learners of somebody else": foreign("lake/users.parquet"),
    "zones of garbage": replaced("lake/zones.parquet", GARBAGE),
    "a basis of garbage": replaced("lake/basis.parquet", GARBAGE),
    "a basis of somebody else": foreign("lake/basis.parquet"),
    "a list of the erased of garbage": replaced("lake/suppressed.json", GARBAGE),
    "a list of the erased cut in half": cut_in_half("lake/suppressed.json"),
    "a list of the erased that is another": replaced("lake/suppressed.json", b'{"salt": "00", "sha256": "abc"}'),
    "a receipt of an erasure of garbage": of_receipt(GARBAGE),
    "a receipt of an erasure that is a list": of_receipt(b"[]"),
    "a manifest of garbage": of_versions(".json", GARBAGE),
    "a manifest of nothing": of_versions(".json", b"{}"),
    "a manifest with numbers as text": of_versions(".json", json.dumps({"version": 1}).encode()),
    "a version of garbage": of_versions(".duckdb", GARBAGE),
    "a pin of garbage": replaced("warehouse/pin", GARBAGE),
    "a pin that is a folder": a_folder_at("warehouse/pin"),
    "a lake that is a file": a_file_for_the_lake,
}
# Seven commands on a copy each take seconds: the others run with the slow tests.
IN_THE_FAST_SUITE = {
    "the pointer is a file",
    "the sequence is a letter",
    "a landing of garbage",
    "a manifest of garbage",
}
# What every command is refused over that reads it; the others may go on.
REFUSED: Mapping[str, tuple[str, ...]] = {
    "the pointer is a file": ("status", "versions", "erase somebody", EXPLAIN),
    "the pointer is a folder": (*LIGHT[:2], "build", "erase somebody", EXPLAIN),
    "the pointer names a file elsewhere": ("status", "versions", "erase somebody", EXPLAIN),
    "the sequence is a letter": ("build",),
    "the sequence is empty": ("build",),
    "a landing of no day": ("status", "build"),
    "a folder named as a landing": ("status", "build"),
    "a landing of garbage": ("status", "build", "erase somebody", EXPLAIN),
    "a landing cut in half": ("status", "build", "erase somebody", EXPLAIN),
    "a landing of somebody else": ("status", "build", EXPLAIN),
    "a landing copied under another day": ("status", "build", EXPLAIN),
    "an activity of garbage": ("build", "erase somebody"),
    "learners of garbage": ("build", "erase somebody", EXPLAIN),
    "learners of somebody else": ("build", EXPLAIN),
    "a list of the erased of garbage": ("build", "erase somebody", EXPLAIN),
    "a list of the erased cut in half": ("build", "erase somebody", EXPLAIN),
    "a list of the erased that is another": ("build", "erase somebody", EXPLAIN),
    "a manifest of garbage": ("status", "versions"),
    "a version of garbage": (EXPLAIN,),
    "a lake that is a file": ("status", "build", "erase somebody"),
}


def judge(command: str, code: int, err: str, damage: str, culprit: Path) -> None:
    """A command does what it is for, or says in one line what is in its way."""
    assert code in {0, 1, 2, 3}
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("pulse: ") and "erasure is not complete" not in line]
    if command in REFUSED.get(damage, ()):
        assert code == 1
    if code == 1 and "nothing to roll back" not in err:
        (line,) = lines
        assert str(culprit) in line or culprit.stem in line
        assert "; " in line


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "damage", [pytest.param(name, marks=[] if name in IN_THE_FAST_SUITE else pytest.mark.slow) for name in DAMAGES]
)
def test_every_command_ends_well_or_names_the_culprit(
    damage: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 56."""
    for number, command in enumerate(LIGHT):
        copy = tmp_path / str(number)
        shutil.copytree(folder, copy, symlinks=True)
        culprit = DAMAGES[damage](copy / "var")
        code = cli.main([*command.split(), "--config", str(copy / "pulse.toml")])
        judge(command, code, capsys.readouterr().err, damage, culprit)


@pytest.mark.one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize("command", HEAVY)
@pytest.mark.parametrize("damage", list(DAMAGES)[::3])
def test_a_run_through_dagster_ends_well_or_names_the_culprit(damage: str, command: str, folder: Path) -> None:
    """FAULTS 56."""
    culprit = DAMAGES[damage](folder / "var")
    code, err = typed(folder, command)
    judge(command, code, err, damage, culprit)


def typed(folder: Path, command: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.command_line.cli", *command.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_pointer_that_was_copied_as_a_file_is_set_anew_by_a_build_and_by_a_rollback(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 56: the line says so, and so it is."""
    configuration = load(folder / "pulse.toml", ["sources"])
    warehouse = Warehouse.of(configuration)
    newest = warehouse.current()
    copied_through_links(folder / "var")
    with pytest.raises(DamagedError, match=f"is a file and no link to a version; run `pulse rollback {newest}`"):
        warehouse.current()
    assert cli.main(["rollback", str(newest), "--config", str(configuration.path)]) == 0
    assert warehouse.current() == newest
    assert cli.main(["unpin", "--config", str(configuration.path)]) == 0
    copied_through_links(folder / "var")
    assert cli.main(["build", "--config", str(configuration.path)]) == 0
    assert warehouse.pointer.is_symlink()
    assert warehouse.current() == warehouse.kept()[-1] != newest
    capsys.readouterr()


def test_versions_lists_what_is_good_beside_what_is_damaged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 56: the list is the way out."""
    names = Warehouse(folder / "var/warehouse").kept()
    (folder / f"var/{VERSIONS}/{names[0]}.json").write_text("{}", encoding="utf-8")
    assert cli.main(["versions", "--config", str(folder / "pulse.toml")]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[1] for line in out.splitlines()] == names[1:]
    assert f"{names[0]}.json cannot be read" in err


@pytest.mark.parametrize(
    ("damage", "said"),
    [("the pointer is a file", "is a file and no link"), ("a manifest of garbage", "its manifest"),
     ("the pointer is a folder", "move it away, then run")],
)  # fmt: skip
def test_a_server_says_what_stands_in_the_way_and_nothing_that_cannot_help(
    damage: str, said: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """FAULTS 56: once in the log, and in the line of every answer that is none."""
    culprit = DAMAGES[damage](folder / "var")
    follower = Follower(Warehouse(folder / "var/warehouse"))
    with caplog.at_level("ERROR"):
        for _ in range(3):
            with pytest.raises(NoVersionError, match=said) as caught, follower.version():
                pass
    assert str(culprit) in str(caught.value)
    assert "run `pulse nightly`" not in str(caught.value)
    assert len(caplog.records) == 1
    assert "Traceback" not in caplog.text


def test_debugging_shows_the_traceback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 56."""
    DAMAGES["the sequence is a letter"](folder / "var")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PULSE_DEBUG", "1")
        assert cli.main(["build", "--config", str(folder / "pulse.toml")]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize(
    "closed", slowly(["var/lake", "var", "var/lake/xp", "var/warehouse", f"var/{VERSIONS}"], quick=1)
)
def test_files_of_another_user_are_named_with_their_owner(closed: str, folder: Path) -> None:
    """FAULTS 56: under umask 077; what may not be seen is not taken for nothing."""
    for place in [*folder.parents, folder]:
        if "pytest" in str(place):
            place.chmod(place.stat().st_mode | 0o755)
    (folder / closed).chmod(0o700)
    commands = ["status", "versions", "unpin", "build", "erase somebody"]
    script = "\n".join([
        "import encodings.utf_8_sig, os, sys",
        "import dagster, assets.all_steps, assets.erase.erase",
        "from pipelines.command_line import cli, failures",
        "from pipelines.command_line.commands import build, erase, rollback",
        "from pipelines.command_line.commands.reading import status, versions",
        f"os.setgid({NOBODY}); os.setuid({NOBODY})",
        f"for words in {commands!r}:",
        "    print(words, cli.main(words.split()), file=sys.stderr)",
    ])  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    refused = [line for line in lines if line.startswith("pulse: /")]
    assert refused, done.stderr
    assert all("permission denied for user nobody; " in line and "belongs to root" in line for line in refused)
    if closed != "var/lake/xp":
        assert [line for line in lines if line.startswith("status")] == ["status 1"]
    assert "build 1" in lines
    assert "erase somebody 1" in lines
