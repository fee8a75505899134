"""Other users of the machine: FAULTS 74. Nobody but owner and group gets in, tried by `nobody`, who is neither."""

import grp
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serve.version.open_version import open_version
from serve.version.reader import Follower
from tests.attack.data_folder.modes import LOAD, RUN, SERVED, closing, mended, modes, opened, owned_by, read_by
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, FIRST_DAY, SECOND, SECOND_NIGHT
from tests.support.repository import ROOT
from tests.support.running.other_user import NOBODY, as_user, need_another_user
from warehouse.configuration.configuration import Configuration
from warehouse.disk.lock import run_lock
from warehouse.erasure.suppression import suppress
from warehouse.versions import verification
from warehouse.versions.verification import verify
from warehouse.versions.versions import Warehouse


@pytest.fixture
def umask_022() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


# --- what is made -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("umask_022")
def test_what_a_night_makes_has_the_mode_of_its_place(tmp_path: Path) -> None:
    """FAULTS 74: the whole data folder after a night through Dagster, an erasure and a rollback, under umask 022."""
    configuration = small_platform.make(tmp_path)
    config = ["--config", str(configuration.path)]
    pulse = [
        sys.executable,
        "-m",
        "pipelines.command_line.cli",
    ]  # in processes of their own, because definitions are made once
    commands = [["nightly", "--day", str(FIRST_DAY)], ["nightly", "--day", str(SECOND_NIGHT)], ["rollback"]]
    printed = [subprocess.check_output([*pulse, *words, *config], cwd=ROOT, text=True) for words in commands]
    suppress(configuration.data_dir / "lake" / "suppressed.json", "nobody of ours")
    verify(Warehouse.of(configuration), Warehouse.of(configuration).kept()[0])
    found = modes(configuration.data_dir)
    kinds = {
        "0750": {".", "lake", "warehouse", "warehouse/versions", "warehouse/building",
                 *(f"lake/{name}" for name in ("xp_events", "sessions", "quiz_attempts", "activity"))},
        "2770": {"warehouse/receipts"},
        "0700": {"dagster"},
        "0640": {"lake/suppressed.json", "lake/profiles.parquet", "warehouse/pin",
                 *(name for name in found if name.startswith("warehouse/versions/") and name.endswith(".json"))},
        "0440": {name for name in found if name.endswith((".duckdb", ".lookup")) and "/versions/" in name},
        "0660": {name for name in found if name.startswith("warehouse/receipts/")},
    }  # fmt: skip
    assert all(len(kinds[kind]) >= 2 for kind in ("0440", "0640", "0660"))
    wanted = {name: kind for kind, names in kinds.items() for name in names}
    assert found == {name: wanted.get(name, "0600") for name in found}
    assert closing("".join(printed)) == []


def test_nobody_reads_anything(published: Configuration) -> None:
    """FAULTS 74: and the group what it is for."""
    need_another_user()
    published.data_dir.chmod(0o755)  # made by an administrator
    suppress(published.data_dir / "lake" / "suppressed.json", "nobody of ours")
    Warehouse.of(published).rollback(SECOND)
    assert read_by(published) == set()
    assert read_by(published, os.getegid()) == SERVED


def test_a_run_is_closed_while_it_is_at_work(published: Configuration) -> None:
    """FAULTS 74: what is not in its place yet is nobody else's; afterwards the umask is what it was."""
    before = os.umask(0o022)
    try:
        with run_lock(published, "this run"):
            place = published.data_dir / "lake" / "spooled"
            place.touch()
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


# --- what was there before --------------------------------------------------------------------------------------------


def test_a_run_closes_what_an_older_version_left_open_once_and_says_whom_that_shuts_out(
    published: Configuration,
) -> None:
    """FAULTS 74: the data folder itself may be somebody else's."""
    wanted = modes(published.data_dir)
    opened(published.data_dir)
    text = mended(published)
    owner = grp.getgrgid(os.getegid()).gr_name
    assert [line.split()[0] for line in text] == ["closed:", "closed:"]
    assert "were open to every user of this machine" in text[0]
    assert f"and group {owner} to what servers and analysts read" in text[0]
    assert f"were open to group {owner}; now their owner alone gets in" in text[1]
    found = modes(published.data_dir)
    assert found == wanted | {".": "0755", "run.lock": "0600"}
    assert mended(published) == []


def test_nobody_is_shut_out_when_the_run_has_mended(
    published: Configuration,
) -> None:
    """FAULTS 74: with another user of the machine, before and after."""
    need_another_user()
    opened(published.data_dir)
    assert len(read_by(published)) > 20
    mended(published)
    assert read_by(published) == set()


def test_a_group_that_had_no_rights_gets_none(published: Configuration) -> None:
    """FAULTS 74: as under umask 077, where everybody has one group."""
    for place in [*published.data_dir.rglob("*")]:
        if not place.is_symlink():
            place.chmod(0o700 if place.is_dir() else 0o400 if place.suffix == ".duckdb" else 0o600)
    assert mended(published) == []
    found = modes(published.data_dir)
    assert (found["lake"], found["warehouse"], found["warehouse/receipts"]) == ("0700", "0700", "0700")


def test_a_mode_that_a_mount_does_not_take_is_a_warning_every_night(
    published: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 74: some say yes and do nothing, which only another look finds out."""
    kept, original = published.data_dir / "lake" / "users.parquet", os.chmod
    kept.chmod(0o644)
    monkeypatch.setattr(os, "chmod", lambda path, mode: None if path == kept else original(path, mode))
    for _ in range(2):
        (line,) = mended(published)
        assert line.startswith(f"warning: 1 files and folders of {published.data_dir} could not be given their mode")
        assert f"such as {kept}: 0644 of user " in line


def test_what_a_server_renames_while_modes_are_mended_ends_no_run(
    published: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 74: servers write receipts at any time, and a rollback needs no run; what is gone needs no mode."""
    original, receipts = os.chmod, Warehouse.of(published).receipts
    unfinished = receipts / ".in-service.unfinished"
    unfinished.touch()
    unfinished.chmod(0o644)

    def chmod(path: Path, mode: int) -> None:
        if path == unfinished:
            unfinished.replace(receipts / "in-service")
        original(path, mode)

    monkeypatch.setattr(os, "chmod", chmod)
    assert mended(published) == []
    assert not unfinished.exists()


def test_what_another_user_owns_is_a_warning_and_no_failure(published: Configuration) -> None:
    """FAULTS 74: a run of `nobody` may not change the mode of a file of root."""
    need_another_user()
    owned_by(NOBODY, NOBODY, published.data_dir)
    kept = published.data_dir / "lake" / "zones.parquet"
    os.chown(kept, 0, 0)
    kept.chmod(0o644)
    done = as_user(RUN, published.path, before=LOAD)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith("warning: 1 files and folders")
    assert f"such as {kept}: 0644 of user root and group root, instead of 0600" in line


# --- a version whose mode is changed while servers read it ------------------------------------------------------------


def test_a_version_whose_mode_was_changed_is_read_again_and_not_refused(
    published: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 74: the time of change is one of its marks; so while it is in service, and for the next server."""
    warehouse, follower = Warehouse.of(published), Follower(Warehouse.of(published))
    original, read = verification._read, []  # noqa: SLF001

    def noted(place: Path, is_wanted: Callable[[], bool]) -> tuple[verification.Marks, str]:
        read.extend([place.stem] if place.suffix == ".duckdb" else [])
        return original(place, is_wanted)

    monkeypatch.setattr(verification, "_read", noted)
    with follower.version() as version:
        assert (version.name, read) == (SECOND, [SECOND])
    warehouse.file(SECOND).chmod(0o444)
    warehouse.file(SECOND).chmod(0o440)
    with follower.version() as version:
        assert (version.name, read, follower.refused) == (SECOND, [SECOND], {})
    verify(warehouse, SECOND)
    assert read == [SECOND, SECOND]


def test_a_mode_that_is_changed_while_a_version_is_read_refuses_nothing(
    published: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 74: the file is read once more, and what was written to it is refused still."""
    warehouse, times = Warehouse.of(published), []
    place = warehouse.file(SECOND)
    monkeypatch.setattr(verification, "SETTLED_SECONDS", 0.0)

    def is_wanted() -> bool:
        times.append(1)
        if len(times) == 1:
            place.chmod(0o444)
        return True

    chunks = -(-place.stat().st_size // verification.CHUNK_BYTES)
    assert verify(warehouse, SECOND, is_wanted).manifest.version == SECOND
    assert len(times) == 2 * chunks


def test_a_mode_that_is_changed_while_a_version_is_opened_refuses_nothing(
    published: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 74: between verifying and opening."""
    from serve.version import open_version as module

    warehouse, times = Warehouse.of(published), []
    original = module._connect  # noqa: SLF001

    def connect(place: Path) -> object:
        times.append(1)
        if len(times) == 1:
            place.chmod(0o444)
        return original(place)

    monkeypatch.setattr(module, "_connect", connect)
    opened_now = open_version(warehouse, SECOND)
    opened_now.close()
    assert (opened_now.name, len(times)) == (SECOND, 2)


def test_a_version_that_requests_still_read_is_taken_back_after_its_mode_was_changed(
    published: Configuration,
) -> None:
    """FAULTS 74: a rollback over a run that mends, while an answer is on its way."""
    warehouse = Warehouse.of(published)
    follower = Follower(warehouse)
    with follower.version() as before:
        warehouse.point_to(FIRST)
        follower.look()
        warehouse.file(SECOND).chmod(0o444)
        warehouse.point_to(SECOND)
        follower.look()
        assert (before.name, follower.current is before, follower.refused) == (SECOND, True, {})
