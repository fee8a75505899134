"""An erasure that died is known from its first step on, and whom the list has, no build has (FAULTS 75).

That a rerun completes it, and what is left then, is `tests/assets/erase/test_erasure.py`.
"""

import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step4_roll_up.activity import roll_up
from assets.step5_build.build import build
from assets.step7_publish.waiting_version import version_built
from serve.app import create_app
from tests.oracle.oracle import World
from tests.support.erasing import woven_lake
from tests.support.erasing.erase import erase
from tests.support.erasing.woven_lake import dying_at, placed, places_with, pulse, receipts
from tests.support.erasing.woven_world import FIRST_DAY, GONE, LAST_DAY, STAYS, WOVEN, without
from tests.support.repository import ROOT
from tests.support.running import replay
from warehouse import crash_points
from warehouse.configuration.configuration import Configuration
from warehouse.erasure import suppression
from warehouse.errors import CheckFailedError
from warehouse.lake.lake import Lake
from warehouse.versions.schema import tables
from warehouse.versions.versions import Warehouse

OWN = "/api/xp/learning-pulse"
OPS_TOKEN = "an-ops-token-of-these-tests"
NOT_COMPLETE = "and not complete; run `pulse erase` for it again"
SUPPRESSED = "erase: learner suppressed"
BUILD = ("build", "--accept-shrink")  # much of this small world is the learner's
ORDER = crash_points.NAMES_OF_ERASURE
BEFORE_THE_LIST, FROM_THE_LIST_ON = ORDER[: ORDER.index(SUPPRESSED)], ORDER[ORDER.index(SUPPRESSED) :]
ON_THE_WAY = ("activity: one put in place", "build: filled", "publish: restatements recorded", "publish: switched")
# Others than the first are spelled so that a careless comparison loses them.
LEARNERS = (GONE, STAYS, "zo\u00eb", "o'brien", "a\nb")


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return woven_lake.two_nights(tmp_path_factory.mktemp("woven"))


@pytest.fixture
def woven(nights: Path, tmp_path: Path) -> Configuration:
    """A copy of it of the test's own."""
    shutil.copytree(nights, tmp_path, symlinks=True, dirs_exist_ok=True)
    return placed(tmp_path)


def without_all(learners: set[str]) -> World:
    world = WOVEN
    for user_id in learners:
        world = without(world, user_id)
    return world


def said(configuration: Configuration, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert pulse(configuration, *words) == 0
    return capsys.readouterr().out


def text_of(version: Path) -> str:
    """Everything that an analyst can read in a version's file."""
    with (
        TemporaryDirectory() as folder,  # a server of this process may have the file open in its own way
        duckdb.connect(shutil.copy(version, folder), read_only=True) as connection,
    ):
        return "".join(str(connection.execute(f"from {table.name}").fetchall()) for table in tables())


def assert_is_in_no_build(configuration: Configuration, learners: set[str]) -> None:
    """What was built last is the world without the learners, and the lake has none of them left."""
    warehouse = Warehouse.of(configuration)
    assert warehouse.current() == warehouse.newest()
    replay.assert_equals_the_oracle(without_all(learners), configuration)
    published = text_of(warehouse.pointer.resolve())
    lake = Lake.of(configuration).root
    for user_id in learners:
        assert repr(user_id)[1:-1] not in published
        if user_id == GONE:  # of the others there are texts that only look like them
            assert not [place for place in places_with(configuration, user_id) if place.is_relative_to(lake)]


# --- it is known ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_before_the_first_step_nothing_is_begun(woven: Configuration, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 75: a list with nobody on it, by whose salt the first receipt can say whose it is."""
    with dying_at("erase: list made"):
        erase(woven, GONE)
    assert suppression.read_list(Lake.of(woven).suppressed).hashes == frozenset()
    assert NOT_COMPLETE not in said(woven, capsys, "status")
    client = create_app(woven).test_client()
    assert client.get(OWN, headers=replay.bearer(GONE)).get_json()["total_sessions"] == 2
    assert erase(woven, GONE).failure is None
    assert places_with(woven) == []


@pytest.mark.slow
def test_an_erasure_is_known_before_anything_is_done(woven: Configuration, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 75: nobody is on the list yet, which the receipt does not ask for; a rerun finishes it."""
    with dying_at("erase: receipt begun"):
        erase(woven, GONE.upper())
    (receipt,) = receipts(woven)
    assert (receipt["listed_at"], receipt["finished_at"], receipt["lake"]) == (None, None, {})
    assert GONE not in json.dumps(receipt).lower()
    assert NOT_COMPLETE in said(woven, capsys, "status")
    client = create_app(woven).test_client()
    assert client.get(OWN, headers=replay.bearer(GONE)).get_json()["total_sessions"] == 2
    said(woven, capsys, *BUILD)
    finished = json.loads(said(woven, capsys, "erase", GONE))
    assert receipts(woven) == [finished]
    assert finished["begun_at"] == receipt["begun_at"] <= finished["listed_at"] <= finished["finished_at"]
    assert NOT_COMPLETE not in said(woven, capsys, "status")
    assert places_with(woven) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", ["erase: receipt begun", SUPPRESSED])
def test_the_server_warns_of_it_until_it_is_complete(woven: Configuration, point: str) -> None:
    """FAULTS 75: whoever watches the server need not think of `pulse status`."""
    serve = woven.serve.model_copy(update={"ops_token": OPS_TOKEN})
    client = create_app(woven.model_copy(update={"serve": serve})).test_client()

    def warnings() -> list[str]:
        found = client.get("/health/detailed", headers={"Authorization": f"Bearer {OPS_TOKEN}"}).get_json()["warnings"]
        return [warning for warning in found if warning.startswith("eras")]

    assert warnings() == []
    with dying_at(point):
        erase(woven, GONE)
    assert warnings() == ["erasure_unfinished"]
    erase(woven, GONE)
    assert warnings() == []


# --- what the list has is obeyed --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_build_after_an_erasure_that_died_has_nothing_of_the_learner(
    woven: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 75: killed between list and receipt, the next `build` published the learner and nothing said so."""
    with dying_at(SUPPRESSED):
        erase(woven, GONE)
    assert NOT_COMPLETE in said(woven, capsys, "status")
    said(woven, capsys, *BUILD)
    assert_is_in_no_build(woven, {GONE})
    assert NOT_COMPLETE in said(woven, capsys, "status")  # the versions before still have the learner
    (receipt,) = receipts(woven)
    assert receipt["lake"]["xp_events"] == {"before": 5, "after": 5}  # counted before the build took them away
    assert erase(woven, GONE).receipt.content["lake"]["xp_events"] == {"before": 5, "after": 0}
    assert places_with(woven) == []
    assert NOT_COMPLETE not in said(woven, capsys, "status")


@pytest.mark.one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize("point", [*FROM_THE_LIST_ON, *ON_THE_WAY])
def test_killed_anywhere_it_is_known_and_the_next_build_has_nothing_of_the_learner(
    woven: Configuration, point: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 75, 1: by SIGKILL."""
    command = [sys.executable, "-m", "pipelines.command_line.cli", "erase", GONE, "--config", str(woven.path)]
    monkeypatch.setenv(crash_points.ENVIRONMENT, point)
    assert subprocess.run(command, check=False, cwd=ROOT, capture_output=True).returncode == -signal.SIGKILL
    monkeypatch.delenv(crash_points.ENVIRONMENT)
    assert NOT_COMPLETE in said(woven, capsys, "status")
    said(woven, capsys, *BUILD)
    assert_is_in_no_build(woven, {GONE})
    said(woven, capsys, "erase", GONE)
    assert places_with(woven) == []
    assert NOT_COMPLETE not in said(woven, capsys, "status")


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 4])
def test_a_build_that_dies_while_it_leaves_the_learner_out_is_completed_by_the_next(
    woven: Configuration, times: int
) -> None:
    """FAULTS 75, 1."""
    suppression.suppress(Lake.of(woven).suppressed, GONE)
    with dying_at("erase: one file replaced", times):
        publish_lake(Night.of(woven), replay.GUARDS)
    publish_lake(Night.of(woven), replay.GUARDS)
    assert_is_in_no_build(woven, {GONE})


def test_a_version_that_waited_to_be_published_is_gone_before_the_learner_is_on_the_list(woven: Configuration) -> None:
    """FAULTS 75: materialized alone, Dagster's asset of the published file would have put it in place."""
    roll_up(Night.of(woven))
    assert build(Night.of(woven)) is not None
    with dying_at("erase: receipt begun"):
        erase(woven, GONE)
    assert version_built(Night.of(woven))
    with dying_at(SUPPRESSED):
        erase(woven, GONE)
    with pytest.raises(CheckFailedError, match="no version that was built to its end waits"):
        version_built(Night.of(woven))


@pytest.mark.slow
def test_a_lake_that_came_back_from_a_backup_brings_nobody_back(
    woven: Configuration, nights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 75: the list is the newest, everything else is of before; no version names the learner any more."""
    erase(woven, GONE)
    restore(woven, nights, every_file(nights))
    said(woven, capsys, *BUILD)
    assert_is_in_no_build(woven, {GONE})
    assert [receipt["lake"]["xp_events"]["after"] for receipt in receipts(woven)] == [0, 0]
    assert NOT_COMPLETE not in said(woven, capsys, "status")


def every_file(nights: Path) -> list[Path]:
    lake = nights / "var" / "lake"
    return sorted(place.relative_to(lake) for place in lake.rglob("*.parquet"))


def restore(configuration: Configuration, nights: Path, places: list[Path]) -> None:
    for place in places:
        copy = Lake.of(configuration).root / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(nights / "var" / "lake" / place, copy)


@pytest.mark.one_in(4)
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_of_kills_restored_files_and_runs_no_build_has_whom_the_list_has(
    woven: Configuration, nights: Path, seed: int
) -> None:
    """FAULTS 75, 1, 42: learners of every spelling, erasures that die anywhere, parts of the lake from a backup."""
    chance = random.Random(seed)
    listed: set[str] = set()

    def erasure_dies() -> None:
        user_id, point = chance.choice(LEARNERS), chance.choice((*ORDER, *ON_THE_WAY))
        try:
            with dying_at(point, chance.choice((1, 2))):
                erase(woven, user_id)
        except BaseException as unreached:  # pytest's own: the point was not come to, so it was completed
            if "DID NOT RAISE" not in str(unreached):
                raise
        if suppression.read_list(Lake.of(woven).suppressed).holds(user_id):
            listed.add(user_id)
        else:
            assert point in BEFORE_THE_LIST

    def files_come_back() -> None:
        places = every_file(nights)
        restore(woven, nights, chance.sample(places, chance.randint(1, len(places))))

    def run_and_look() -> None:
        published = chance.choice(
            (
                lambda: publish_lake(Night.of(woven), replay.GUARDS),
                lambda: replay.night(woven, LAST_DAY, LAST_DAY),
                lambda: replay.night(woven, FIRST_DAY, LAST_DAY),
            )
        )()
        assert published is not None
        assert_is_in_no_build(woven, listed)

    for _ in range(8):
        chance.choice((erasure_dies, erasure_dies, files_come_back, run_and_look))()
    run_and_look()
    for user_id in sorted(listed):
        assert erase(woven, user_id).failure is None
    assert not any(GONE in text_of(place) for place in Warehouse.of(woven).root.glob("versions/*.duckdb")) or (
        GONE not in listed
    )
    unlisted = [receipt for receipt in receipts(woven) if receipt["finished_at"] is None]
    assert all(receipt["listed_at"] is None for receipt in unlisted)
