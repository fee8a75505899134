"""Each command as a person types it: exit code, one line on standard error, what it leaves behind.

See docs/reference/commands.md.

One demo is made and published once; tests that change something work on a copy of its folder.
"""

import os
import pty
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.support.repository import ROOT
from tests.support.running.command_place import Place
from warehouse.disk.lock import run_lock
from warehouse.lake.days import DAY
from warehouse.lake.lake import Lake

DAYS = 20
STREAMS = ["xp_events", "english_sessions", "math_sessions", "coding_sessions", "quiz_attempts"]


@pytest.fixture(scope="module")
def yesterday() -> date:
    return datetime.now(UTC).date() - DAY


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, str]:
    """The published demo, for reading only, and what the command said."""
    home = tmp_path_factory.mktemp("home")
    code, out, err = Place(home).pulse("demo", "--users", 5, "--days", DAYS, "--port", 8123, "--no-serve")
    assert (code, err) == (0, "")
    return Place(home / "demo"), out


@pytest.fixture
def copied(demo: tuple[Place, str], tmp_path: Path) -> Callable[[bool], Place]:
    """Give a copy of the demo, with or without what was published from it."""

    def copy(is_published: bool) -> Place:  # noqa: FBT001 - reads well where it is called
        folder = tmp_path / "copy"
        left_out = None if is_published else shutil.ignore_patterns("var")
        shutil.copytree(demo[0].folder, folder, symlinks=True, ignore=left_out)
        return Place(folder)

    return copy


@pytest.fixture
def published(copied: Callable[[bool], Place]) -> Place:
    return copied(True)  # noqa: FBT003


@pytest.fixture
def unpublished(copied: Callable[[bool], Place]) -> Place:
    return copied(False)  # noqa: FBT003


def test_the_demo_ends_with_what_to_open_and_a_ready_curl(demo: tuple[Place, str], yesterday: date) -> None:
    place, out = demo
    assert "curl -s -H 'Authorization: Bearer ey" in out
    assert "http://127.0.0.1:8123/api/xp/learning-pulse" in out
    assert "pulse ui --config demo/pulse.toml" in out
    assert place.warehouse.current() == f"pulse-{yesterday}-000001"
    assert (place.folder / "pulse.toml").stat().st_mode & 0o077 == 0, "its secret is the owner's"


def test_where_there_is_no_terminal_each_step_is_a_plain_line(demo: tuple[Place, str], yesterday: date) -> None:
    lines = [line.partition(":")[0] for line in demo[1].splitlines()[1:11]]
    assert sorted(lines[:6]) == sorted([*STREAMS, "users"])
    assert lines[6:] == ["activity", "version", "unknown learners", "warehouse"]
    assert f"xp_events: {DAYS} days, " in demo[1]
    assert f"data through {yesterday + DAY}T00:00:00+00:00" in demo[1]
    assert "dagster" not in demo[1].partition("Dagster's UI")[0].lower(), "Dagster's log is no part of it"
    assert "\x1b" not in demo[1]


def test_the_demo_refuses_a_taken_port_before_it_makes_anything(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        code, _, err = Place(tmp_path).pulse("demo", "--port", port)
        assert code == 1
        assert err.startswith(f"pulse: port {port} is taken")
        assert "--port" in err
        assert not (tmp_path / "demo").exists()


@pytest.mark.slow
def test_the_ui_refuses_a_taken_port(demo: tuple[Place, str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        code, _, err = demo[0].pulse("ui", "--port", port)
    assert code == 1
    assert err.startswith(f"pulse: port {port} is taken")


@pytest.mark.slow
def test_a_night_again_is_a_new_version_with_the_same_hash(published: Place, yesterday: date) -> None:
    """I4; and PULSE_CONFIG names the configuration."""
    before = published.logical_hash
    elsewhere = Place(published.folder.parent)
    code, out, err = elsewhere.pulse("nightly", PULSE_CONFIG=str(published.folder / "pulse.toml"))
    assert (code, err) == (0, "")
    line = re.search(r"xp_events: (\d) days, .* rows; (\d) days proven ", out)
    assert line, out
    assert int(line[1]) + int(line[2]) == 8, "the day and the seven before it"
    proven = elsewhere.pulse("status", PULSE_CONFIG=str(published.folder / "pulse.toml"))[1]
    assert re.search(rf"proven {{8}}\d+ of {DAYS * len(STREAMS)} landings since they were extracted; last 2", proven)
    assert published.warehouse.current() == f"pulse-{yesterday}-000002"
    assert published.logical_hash == before


def test_status_says_what_is_published(demo: tuple[Place, str], yesterday: date) -> None:
    code, out, err = demo[0].pulse("status")
    assert (code, err) == (0, "")
    said = {line[:14].strip(): line[14:] for line in out.splitlines()}
    assert said["published"] == f"pulse-{yesterday}-000001 of 1 kept"
    assert said["newest day"] == str(yesterday)
    assert said["data through"] == f"{yesterday + DAY}T00:00:00+00:00"
    assert said["learners"] == "5"
    assert said["logical hash"] == demo[0].logical_hash


def test_status_before_anything_is_published_says_what_to_do(unpublished: Place) -> None:
    code, out, err = unpublished.pulse("status")
    assert (code, err) == (0, "")
    assert "nothing yet; run `pulse nightly`" in out


@pytest.mark.slow
def test_reconcile_says_what_drifted_and_publishes_only_then(published: Place, yesterday: date) -> None:
    """FAULTS 16: a row of long before the lookback is deleted."""
    before, hash_before = published.warehouse.current(), published.logical_hash
    code, out, err = published.pulse("reconcile")
    assert (code, err) == (0, "")
    assert f"{DAYS * len(STREAMS)} landings equal their sources\n" in out
    assert published.warehouse.current() == before
    old = yesterday - 15 * DAY
    with closing(sqlite3.connect(published.folder / "platform.sqlite")) as platform, platform:
        where = f"select min(rowid) from xp_events where created_at like '{old} 1%'"
        assert platform.execute(f"delete from xp_events where rowid = ({where})").rowcount == 1
    code, out, err = published.pulse("reconcile")
    assert (code, err) == (0, "")
    assert f"xp_events {old}: rows " in out
    assert "xp_events: 20 days compared with platform, 3 drifted" in out
    assert "math_sessions: 20 days compared with platform, 0 drifted" in out
    assert published.warehouse.current() != before
    assert published.logical_hash != hash_before
    with run_lock(published.configuration, "the test"):
        assert published.pulse("reconcile")[0] == 3


@pytest.mark.slow
def test_a_lost_warehouse_is_built_again_from_the_lake_and_rolled_back(published: Place, yesterday: date) -> None:
    """docs/ARCHITECTURE.md; the sequence goes on, and a rollback goes back one version, or to the one that is named."""
    before = published.logical_hash
    shutil.rmtree(published.configuration.data_dir / "warehouse")
    second, third = f"pulse-{yesterday}-000002", f"pulse-{yesterday}-000003"
    path = published.configuration.path
    for version in (second, third):
        code, out, err = published.pulse("build")
        assert (code, err) == (0, "")
        assert f"warehouse: {version} published" in out
        assert published.warehouse.current() == version
        assert (published.logical_hash == before) == (version == second)
        path.write_text(path.read_text().replace('level_metric = "xp_earned"', 'level_metric = "learning_time"'))

    assert published.pulse("rollback")[0] == 0
    assert published.warehouse.current() == second
    code, out, _ = published.pulse("versions")
    assert [line[:2] + line[2:].split()[0] for line in out.splitlines()] == [f"* {second}", f"  {third}"]
    assert published.pulse("rollback", third)[0] == 0
    assert published.warehouse.current() == third

    code, _, err = published.pulse("rollback", "pulse-2020-01-01-000009")
    assert code == 1
    assert "there is no version pulse-2020-01-01-000009" in err
    assert "`pulse versions`" in err
    assert err.endswith(f"last version {third} still served\n")
    assert err.count("\n") == 1
    assert published.warehouse.current() == third


def test_there_is_nothing_to_roll_back_to_before_the_first_version(demo: tuple[Place, str]) -> None:
    code, _, err = demo[0].pulse("rollback")
    assert code == 1
    assert "nothing to roll back to" in err


@pytest.mark.slow
def test_on_a_terminal_there_are_bars(published: Place) -> None:
    for activity in (Lake.of(published.configuration).root / "activity").iterdir():
        activity.unlink()
    outside, inside = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pipelines.command_line.cli", "build"],
        cwd=published.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "160"},
        stdout=inside,
        stderr=inside,
        stdin=subprocess.DEVNULL,
    ) as process:
        os.close(inside)
        shown = b""
        while chunk := _read(outside):
            shown += chunk
    os.close(outside)
    assert process.returncode == 0, shown
    text = shown.decode()
    assert "━━━━━━" in text
    assert f"{DAYS}/{DAYS}" in text
    assert f"activity: {DAYS} days rolled up" in text
    assert "published, data through" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that nobody has the other end any more
        return b""


@pytest.mark.parametrize("command", ["nightly", "backfill", "build", "reconcile", "erase"])
def test_a_second_run_is_refused_at_once_and_told_who_is_at_work(
    unpublished: Place, yesterday: date, command: str
) -> None:
    """FAULTS 6: Dagster is not even imported by then."""
    more: dict[str, list[object]] = {"backfill": ["--from", yesterday, "--to", yesterday], "erase": ["somebody"]}
    words = [command, *more.get(command, [])]
    with run_lock(unpublished.configuration, "the test"):
        code, out, err = unpublished.pulse(*words, python=("-X", "importtime"))
    said = [line for line in err.splitlines() if not line.startswith("import time:")]
    assert (code, out) == (3, "")
    assert len(said) == 1
    assert f"the test, process {os.getpid()}; try again when it has ended" in said[0]
    assert said[0].endswith("nothing is published")
    assert not any(name in err for name in ("| dagster", "| pandas", "| sqlalchemy"))


@pytest.mark.slow
def test_a_command_that_is_stopped_or_killed_lets_go_and_leaves_nothing_half_done(
    demo: tuple[Place, str], unpublished: Place
) -> None:
    """FAULTS 1, 6: exit 130 for SIGINT; after SIGKILL the lock is free at once, and the next night cleans up."""
    code, err = unpublished.stopped_at_its_first_line(signal.SIGINT, "nightly")
    assert code == 130, err
    assert err == "pulse: interrupted; nothing is published\n"
    lake = Lake.of(unpublished.configuration).root
    assert not [*lake.rglob("*.unfinished*")]

    code, _ = unpublished.stopped_at_its_first_line(signal.SIGKILL, "nightly")
    assert code == -signal.SIGKILL
    for leftover in (lake / "xp_events" / ".killed.unfinished", lake / ".users.parquet.unfinished"):
        leftover.parent.mkdir(exist_ok=True)
        leftover.write_text("half a landing")
    code, _, err = unpublished.pulse("nightly")
    assert (code, err) == (0, "")
    assert not [*lake.rglob("*.unfinished*")]
    assert unpublished.logical_hash == demo[0].logical_hash


@pytest.mark.slow
def test_one_stream_alone_lands_and_publishes_nothing_until_the_others_are_there(
    demo: tuple[Place, str], unpublished: Place, yesterday: date
) -> None:
    """R25, and R23: the night after it is the initial load of the rest."""
    words = ["backfill", "--from", "2000-01-01", "--to", yesterday, "--stream", "quiz_attempts"]
    code, out, err = unpublished.pulse(*words)
    assert (code, err) == (0, "")
    assert out.startswith(f"quiz_attempts: {DAYS} days, ")
    assert "nothing is published before first_day" in out
    assert "xp_events, english_sessions, math_sessions, coding_sessions\n" in out
    assert unpublished.warehouse.current() is None
    assert "nothing is published before first_day" in unpublished.pulse("build")[1]

    code, out, err = unpublished.pulse("nightly")
    assert (code, err) == (0, "")
    assert f"xp_events: {DAYS} days, " in out
    # Whether the day before the last is over everywhere depends on the hour: in UTC-12 it is until noon (R1).
    assert re.search(r"quiz_attempts: (1 days, .* 7|2 days, .* 6) days proven ", out), out
    assert unpublished.logical_hash == demo[0].logical_hash


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nightly", "--bogus"], "No such option '--bogus'"),
        (["nightly", "--da", "2026-01-01"], "No such option '--da'"),
        (["nightly", "2026-01-01"], "Got unexpected extra argument (2026-01-01)"),
        (["nightly", "--day", "2026-13-01"], "'--day': '2026-13-01' is no day, write one like 2026-11-22"),
        (["demo", "--users", "0"], "'--users': 0 is not in the range x>=1"),
        (["serve", "--port", "70000"], "'--port': 70000 is not in the range 1<=x<=65535"),
        (["serve", "--port", "x"], "'--port': 'x' is not a valid integer"),
        (["backfill", "--from", "2026-01-01"], "Missing option '--to'"),
        (["erase", "-5"], "No such option '-5'"),
        (["tidy"], "No such command 'tidy'"),
        (["--config", "pulse.toml", "nightly"], "No such option '--config'"),
        ([], "Missing command"),
    ],
)
def test_words_that_make_no_sense_are_wrong_usage(tmp_path: Path, words: list[str], said: str) -> None:
    code, out, err = Place(tmp_path).pulse(*words)
    assert (code, out) == (2, "")
    assert said in err


def test_an_id_like_an_option_is_taken_behind_two_dashes(tmp_path: Path) -> None:
    code, _, err = Place(tmp_path).pulse("erase", "--", "-5")
    assert (code, err.partition(",")[0]) == (2, "pulse: pulse.toml: no such configuration file")


def test_what_cannot_be_extracted_is_wrong_usage_with_every_mistake_at_once(demo: tuple[Place, str]) -> None:
    today = datetime.now(UTC).date()
    code, out, err = demo[0].pulse("backfill", "--from", "2999-01-01", "--to", today, "--stream", "xp")
    assert (code, out) == (2, "")
    assert [line.removeprefix("pulse: ") for line in err.splitlines()] == [
        f"{today} is not over (UTC); the last day that can be extracted is {today - DAY}",
        f"the range from 2999-01-01 to {today} is empty; put the earlier day first",
        f'there is no event stream "xp"; there are {", ".join(STREAMS)}',
    ]
    code, _, err = demo[0].pulse("nightly", "--day", "2001-01-01")
    assert code == 2
    assert "2001-01-01 is before first_day" in err


@pytest.mark.parametrize("words", [["--config", "other.toml"], []])
def test_a_configuration_that_is_not_there_is_wrong_usage(tmp_path: Path, words: list[str]) -> None:
    code, out, err = Place(tmp_path).pulse("nightly", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"pulse: {'other' if words else 'pulse'}.toml: no such configuration file")
    assert "--config" in err


def test_an_unset_variable_is_named_by_the_commands_that_use_it_only(unpublished: Place) -> None:
    path = unpublished.folder / "pulse.toml"
    path.write_text(path.read_text().replace("sqlite:///platform.sqlite", "${NO_SUCH_URL}"))
    code, _, err = unpublished.pulse("nightly")
    assert code == 2
    assert err.endswith("sources.platform.url: environment variable NO_SUCH_URL is not set\n")
    assert unpublished.pulse("status")[0] == 0
