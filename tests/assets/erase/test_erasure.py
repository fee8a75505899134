"""Erasing a learner: what is left is a world without that learner (FAULTS 42, 41).

Whom the list of erased learners keeps out, and what the server makes of it at once, is
`tests/warehouse/erasure/test_suppression.py`. An erasure that dies on the way is `test_erasure_interrupted.py`'s.
"""

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.all_steps import publish_lake
from assets.erase import erase as erasing
from assets.erase import find_learner
from assets.night.night import Night
from assets.reconcile.reconcile import reconcile
from serve.app import create_app
from tests.assets.erase.after_an_erasure import IN_LAKE, OF_PROFILE, OWN, PAGE, assert_gone_after_a_rerun, counts
from tests.oracle import oracle
from tests.oracle.oracle import World
from tests.oracle.worlds import worlds
from tests.support.erasing.erase import erase
from tests.support.erasing.woven_lake import FIRST, SECOND, placed, places_with, pulse, receipts
from tests.support.erasing.woven_world import FIRST_DAY, GONE, LAST_DAY, LOOKALIKES, WOVEN, without
from tests.support.platforms import platforms
from tests.support.running import replay
from warehouse.configuration.configuration import Configuration
from warehouse.disk import lock
from warehouse.erasure.suppression import read_list
from warehouse.errors import NoVersionError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

A_FEW = settings(max_examples=max(2, settings().max_examples // 20))


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
        warehouse.building_lookup_file("pulse-2026-03-04-000099"),
        warehouse.lookup_file("pulse-2026-03-04-000097"),
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
    assert in_version.items() >= {"users": 1, "daily_activity": 3, "pulse_totals": 1, "quarantine": 6}.items()
    assert {name: in_version[name] for name in OF_PROFILE} == OF_PROFILE
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
        found = connection.execute(query, {"found": user_id, "row": row, "ids": [wanted]}).fetchall()
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


@pytest.mark.slow
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


@pytest.mark.slow
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
