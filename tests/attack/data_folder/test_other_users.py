"""Other users of the machine: FAULTS 74. Nobody but owner and group gets in, tried by `nobody`, who is neither."""

import grp
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pipelines.command_line import cli
from serve.version.open_version import open_version
from serve.version.reader import Follower
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, FIRST, FIRST_DAY, KIM, SECOND, SECOND_NIGHT, bearer
from tests.support.repository import ROOT
from tests.support.running.other_user import NOBODY, as_user, let_pass, need_another_user
from warehouse.configuration.configuration import Configuration, load
from warehouse.disk.lock import run_lock
from warehouse.erasure.suppression import suppress
from warehouse.versions import verification
from warehouse.versions.verification import verify
from warehouse.versions.versions import Warehouse

READ_ALL = """
for folder, folders, files in os.walk(sys.argv[1]):
    for name in files:
        try:
            open(os.path.join(folder, name), "rb").close()
        except PermissionError:
            continue
        print(os.path.relpath(os.path.join(folder, name), sys.argv[1]))
"""


@pytest.fixture
def published(nights: Path, tmp_path: Path) -> Configuration:
    let_pass(tmp_path)
    return small_platform.copied(nights, tmp_path, SECOND)


@pytest.fixture
def umask_022() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


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
    *(f"warehouse/versions/{version}.{kind}" for version in (FIRST, SECOND) for kind in ("duckdb", "json")),
}  # fmt: skip


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
        "0440": {name for name in found if name.endswith(".duckdb") and "/versions/" in name},
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
        read.append(place.stem)
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


# --- a server of another user -----------------------------------------------------------------------------------------

VERIFY = """
import logging
from pathlib import Path
from warehouse.versions.verification import remember_served, verify
from warehouse.versions.versions import Warehouse
logging.basicConfig(level="WARNING", stream=sys.stdout, format="%(message)s")
warehouse = Warehouse(Path(sys.argv[1]))
print(verify(warehouse, warehouse.current()).manifest.version)
remember_served(warehouse, warehouse.current())
"""


def verified_by(configuration: Configuration, *groups: int) -> str:
    """What a server of `nobody` says, who is in these groups, when it verifies the current version."""
    root = Warehouse.of(configuration).root
    done = as_user(VERIFY, root, before=IMPORTS, groups=[NOBODY, *groups])
    return done.stdout + done.stderr.strip().rpartition("\n")[2]


@pytest.mark.slow
def test_a_server_of_another_user_in_the_group_shares_receipts(
    published: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: each reads what the other has left, and each may replace it."""
    need_another_user()
    group = grp.getgrgid(os.getegid())
    configuration = configured(published, group=group.gr_name)
    warehouse = Warehouse.of(configuration)
    assert verified_by(configuration, group.gr_gid) == f"{SECOND}\n"
    receipt = warehouse.receipt(SECOND)
    found = receipt.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (NOBODY, group.gr_gid, 0o660)
    inode = found.st_ino
    verify(warehouse, SECOND)  # by root, who finds the receipt
    assert receipt.stat().st_ino == inode
    assert closing(built(configuration, capsys)) == []
    newest = warehouse.kept()[-1]
    assert verified_by(configuration, group.gr_gid) == f"{newest}\n"
    assert closing(built(configuration, capsys)) == []


def test_a_server_that_may_not_write_receipts_reads_for_itself(published: Configuration) -> None:
    """FAULTS 74: and one that is not in the group reads nothing."""
    need_another_user()
    warehouse = Warehouse.of(published)
    warehouse.receipts.chmod(0o750)
    text = verified_by(published, os.getegid())
    assert text.splitlines()[-1] == SECOND
    assert "no receipt for version" in text
    assert "PermissionError" in verified_by(published)


def foreign(configuration: Configuration) -> None:
    """Let the data folder be one of an older version, served by `nobody`."""
    opened(configuration.data_dir)
    receipts = Warehouse.of(configuration).receipts
    os.chown(receipts, NOBODY, NOBODY)
    assert verified_by(configuration) == f"{SECOND}\n"


@pytest.mark.slow
def test_what_a_server_of_another_user_reads_stays_open_with_a_warning_until_there_is_a_group(
    published: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 74: nobody is shut out of what is served, over nights, and the rest of the lake is closed."""
    need_another_user()
    suppress(published.data_dir / "lake" / "suppressed.json", "nobody of ours")
    foreign(published)
    for _ in range(2):
        text = closing(built(published, capsys))
        assert text[-1].startswith(f"warning: what servers read in {published.data_dir} stays open to every user")
        assert "user nobody, whose receipts are there" in text[-1]
        newest = Warehouse.of(published).kept()[-1]
        assert verified_by(published) == f"{newest}\n"
    assert len(text) == 1
    assert not {name for name in read_by(published) if name.startswith("lake/")} - SERVED
    assert "lake/profiles.parquet" in read_by(published)
    assert cli.main(["status", "--config", str(published.path)]) == 0
    assert "\nwarning       what servers read in" in capsys.readouterr().out
    group = grp.getgrgid(os.getegid()).gr_name
    configuration = configured(published, group=group)
    text = closing(built(configuration, capsys))
    assert text[0].startswith("closed: ")
    assert read_by(configuration) == set()
    assert verified_by(configuration, os.getegid()).splitlines()[-1] == Warehouse.of(configuration).kept()[-1]
    assert cli.main(["status", "--config", str(configuration.path)]) == 0
    assert "stays open" not in capsys.readouterr().out


SERVER = """
import encodings.utf_8_sig, grp, pwd, sys
from pathlib import Path
from serve.app import create_app
from warehouse.configuration.configuration import load
configuration = load(Path(sys.argv[3]), uses=["auth"])
def ask(client, token):
    return client.get("/api/xp/learning-pulse", headers={"Authorization": "Bearer " + token})
ask(create_app(configuration).test_client(), sys.argv[4])  # imports what is imported late
"""
ASK = """
client = create_app(configuration).test_client()
for token in sys.argv[2:]:
    answer = ask(client, token)
    days = answer.get_json().get("data", [])
    print("answer", answer.status_code, sum(day["xp_earned"] for day in days))
"""


def answered(configuration: Configuration, *learners: str, groups: Sequence[int]) -> list[str]:
    """What a server of `nobody`, who is in these groups, answers learners."""
    tokens = [bearer(learner)["Authorization"].removeprefix("Bearer ") for learner in learners]
    done = as_user(ASK, configuration.path, *tokens, before=SERVER, groups=groups)
    assert done.returncode == 0, done.stderr
    return [line.removeprefix("answer ") for line in done.stdout.splitlines() if line.startswith("answer ")]


@pytest.mark.slow
def test_a_server_of_another_user_answers_after_an_erasure(published: Configuration) -> None:
    """FAULTS 74, 75: it reads the list and the receipts, with every answer."""
    need_another_user()
    group = grp.getgrgid(os.getegid())
    configuration = configured(published, group=group.gr_name)
    assert answered(configuration, ANA, KIM, groups=[NOBODY, group.gr_gid]) == ["200 70", "200 5"]
    assert cli.main(["erase", KIM, "--config", str(configuration.path)]) == 0
    assert answered(configuration, ANA, KIM, groups=[NOBODY, group.gr_gid]) == ["200 70", "200 0"]
    assert read_by(configuration) == set()


ANALYST = """
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print(connection.execute("select count(*) > 0 from daily_activity").fetchone()[0])
try:
    duckdb.connect(sys.argv[1])
except duckdb.Error as error:
    print(type(error).__name__)
"""


def test_an_analyst_in_the_group_opens_the_pointer_and_writes_nothing(published: Configuration) -> None:
    """FAULTS 74: as docs/guide/operate.md has it; who is in no group does not."""
    need_another_user()
    pointer = Warehouse.of(published).pointer
    done = as_user(ANALYST, pointer, before="import duckdb\n", groups=[NOBODY, os.getegid()])
    assert (done.stdout.splitlines(), done.stderr) == (["True", "IOException"], "")
    done = as_user(ANALYST, pointer, before="import duckdb\n")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr


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
