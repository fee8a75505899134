"""Copies for servers of other machines: whole or not at all, in an order that shows nobody who was erased (FAULTS 86).

Every test runs for a folder and for rsync, which reaches its other machine by a shell that stays on this one.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from assets.erase.lake import erase_from_lake
from pipelines.command_line.cli import main
from tests.serve.version.asking import answered, ask, client_of
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, FIRST, SECOND
from tests.support.running.chromium import missing
from warehouse import engine
from warehouse.configuration.configuration import load
from warehouse.copies.copy import publish_to
from warehouse.copies.targets import target_at
from warehouse.disk.leftovers import remove_leftovers
from warehouse.erasure import suppression
from warehouse.errors import DamagedError, StorageError
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import sha256_of
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from assets.night.night import Night
    from warehouse.configuration.configuration import Configuration
    from warehouse.copies.targets import CopyTarget

# What rsync takes for ssh: it leaves out the host and runs the rest here.
SHELL_OF_THIS_MACHINE = '#!/bin/sh\nshift\nexec sh -c "$*"\n'


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "server"
    folder.mkdir()
    return folder


@pytest.fixture(params=["folder", pytest.param("rsync", marks=pytest.mark.slow)])
def target(request: pytest.FixtureRequest, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        return str(there)
    if shutil.which("rsync") is None:
        missing("rsync is not here")
    shell = tmp_path / "shell"
    shell.write_text(SHELL_OF_THIS_MACHINE)
    shell.chmod(0o755)
    monkeypatch.setenv("RSYNC_RSH", str(shell))
    return f"elsewhere:{there}"


def serving(there: Path, configuration: Configuration) -> Configuration:
    """Return the configuration of a server that answers from the copy."""
    path = there.parent / "server.toml"
    text = configuration.path.read_text().replace('data_dir = "var"', f'data_dir = "{there}"')
    path.write_text(text)
    return load(path, ["sources", "auth"])


def erase_ana(configuration: Configuration) -> None:
    """Put Ana on the list, which is the first thing that an erasure does."""
    suppression.suppress(Lake.of(configuration).suppressed, ANA)


def names_in(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir() or file.is_symlink()}


class Watched:
    """A place that notes in which order it is changed, takes its time, and ends a copy at one of these changes."""

    def __init__(self, place: CopyTarget, ends_at: int | None = None, pause_seconds: float = 0.0) -> None:
        self._place, self._ends_at, self._pause_seconds = place, ends_at, pause_seconds
        self.changes: list[str] = []

    def _change(self, name: str) -> None:
        time.sleep(self._pause_seconds)
        if self._ends_at == len(self.changes):
            raise StorageError("the cable was cut")
        self.changes.append(name)

    def read(self, name: str) -> bytes | None:
        return self._place.read(name)

    def sizes(self, folder: str) -> Mapping[str, int]:
        return self._place.sizes(folder)

    def put(self, file: Path, name: str) -> None:
        self._change(name)
        self._place.put(file, name)

    def point_to(self, version: str) -> None:
        self._change("pointer")
        self._place.point_to(version)

    def delete(self, folder: str, names: Collection[str]) -> None:
        for name in names:
            self._change(f"- {name}")
            self._place.delete(folder, [name])


def test_a_copy_is_served_like_what_it_is_a_copy_of(configuration: Configuration, there: Path, target: str) -> None:
    assert main(["publish-to", target, "--config", str(configuration.path)]) == 0
    copied = names_in(there)
    assert answered(ask(client_of(serving(there, configuration)))) == SECOND
    ours, theirs = Warehouse.of(configuration), Warehouse(there / "warehouse")
    assert theirs.current() == SECOND
    assert theirs.kept() == [SECOND]
    assert sha256_of(theirs.file(SECOND)) == ours.manifest(SECOND).sha256 == theirs.manifest(SECOND).sha256
    assert theirs.file(SECOND).stat().st_mode & 0o777 == 0o440
    assert not any("receipts" in name or "erasures" in name or name.startswith(".") for name in copied)
    assert "lake/users.parquet" not in copied
    before = {name: (there / name).lstat().st_mtime_ns for name in copied if "versions" in name}
    assert main(["publish-to", target, "--config", str(configuration.path)]) == 0
    assert {name: (there / name).lstat().st_mtime_ns for name in before} == before  # what is there is not copied again


def test_list_and_names_come_first_then_version_and_manifest_then_the_pointer(
    configuration: Configuration, there: Path, target: str
) -> None:
    erase_ana(configuration)
    place = Watched(target_at(target, there))
    publish_to(configuration, place)
    assert [Path(name).name for name in place.changes if not name.startswith("- ")] == [
        "suppressed.json",
        "profiles.parquet",
        f"{SECOND}.lookup",
        f"{SECOND}.duckdb",
        f"{SECOND}.json",
        "pointer",
    ]


def test_a_copy_that_is_cut_leaves_readers_what_they_had_or_all_of_it(
    configuration: Configuration, there: Path, target: str
) -> None:
    """FAULTS 86, cut before each of its changes: Ana, who is erased, is answered by nobody once the list is there."""
    Warehouse.of(configuration).point_to(FIRST)
    publish_to(configuration, target_at(target, there))
    before = shutil.copytree(there, there.with_name("before"), symlinks=True)
    Warehouse.of(configuration).point_to(SECOND)
    erase_ana(configuration)
    states = []
    for cut in range(20):
        shutil.rmtree(there)
        shutil.copytree(before, there, symlinks=True)
        place = Watched(target_at(target, there), ends_at=cut)
        try:
            publish_to(configuration, place)
        except StorageError:
            client = client_of(serving(there, configuration))
            served = ask(client, BEN).headers["X-Data-Version"]
            states.append((place.changes[-1:], served, ask(client, ANA).get_json()["total_sessions"]))
            continue
        break
    assert states[0] == ([], FIRST, 1)
    assert {seconds for _, _, seconds in states[1:]} == {0}
    assert [served for _, served, _ in states] == [FIRST] * (len(states) - 1) + [SECOND]
    assert Warehouse(there / "warehouse").current() == SECOND


def test_a_slow_copy_is_answered_from_all_the_while(configuration: Configuration, there: Path, target: str) -> None:
    """FAULTS 86: every answer is wholly of the one version or of the other, and in the end of the new one."""
    Warehouse.of(configuration).point_to(FIRST)
    publish_to(configuration, target_at(target, there))
    Warehouse.of(configuration).point_to(SECOND)
    client, versions = client_of(serving(there, configuration)), []
    place = Watched(target_at(target, there), pause_seconds=0.3)
    copying = threading.Thread(target=publish_to, args=(configuration, place))
    copying.start()
    while copying.is_alive():
        versions.append(answered(ask(client)))
    copying.join()
    assert versions[0] == FIRST
    assert versions == sorted(versions)
    assert answered(ask(client_of(serving(there, configuration)))) == SECOND


def test_an_older_list_never_replaces_a_later_one(configuration: Configuration, there: Path, target: str) -> None:
    """FAULTS 86."""
    lake = Lake.of(configuration)
    erase_ana(configuration)
    earlier = lake.suppressed.read_bytes()
    suppression.suppress(lake.suppressed, BEN)
    publish_to(configuration, target_at(target, there))
    later = (there / "lake/suppressed.json").read_bytes()
    lake.suppressed.write_bytes(earlier)  # as after restoring the lake of yesterday
    Warehouse.of(configuration).rollback(FIRST)
    publish_to(configuration, target_at(target, there))
    assert (there / "lake/suppressed.json").read_bytes() == later
    assert Warehouse(there / "warehouse").current() == FIRST
    assert Warehouse(there / "warehouse").pin is not None
    Warehouse.of(configuration).unpin()
    publish_to(configuration, target_at(target, there))
    assert Warehouse(there / "warehouse").pin is None


def test_lists_of_which_none_is_the_later_one_are_refused_and_nothing_is_copied(
    configuration: Configuration, there: Path, target: str
) -> None:
    """FAULTS 86."""
    erase_ana(configuration)
    (there / "lake").mkdir()
    other = {"salt": "00" * 16, "sha256": ["ab" * 32]}
    (there / "lake/suppressed.json").write_text(json.dumps(other))
    with pytest.raises(DamagedError, match="another data folder's"):
        publish_to(configuration, target_at(target, there))
    assert names_in(there) == {"lake/suppressed.json"}


def test_what_was_replaced_a_moment_ago_goes_with_the_next_copy(
    configuration: Configuration, there: Path, target: str
) -> None:
    """FAULTS 67 and 86: whoever followed the link there just before the switch can still open the file."""
    warehouse, copied = Warehouse.of(configuration), Warehouse(there / "warehouse")
    warehouse.point_to(FIRST)
    publish_to(configuration, target_at(target, there))
    warehouse.point_to(SECOND)
    assert warehouse.prune(1, replaced=FIRST) == [FIRST]
    assert publish_to(configuration, target_at(target, there)) == (SECOND, (FIRST,))
    assert copied.kept() == [SECOND]
    assert copied.file(FIRST).exists()
    remove_leftovers(configuration.data_dir)
    assert publish_to(configuration, target_at(target, there)) == (SECOND, (FIRST,))
    assert not copied.file(FIRST).exists()


def test_names_of_a_later_landing_stay(configuration: Configuration, there: Path, target: str) -> None:
    publish_to(configuration, target_at(target, there))
    ours, theirs = Lake.of(configuration).profiles, there / "lake/profiles.parquet"
    about = json.loads(Lake.of(configuration).footers.texts([ours])[ours])
    for stream in about["streams"].values():
        stream["taken_at"] = "2099-01-01T00:00:00+00:00"
    theirs.unlink()
    with duckdb.connect() as connection:
        rows = f"select * from {engine.files([ours])}"
        copy_of = f"copy ({rows}) to $file (format parquet, kv_metadata {{pulse: $about}})"
        connection.execute(copy_of, {"file": str(theirs), "about": json.dumps(about)})
    later = theirs.read_bytes()
    publish_to(configuration, target_at(target, there))
    assert theirs.read_bytes() == later


def test_an_erasure_copies_the_list_at_once_and_takes_versions_back_there(
    tmp_path: Path, there: Path, target: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 86."""
    folder = tmp_path / "own"
    folder.mkdir()
    configuration = small_platform.make(folder)
    for day in (small_platform.FIRST_NIGHT, small_platform.SECOND_NIGHT):
        small_platform.publish(configuration, day)
    text = configuration.path.read_text().replace("[pulse]", f'[pulse]\npublish_to = ["{target}"]', 1)
    configuration.path.write_text(text)
    assert main(["publish-to", "--config", str(configuration.path)]) == 0
    seen = []

    def looked_at(night: Night, files: Collection[Path], learner: str) -> None:
        seen.append((there / "lake/suppressed.json").exists())
        erase_from_lake(night, files, learner)

    monkeypatch.setattr("assets.erase.erase.erase_from_lake", looked_at)
    assert main(["erase", ANA, "--config", str(configuration.path)]) == 0
    assert seen == [True]
    capsys.readouterr()
    theirs = Warehouse(there / "warehouse")
    assert theirs.kept() == [theirs.current()] == Warehouse.of(configuration).kept()
    assert not any(ANA.encode() in file.read_bytes() for file in there.rglob("*") if file.is_file())
    assert ask(client_of(serving(there, configuration)), ANA).get_json()["total_sessions"] == 0


def test_a_target_that_cannot_be_reached_is_named_and_the_learner_is_erased_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 86."""
    configuration = small_platform.make(tmp_path)
    small_platform.publish(configuration, small_platform.FIRST_NIGHT)
    text = configuration.path.read_text().replace("[pulse]", '[pulse]\npublish_to = ["nowhere"]', 1)
    configuration.path.write_text(text)
    assert main(["erase", ANA, "--config", str(configuration.path)]) == 1
    said = capsys.readouterr().err
    assert "the learner is erased here, and not yet at nowhere" in said
    assert "`pulse publish-to`" in said
    assert Lake.of(configuration).suppressed.exists()


@pytest.mark.parametrize("target", ["-e sh", "server:", ":/srv", "server::module", "a\nb", ""])
def test_what_rsync_would_take_for_something_else_is_refused(
    configuration: Configuration, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish-to", "--config", str(configuration.path), "--", target]) == 2
    assert "no target" in capsys.readouterr().err


def test_without_a_target_the_command_says_how_to_name_one(
    configuration: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish-to", "--config", str(configuration.path)]) == 2
    assert "pulse.publish_to" in capsys.readouterr().err


def test_a_copy_of_nothing_takes_the_pointer_away(configuration: Configuration, there: Path, target: str) -> None:
    """An erasure without a new version leaves nothing to serve, there as here."""
    publish_to(configuration, target_at(target, there))
    Warehouse.of(configuration).pointer.unlink()
    for file in (configuration.data_dir / "warehouse" / "versions").iterdir():
        file.unlink()
    version, gone = publish_to(configuration, target_at(target, there))
    assert (version, gone) == (None, (SECOND,))
    assert Warehouse(there / "warehouse").current() is None
    assert Warehouse(there / "warehouse").kept() == []
