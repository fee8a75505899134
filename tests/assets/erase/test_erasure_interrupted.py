"""An erasure that dies, or that something is in the way of: nobody comes back, and a rerun completes it (FAULTS 41).

What an erasure that nothing holds up leaves is `test_erasure.py`'s.
"""

import json
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step2_land.land import land
from serve.app import create_app
from tests.assets.erase.after_an_erasure import OWN, PAGE, assert_gone_after_a_rerun, counts
from tests.faults.failing_disk import failing_at, failing_disk
from tests.support.erasing.erase import erase
from tests.support.erasing.woven_lake import FIRST, SECOND, dying_at, placed, places_with, pulse, receipts
from tests.support.erasing.woven_world import GONE, LAST_DAY, STAYS, USERS, WOVEN
from tests.support.platforms import platforms
from tests.support.repository import ROOT
from tests.support.running import replay
from warehouse import crash_points
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import CheckFailedError, NoVersionError
from warehouse.versions.manifest import sequence_of
from warehouse.versions.versions import Warehouse

CALLS_BETWEEN = 37  # of the calls that can fail, one is tried and so many are not
# Before these, nobody is erased yet: `tests/attack/data_folder/test_erasure_that_died.py`.
FROM_THE_LIST_ON = crash_points.NAMES_OF_ERASURE[crash_points.NAMES_OF_ERASURE.index("erase: learner suppressed") :]


# --- dying on the way -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("point", ["erase: one file replaced"])  # every other, by SIGKILL, is among the slow tests
def test_an_erasure_that_died_is_completed_by_a_rerun_and_keeps_its_receipt(
    woven: Configuration, capsys: pytest.CaptureFixture[str], point: str
) -> None:
    """FAULTS 42, 1."""
    with dying_at(point):
        erase(woven, GONE)
    pulse(woven, "status")
    assert "and not complete; run `pulse erase` for it again" in capsys.readouterr().out
    client = create_app(woven).test_client()
    assert client.get(PAGE).status_code == 404
    assert client.get(OWN, headers=replay.bearer(GONE)).headers["X-Pulse-Learner"] == "unknown"
    assert client.get(OWN, headers=replay.bearer(STAYS)).status_code == 200
    assert_gone_after_a_rerun(woven)


@pytest.mark.one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize("point", [*FROM_THE_LIST_ON, "activity: one written", "publish: put in place"])
def test_a_kill_anywhere_leaves_nothing_that_a_rerun_does_not_complete(
    woven: Configuration, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 42, 1: by SIGKILL, and with a night in between, while the source still has the learner."""
    command = [sys.executable, "-m", "pipelines.command_line.cli", "erase", GONE, "--config", str(woven.path)]
    monkeypatch.setenv(crash_points.ENVIRONMENT, point)
    assert subprocess.run(command, check=False, cwd=ROOT, capture_output=True).returncode == -signal.SIGKILL
    monkeypatch.delenv(crash_points.ENVIRONMENT)
    client = create_app(woven).test_client()
    assert client.get(PAGE).status_code == 404
    assert client.get(OWN, headers=replay.bearer(GONE)).headers["X-Pulse-Learner"] == "unknown"
    replay.night(woven, LAST_DAY, LAST_DAY)
    assert client.get(OWN, headers=replay.bearer(GONE)).headers["X-Pulse-Learner"] == "unknown"
    if point != "erase: learner suppressed":  # or else the night, and not the erasure, has seen some of it first
        assert_gone_after_a_rerun(woven)
    else:
        assert pulse(woven, "erase", GONE) == 0
        assert places_with(woven) == []


@pytest.mark.slow
def test_an_erasure_on_a_disk_that_fails_at_any_call_is_completed_by_a_rerun(nights: Path, tmp_path: Path) -> None:
    """FAULTS 42, 2: exit 1, and it says that it is not complete."""
    tmp_path.joinpath("shim").mkdir()
    with failing_disk(tmp_path / "shim") as disk:
        for number in count(1, CALLS_BETWEEN):
            folder = tmp_path / str(number)
            shutil.copytree(nights, folder, symlinks=True)
            configuration = placed(folder)
            words = ["erase", GONE, "--config", configuration.path]
            ended = disk.run(words, failing_at(number, configuration.data_dir))
            if ended.failed is None:
                break
            assert ended.code == 1, ended
            has_begun = ended.failed[1].name != "run.lock"
            assert ("the erasure is not complete, run it again" in ended.said) == has_begun
            assert "Traceback" not in ended.said
            assert disk.run(words, {}).code == 0
            assert places_with(configuration) == []
            assert [receipt["finished_at"] is None for receipt in receipts(configuration)] == [False]
            shutil.rmtree(folder)
    assert (ended.code, number > 100) == (0, True)


# --- what stands in the way -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_pin_does_not_hold_an_erasure_back(woven: Configuration) -> None:
    """FAULTS 42, 10: the pinned version knows the learner."""
    warehouse = Warehouse.of(woven)
    warehouse.rollback()
    receipt = erase(woven, GONE).receipt.content
    assert (receipt["pin"], warehouse.pin) == (FIRST, None)
    assert warehouse.kept() == [warehouse.current()] == [receipt["version"]]
    assert sequence_of(receipt["version"]) > sequence_of(SECOND)
    with pytest.raises(NoVersionError, match="nothing to roll back to"):
        warehouse.rollback()
    with pytest.raises(NoVersionError):
        warehouse.rollback(SECOND)


def spoil(configuration: Configuration) -> None:
    """Land more bad rows than any night may publish."""
    import sqlite3

    with closing(sqlite3.connect(configuration.path.parent / "platform.sqlite")) as database, database:
        rows = [(f"bad-{n}", STAYS, "2026-03-04 12:00", "many") for n in range(25)]
        database.executemany("insert into xp_events (id, user_id, created_at, amount) values (?, ?, ?, ?)", rows)
    land(Night.of(configuration), configuration.streams["xp_events"], [LAST_DAY], accept_shrink=True)


@pytest.mark.slow
def test_a_guard_does_not_hold_an_erasure_back_and_the_manifest_says_so(woven: Configuration) -> None:
    """FAULTS 42, 9: of the quarantine here, and of what shrinks, as much of the last week's XP is the learner's."""
    spoil(woven)
    with pytest.raises(CheckFailedError, match="quarantine_within_budget"):
        publish_lake(Night.of(woven))
    assert erase(woven, GONE).failure is None
    warehouse = Warehouse.of(woven)
    assert warehouse.manifest(warehouse.current() or "").accepted == ("accept_shrink", "accept_quarantine")
    assert places_with(woven) == []


def unbuildable(configuration: Configuration) -> Configuration:
    """Add a stream that has not landed a day: no day is complete, so nothing can be built."""
    text = configuration.path.read_text()
    _, section, rest = text.partition("[streams.quiz_attempts]")
    stream = section.replace("quiz", "new") + rest.partition("\n[")[0].replace("quiz_attempts", "new_attempts")
    configuration.path.write_text(text + "\n" + stream + "\n")
    return load(configuration.path, uses=["sources", "auth"])


def test_where_no_version_can_be_made_those_with_the_learner_go_all_the_same(
    woven: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 42: privacy wins over being served; exit code 1 and the way out."""
    warehouse = Warehouse.of(woven)
    client = create_app(woven).test_client()
    assert client.get(OWN, headers=replay.bearer(STAYS)).status_code == 200
    unbuildable(woven)
    capsys.readouterr()
    assert pulse(woven, "erase", GONE) == 1
    out, err = capsys.readouterr()
    receipt = json.loads(out)
    assert receipt["version"] is None
    assert set(counts(receipt, "after").values()) == {0}
    assert "no day is complete under the present configuration" in err
    assert "served now: nothing; correct it and run `pulse build`" in err
    assert (warehouse.current(), warehouse.kept()) == (None, [])
    assert places_with(woven) == []
    # what the server has open goes on for everybody else
    assert client.get(OWN, headers=replay.bearer(STAYS)).status_code == 200
    assert client.get(OWN, headers=replay.bearer(GONE)).headers["X-Pulse-Learner"] == "unknown"


@pytest.mark.slow
def test_an_older_version_that_never_knew_the_learner_is_served_where_no_new_one_can_be_made(
    woven: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 42."""
    late = {"user_id": "late", "username": "late", "timezone": "UTC", "is_public": 1}
    world = replace(WOVEN, users_landings=((LAST_DAY, [*USERS, late]),))
    platforms.write(world, f"sqlite:///{woven.path.parent}/platform.sqlite")
    assert replay.night(woven, LAST_DAY, LAST_DAY).version == "pulse-2026-03-04-000003"
    unbuildable(woven)
    assert pulse(woven, "erase", "late") == 1
    assert f"served now: {SECOND}" in capsys.readouterr().err
    warehouse = Warehouse.of(woven)
    assert (warehouse.current(), warehouse.kept()) == (SECOND, [FIRST, SECOND])


def test_before_anything_is_published_an_erasure_is_complete_without_a_version(
    woven: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 42."""
    shutil.rmtree(Warehouse.of(woven).root)
    unbuildable(woven)
    assert pulse(woven, "erase", GONE) == 0
    assert json.loads(capsys.readouterr().out)["version"] is None
    assert places_with(woven) == []
