"""Whose the data folder is: the group that is configured, and root in somebody else's folder (FAULTS 74).

Modes are `test_other_users.py`'s.
"""

import grp
import os
from pathlib import Path

import pytest

from pipelines.command_line import cli
from tests.attack.data_folder.modes import LOAD, RUN, SERVED, configured, mended, modes, owned_by, read_by
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND, SECOND_NIGHT
from tests.support.running.other_user import NOBODY, as_user, let_pass, need_another_user
from warehouse.configuration.configuration import Configuration
from warehouse.disk.lock import run_lock
from warehouse.versions.versions import Warehouse

# --- the group --------------------------------------------------------------------------------------------------------


def other_group() -> grp.struct_group:
    """A group of this machine that is not the one of this process."""
    return next(group for group in grp.getgrall() if group.gr_gid not in {os.getegid(), NOBODY, *os.getgroups()})


def test_what_is_for_a_group_is_for_the_one_that_is_configured(
    published: Configuration,
) -> None:
    """FAULTS 74: also what is there already; where the group cannot pass the data folder, that is said."""
    need_another_user()
    group = other_group()
    configuration = configured(published, group=group.gr_name)
    text = mended(configuration)
    assert f"are for group {group.gr_name} now, and not for {grp.getgrgid(os.getegid()).gr_name}" in text[0]
    assert f"warning: group {group.gr_name} cannot pass {configuration.data_dir}, which is left as it is" in text[-1]
    os.chown(configuration.data_dir, -1, group.gr_gid)
    assert mended(configuration) == []
    names = {place.stat().st_gid for place in (configuration.data_dir / "warehouse").rglob("*")}
    assert names == {group.gr_gid}
    assert read_by(configuration, group.gr_gid) >= {"lake/profiles.parquet", "warehouse/pulse.duckdb"}
    assert not {name for name in read_by(configuration, group.gr_gid) if name.startswith("lake/")} - SERVED
    assert read_by(configuration, os.getegid()) == set()


@pytest.mark.slow
def test_a_data_folder_that_a_run_makes_is_the_group_s(tmp_path: Path) -> None:
    """FAULTS 74: the first night, before there is anything."""
    need_another_user()
    group = other_group()
    configuration = configured(small_platform.make(tmp_path), group=group.gr_name)
    with run_lock(configuration, "the first night"):
        small_platform.publish(configuration, SECOND_NIGHT)
    warehouse = Warehouse.of(configuration)
    version = warehouse.file(warehouse.kept()[0])
    places = [configuration.data_dir, warehouse.root, warehouse.receipts, version, configuration.data_dir / "lake"]
    assert {place.stat().st_gid for place in places} == {group.gr_gid}
    let_pass(tmp_path)
    assert "warehouse/pulse.duckdb" in read_by(configuration, group.gr_gid)
    assert read_by(configuration) == set()


@pytest.mark.parametrize("words", [["build"], ["nightly"], ["erase", "somebody"]], ids=lambda words: words[0])
def test_a_group_that_is_not_there_is_a_mistake_of_the_configuration(
    words: list[str], published: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: exit 2, before anything is written."""
    configuration = configured(published, group="no group of this machine")
    before = modes(configuration.data_dir)
    assert cli.main([*words, "--config", str(configuration.path)]) == 2
    assert 'pulse: pulse.group: there is no group "no group of this machine"' in capsys.readouterr().err
    assert modes(configuration.data_dir) == before


def test_a_group_that_we_are_not_in_is_a_mistake_of_the_configuration(published: Configuration) -> None:
    """FAULTS 74: as `nobody`, to whom the folder belongs."""
    need_another_user()
    owned_by(NOBODY, NOBODY, published.data_dir)
    group = other_group()
    configuration = configured(published, group=group.gr_name)
    done = as_user(RUN, configuration.path, before=LOAD)
    assert f'ConfigurationError: pulse.group: user nobody is not in the group "{group.gr_name}"' in done.stderr
    assert not (configuration.data_dir / "run.lock").exists()
    done = as_user(RUN, configuration.path, before=LOAD, groups=[NOBODY, group.gr_gid])
    assert done.returncode == 0
    assert "are for group" in done.stdout


# --- root in somebody else's folder -----------------------------------------------------------------------------------


WRITING = {
    "build": ["build"], "nightly": ["nightly", "--day", "2025-12-31"], "reconcile": ["reconcile"],
    "backfill": ["backfill", "--from", "2025-12-30", "--to", "2025-12-31"], "erase": ["erase", "somebody"],
    "rollback": ["rollback"], "unpin": ["unpin"], "serve": ["serve", "--port", "1"], "ui": ["ui", "--port", "1"],
}  # fmt: skip


def everything(data_dir: Path) -> dict[str, tuple[int, ...]]:
    return {
        str(place): (place.lstat().st_ino, place.lstat().st_mode, place.lstat().st_uid, place.lstat().st_ctime_ns)
        for place in [data_dir, *data_dir.rglob("*")]
    }


@pytest.mark.parametrize("words", WRITING.values(), ids=WRITING)
def test_root_is_refused_in_somebody_else_s_folder_before_anything_is_written(
    words: list[str], published: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: with what to type instead."""
    need_another_user()
    owned_by(NOBODY, NOBODY, published.data_dir)
    before = everything(published.data_dir)
    words = [*words, "--config", str(published.path)]
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert f"pulse: {published.data_dir} belongs to user nobody, who could not use what root leaves there" in error
    assert f"run sudo -u nobody pulse {' '.join(words)}" in error
    assert everything(published.data_dir) == before


def test_root_is_refused_where_only_what_is_inside_is_somebody_else_s(published: Configuration) -> None:
    """FAULTS 74: the folder may be a disk's, of root; a user without a name is said by number."""
    need_another_user()
    owned_by(61004, 61004, published.data_dir / "lake")
    done = as_user(RUN, published.path, before=LOAD, user=0, groups=[0])
    assert "belongs to user 61004" in done.stderr
    assert "run sudo -u '#61004' …" in done.stderr


def test_the_demo_of_somebody_else_is_not_replaced_by_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: the command without a configuration."""
    need_another_user()
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "demo" / "var"
    kept.mkdir(parents=True)
    owned_by(NOBODY, NOBODY, kept)
    assert cli.main(["demo", "--no-serve"]) == 2
    assert "run sudo -u nobody pulse demo --no-serve" in capsys.readouterr().err
    assert list((tmp_path / "demo").iterdir()) == [kept]


@pytest.mark.parametrize("words", ["status", "versions"])
def test_what_only_looks_writes_nothing_as_whoever(
    words: str, published: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: as root in the folder of `nobody`."""
    need_another_user()
    owned_by(NOBODY, NOBODY, published.data_dir)
    before = everything(published.data_dir)
    assert cli.main([words, "--config", str(published.path)]) == 0
    assert SECOND in capsys.readouterr().out
    assert everything(published.data_dir) == before
