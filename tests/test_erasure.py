"""Erasing a learner: what is left is a world without that learner, wherever the erasure may have died (FAULTS 42, 41).

Whom the list of erased learners keeps out, and what the server makes of it at once, is `test_suppression.py`.
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
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.all_steps import publish_lake
from assets.erase import erase as erasing
from assets.erase import find_learner
from assets.erase.receipt import unfinished
from assets.night.night import Night
from assets.reconcile.reconcile import reconcile
from assets.step2_land.land import land
from serve.app import create_app
from tests import erasures, oracle, platforms, replay
from tests.erased_worlds import FIRST_DAY, GONE, LAST_DAY, LOOKALIKES, STAYS, USERS, WOVEN, without
from tests.erasing import erase
from tests.erasures import FIRST, SECOND, dying_at, placed, places_with, pulse, receipts
from tests.faults.failing_disk import failing_at, failing_disk
from tests.oracle import World
from tests.worlds import worlds
from warehouse import crash_points
from warehouse.configuration.configuration import Configuration, load
from warehouse.disk import lock
from warehouse.erasure.suppression import read_list
from warehouse.errors import CheckFailedError, NoVersionError
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import sequence_of
from warehouse.versions.versions import Warehouse

ROOT = Path(__file__).parents[1]
PAGE = "/profile/gone"
OWN = "/api/xp/learning-pulse"
CALLS_BETWEEN = 19  # of the calls that can fail, one is tried and so many are not
# Before these, nobody is erased yet: `attack/test_erasure_that_died.py`.
FROM_THE_LIST_ON = crash_points.NAMES_OF_ERASURE[crash_points.NAMES_OF_ERASURE.index("erase: learner suppressed") :]
A_FEW = settings(max_examples=max(2, settings().max_examples // 20))

# What the receipt has to say, counted by hand in `erased_worlds.py`.
IN_LAKE = {
    "accepted_quarantine": 4,  # one of them without a day
    "activity": 4,  # two UTC days of one date each, one of them with a session over midnight, and one more
    "basis": 1,
    "profiles": 1,
    "quiz_attempts": 1,
    "quiz_attempts, undated": 0,
    "restatements": 0,
    "retired": 1,
    "retired, undated": 1,
    "sessions": 2,
    "sessions, quarantine": 1,
    "sessions, undated": 0,
    "users": 1,
    "xp_events": 5,
    "xp_events, duplicates": 2,
    "xp_events, quarantine": 2,
    "xp_events, undated": 1,
    "zones": 1,
}


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return erasures.two_nights(tmp_path_factory.mktemp("woven"))


@pytest.fixture
def woven(nights: Path, tmp_path: Path) -> Configuration:
    """A copy of it of the test's own."""
    shutil.copytree(nights, tmp_path, symlinks=True, dirs_exist_ok=True)
    return placed(tmp_path)


def counts(receipt: dict[str, Any], when: str) -> dict[str, int]:
    return {place: count[when] for place, count in receipt["lake"].items()}


# --- what is left ---------------------------------------------------------------------------------------------------


def test_what_is_left_is_the_world_without_the_learner_and_stays_so(woven: Configuration) -> None:
    """FAULTS 42: also after a backfill, a build from the lake alone, and a night under another mapping."""
    assert erase(woven, GONE.upper()).failure is None
    replay.assert_equals_the_oracle(without(WOVEN, GONE), woven)
    warehouse = Warehouse.of(woven)
    erased = warehouse.manifest(warehouse.current() or "").logical_hash
    assert replay.night(woven, FIRST_DAY, LAST_DAY).logical_hash == erased
    shutil.rmtree(warehouse.root)
    rebuilt = publish_lake(Night.of(woven))
    assert rebuilt is not None
    assert rebuilt.logical_hash == erased
    streams = (replace(WOVEN.streams[0], timezone="Asia/Kathmandu"), *WOVEN.streams[1:])
    elsewhere = replace(WOVEN, streams=streams)
    mapped = placed(woven.path.parent, elsewhere)
    replay.night(mapped, LAST_DAY, LAST_DAY)
    replay.assert_equals_the_oracle(without(elsewhere, GONE), mapped)
    assert places_with(mapped) == []


@pytest.mark.slow
def test_a_reconciliation_brings_nobody_back_nor_does_a_source_that_forgets_the_learner_too(
    woven: Configuration,
) -> None:
    """FAULTS 42, 16: the source's own figures stay what it said, whoever is left out of what lands."""
    erase(woven, GONE)
    warehouse = Warehouse.of(woven)
    erased = warehouse.manifest(warehouse.current() or "").logical_hash
    comparison, _ = reconcile(Night.of(woven))
    assert comparison.drifts == []
    platforms.write(without(WOVEN, GONE), f"sqlite:///{woven.path.parent}/platform.sqlite")
    comparison, restated = reconcile(Night.of(woven))
    assert ("sessions", LAST_DAY) in {(drift.landing.stream, drift.landing.day) for drift in comparison.drifts}
    assert restated is not None
    assert restated.manifest is not None
    assert restated.manifest.logical_hash == erased


def test_no_byte_of_the_data_folder_has_the_id_any_more(woven: Configuration) -> None:
    """FAULTS 42: not in leftovers of killed runs either, nor in a version that was built and never published."""
    warehouse, lake = Warehouse.of(woven), Lake.of(woven)
    assert len(places_with(woven)) > 15  # or else this finds nothing at all
    leftovers = [
        lake.root / "xp_events" / ".2026-03-02.parquet.unfinished",
        lake.root / ".users.unfinished" / "spool.parquet",
        warehouse.building("pulse-2026-03-04-000099"),
        warehouse.file("pulse-2026-03-04-000098"),
        woven.data_dir / "tmp" / "duckdb_temp_storage_DEFAULT-0.tmp",
    ]
    for place in leftovers:
        place.parent.mkdir(exist_ok=True)
        place.write_text(GONE)
    erase(woven, GONE)
    assert places_with(woven) == []
    assert [place for place in leftovers if place.exists()] == []
    assert warehouse.kept() == [warehouse.current()]


def test_the_receipt_has_counts_before_and_after_and_not_the_id(woven: Configuration) -> None:
    """FAULTS 42."""
    receipt = erase(woven, GONE).receipt
    content = receipt.content
    assert counts(content, "before") == IN_LAKE
    assert counts(content, "after") == dict.fromkeys(IN_LAKE, 0)
    in_version = {table: count["before"] for table, count in content["versions"][SECOND].items()}
    assert in_version.items() >= {"users": 1, "daily_activity": 3, "pulse_totals": 1, "quarantine": 4}.items()
    assert {count["after"] for tables in content["versions"].values() for count in tables.values()} == {0}
    assert (content["version"], content["versions_deleted"]) == (Warehouse.of(woven).current(), [FIRST, SECOND])
    assert content["learner_sha256"] == read_list(Lake.of(woven).suppressed).hash_of(GONE)
    assert receipts(woven) == [content]
    assert receipt.path.name == f"{content['begun_at'].replace(':', '-')}-000001.json"
    assert GONE[:8] not in receipt.to_json().lower()


def test_learners_who_look_alike_are_untouched(woven: Configuration) -> None:
    """FAULTS 42, 37: composed and decomposed, upper and lower case."""
    content = erase(woven, "zo\u00eb").receipt.content
    assert (counts(content, "before")["xp_events"], counts(content, "after")["xp_events"]) == (1, 0)
    replay.assert_equals_the_oracle(without(WOVEN, "zo\u00eb"), woven)


@pytest.mark.slow
def test_one_after_the_other_can_be_erased_whatever_the_id(woven: Configuration) -> None:
    """FAULTS 42, 37: quotes, a newline, a text that runs backwards, a kilobyte."""
    world = WOVEN
    for user_id in LOOKALIKES:
        world = without(world, user_id)
        content = erase(woven, user_id).receipt.content
        assert (counts(content, "before")["xp_events"], counts(content, "after")["xp_events"]) == (1, 0)
        replay.assert_equals_the_oracle(world, woven)


@pytest.mark.parametrize(
    ("user_id", "row", "wanted", "is_theirs"),
    [
        ("ana", None, "ana", True),
        ("ANA", None, "ana", False),
        ("ana", '{"user_id": "ben"}', "ben", False),  # the column decides
        (None, '{"user_id": "ana"}', "ana", True),
        (None, '{"user_id": "ANA"}', "ana", False),
        (None, json.dumps({"user_id": GONE.upper()}), GONE, True),
        (None, '{"user_id": null, "event_id": "ana"}', "ana", False),
        (None, '{"username": "ana"}', "ana", False),
        (None, json.dumps({"user_id": "a\0b"}), "a\0b", True),
        (None, json.dumps({"user_id": "\u202e7"}), "\u202e7", True),
        (None, json.dumps({"user_id": 'a"\n\\'}), 'a"\n\\', True),
        # cut at 1,000 characters: it may be theirs, so it goes
        (None, json.dumps({"user_id": "é" * 1000}), "é" * 1001, True),
        (None, json.dumps({"user_id": "é" * 1000}), "é" * 1000, True),
        (None, json.dumps({"user_id": "é" * 999}), "é" * 1000, False),
        (None, "no JSON at all", "ana", False),
        (None, None, "ana", False),
    ],
)
def test_whose_a_row_is(
    woven: Configuration, user_id: str | None, row: str | None, wanted: str, *, is_theirs: bool
) -> None:
    condition = find_learner.is_of_learner(("user_id", "row"))
    query = f"select {condition} from (select $found::varchar as user_id, $row::varchar as row)"
    with find_learner.connected(Night.of(woven)) as connection:
        found = connection.execute(query, {"found": user_id, "row": row, "user_id": wanted}).fetchall()
    assert found == [(is_theirs,)]


@pytest.mark.slow
@A_FEW
@given(worlds(), st.data())
def test_any_learner_of_any_world_can_be_erased(world: World, data: st.DataObject) -> None:
    """FAULTS 42."""
    ids = {oracle.identifier(row["user_id"])[0] for _, rows in world.users_landings for row in rows}
    learner = data.draw(st.sampled_from(sorted(user_id for user_id in ids if user_id)))
    with replay.sqlite_platform() as platform:
        configuration = replay.replayed(world, platform)
        assert erase(configuration, learner).failure is None
        replay.assert_equals_the_oracle(without(world, learner), configuration)


# --- dying on the way -----------------------------------------------------------------------------------------------


def assert_gone_after_a_rerun(configuration: Configuration) -> None:
    assert pulse(configuration, "erase", GONE) == 0
    (receipt,) = receipts(configuration)
    assert counts(receipt, "before").items() >= IN_LAKE.items()
    assert set(counts(receipt, "after").values()) == {0}
    assert {FIRST, SECOND} <= set(receipt["versions_deleted"])
    assert Warehouse.of(configuration).kept() == [receipt["version"]]
    assert unfinished(Lake.of(configuration)) == []
    replay.assert_equals_the_oracle(without(WOVEN, GONE), configuration)
    assert places_with(configuration) == []


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


# --- the command ----------------------------------------------------------------------------------------------------


def test_who_is_unknown_gets_a_receipt_with_zeros_and_is_kept_out_all_the_same(
    woven: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 42: versions and pin stay, there is nothing to be gone."""
    warehouse = Warehouse.of(woven)
    warehouse.rollback()
    assert pulse(woven, "erase", "nobody") == 0
    receipt = json.loads(capsys.readouterr().out)
    assert set(counts(receipt, "before").values()) == {0}
    assert (receipt["version"], receipt["versions_deleted"]) == (None, [])
    assert warehouse.kept() == [FIRST, SECOND]
    assert warehouse.pin is not None
    assert read_list(Lake.of(woven).suppressed).holds("nobody")


def test_who_is_erased_twice_gets_a_second_receipt(woven: Configuration, capsys: pytest.CaptureFixture[str]) -> None:
    pulse(woven, "erase", GONE)
    capsys.readouterr()
    assert pulse(woven, "erase", GONE.upper()) == 0
    first, second = receipts(woven)
    assert first["learner_sha256"] == second["learner_sha256"]
    assert json.loads(capsys.readouterr().out) == second
    assert set(counts(second, "before").values()) == {0}


@pytest.mark.parametrize("user_id", ["", "\udcff"])
def test_what_is_no_id_is_wrong_usage(woven: Configuration, user_id: str) -> None:
    assert pulse(woven, "erase", user_id) == 2
    assert not Lake.of(woven).suppressed.exists()


def test_nothing_is_erased_while_another_run_is_on(
    woven: Configuration, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 6."""
    with lock.run_lock(woven, "a night"):
        monkeypatch.setattr(lock, "_held", set())
        assert pulse(woven, "erase", GONE) == 3
    assert capsys.readouterr().out == ""
    assert not Lake.of(woven).suppressed.exists()


@pytest.mark.slow
def test_an_erasure_that_fails_on_the_way_says_that_it_has_to_be_run_again(
    woven: Configuration, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(erasing, "erase_from_lake", fail)
    assert pulse(woven, "erase", GONE) == 1
    assert "the erasure is not complete, run it again" in capsys.readouterr().err
    monkeypatch.undo()
    assert_gone_after_a_rerun(woven)


# --- answers --------------------------------------------------------------------------------------------------------


def test_a_running_server_forgets_the_learner_and_no_rollback_brings_him_back(woven: Configuration) -> None:
    """FAULTS 41, 42: his page is 404, his own answer that of a learner whom nobody knows."""
    client = create_app(woven).test_client()

    def ask(user_id: str) -> Any:
        return client.get(OWN, headers=replay.bearer(user_id))

    assert client.get(PAGE).status_code == 200
    before = ask(GONE)
    assert before.get_json()["total_sessions"] == 2
    erase(woven, GONE)
    tag = {"If-None-Match": before.headers["ETag"]}
    after = client.get(OWN, headers={**replay.bearer(GONE), **tag})
    assert (after.status_code, after.headers["X-Data-Version"]) == (200, Warehouse.of(woven).current())
    assert after.data == ask("nobody").data
    assert client.get(PAGE).status_code == 404
    assert client.get(PAGE).data == client.get("/profile/nobody").data
    for version in (None, FIRST, SECOND):
        with pytest.raises(NoVersionError):
            Warehouse.of(woven).rollback(version)
    assert ask(GONE).data == after.data
