"""A list of erased learners that is whole, and not the newest: it would bring back whoever is not on it (FAULTS 70).

A list that cannot be read, or is gone, is `test_erased_unknown.py`.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from assets.all_steps import publish_lake
from assets.night.night import Night
from pipelines.command_line import cli
from serve.app import create_app
from tests.support.erasing.erase import erase
from tests.support.erasing.woven_lake import dying_at
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, PATH, SECOND, SECOND_NIGHT, bearer
from warehouse import crash_points
from warehouse.condition import damage, readiness
from warehouse.configuration.configuration import Configuration, load
from warehouse.erasure import suppression
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

OPS_TOKEN = "an-ops-token-of-these-tests"
FOR_OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}
GUARDS = ("accept_shrink", "accept_quarantine")
COMMANDS = (["build"], ["nightly", "--day", str(SECOND_NIGHT)], ["erase", "ben"])


@pytest.fixture
def served(nights: Path, tmp_path: Path) -> Configuration:
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    return small_platform.configure(configuration, ops_token=OPS_TOKEN)


def place_of(configuration: Configuration) -> Path:
    return Lake.of(configuration).suppressed


def learners_on(place: Path) -> list[str]:
    found: list[str] = json.loads(place.read_text())["sha256"]
    return found


def rewritten(place: Path, **changed: object) -> None:
    place.write_text(json.dumps({**json.loads(place.read_text()), **changed}))


def detailed(client: FlaskClient) -> list[str]:
    found: list[str] = client.get("/health/detailed", headers=FOR_OPS).get_json()["warnings"]
    return [warning for warning in found if warning.startswith("eras")]


def assert_nobody_is_answered(client: FlaskClient) -> None:
    for learner in (ANA, BEN, "nobody"):
        answer = client.get(PATH, headers=bearer(learner))
        assert (answer.status_code, list(answer.get_json())) == (503, ["detail"])
        assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/profile/nobody").status_code == 503
    assert client.get(PATH).status_code == 401
    assert detailed(client) == ["erased_unknown"]


def assert_ana_is_erased(client: FlaskClient) -> None:
    answer = client.get(PATH, headers=bearer(ANA))
    assert (answer.status_code, answer.headers["X-Pulse-Learner"]) == (200, "unknown")
    assert client.get(PATH, headers=bearer(BEN)).get_json()["total_quizzes"] == 3
    assert detailed(client) == []


def of_an_older_backup(place: Path) -> None:
    rewritten(place, sha256=[one for one in learners_on(place) if one == OLDER])


def with_somebody_else_instead(place: Path) -> None:
    rewritten(place, sha256=[OLDER, "0" * 64])


def with_nobody(place: Path) -> None:
    rewritten(place, sha256=[])


def of_another_lake(place: Path) -> None:
    rewritten(place, salt="00" * 16, sha256=["1" * 64, "2" * 64, "3" * 64])


OLDER = suppression.Suppressed("ab" * 16).hash_of("somebody-else")
OLDS = [of_an_older_backup, with_somebody_else_instead, with_nobody, of_another_lake]


@pytest.fixture(scope="module")
def erased_once(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two learners have been erased, the second of them Ana; what the receipts say is on the list."""
    folder = tmp_path_factory.mktemp("erased")
    configuration = small_platform.copied(nights, folder, SECOND)
    place_of(configuration).write_text(json.dumps({"salt": "ab" * 16, "sha256": []}))
    assert erase(configuration, "somebody-else").failure is None
    assert learners_on(place_of(configuration)) == [OLDER]
    assert erase(configuration, ANA).failure is None
    return folder


@pytest.fixture
def erased(erased_once: Path, tmp_path: Path) -> Configuration:
    """A copy of it of the test's own."""
    shutil.copytree(erased_once, tmp_path, symlinks=True, dirs_exist_ok=True)
    configuration = load(tmp_path / "pulse.toml", uses=["sources", "auth"])
    return small_platform.configure(configuration, ops_token=OPS_TOKEN)


# --- receipts know better ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make_older", OLDS, ids=lambda make_older: make_older.__name__)
def test_under_an_older_list_nobody_is_answered_until_the_newest_is_back(
    erased: Configuration, make_older: Callable[[Path], None]
) -> None:
    """FAULTS 70: it was a warning, and Ana was answered again from a version that still had her."""
    place = place_of(erased)
    newest = place.read_bytes()
    running = create_app(erased).test_client()
    assert_ana_is_erased(running)
    make_older(place)
    for client in (running, create_app(erased).test_client()):
        assert_nobody_is_answered(client)
        place.write_bytes(newest)
        assert_ana_is_erased(client)
        make_older(place)


@pytest.mark.parametrize("make_older", OLDS, ids=lambda make_older: make_older.__name__)
def test_no_command_goes_on_with_an_older_list(
    erased: Configuration, make_older: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 70: `build` refuses as `nightly` does, and so does `erase`."""
    place = place_of(erased)
    make_older(place)
    older, before = place.read_bytes(), Warehouse.of(erased).current()
    for words in COMMANDS:
        assert cli.main([words[0], "--config", str(erased.path), *words[1:]]) == 1
        said = capfd.readouterr().err
        assert "is an older one: " in said
        assert "restore it from a backup" in said
    assert (place.read_bytes(), Warehouse.of(erased).current()) == (older, before)
    with pytest.raises(DamagedError, match="is an older one"):
        readiness.refuse_unusable(erased)
    assert any("is an older one" in line for line in damage.culprits(erased.data_dir))


def test_a_folder_of_receipts_that_cannot_be_looked_at_is_not_an_empty_one(
    erased: Configuration, capfd: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 70: a sibling, on the side of what knows better."""
    folder = Lake.of(erased).erasures
    client = create_app(erased).test_client()
    assert_ana_is_erased(client)
    folder.rename(folder.with_name("hidden"))
    folder.write_text("a file where the folder was")
    assert_nobody_is_answered(client)
    assert cli.main(["build", "--config", str(erased.path)]) == 1
    assert str(folder) in capfd.readouterr().err
    folder.unlink()
    folder.with_name("hidden").rename(folder)
    assert_ana_is_erased(client)


def test_a_receipt_that_somebody_has_written_to_keeps_nobody_from_answering(erased: Configuration) -> None:
    """`pulse status` names it; what the list has to have is said by the others."""
    for content in (b"{", b"[]", b'{"learner_sha256": 7, "begun_at": "", "finished_at": null}'):
        next(iter(sorted(Lake.of(erased).erasures.iterdir()))).write_bytes(content)
        assert_ana_is_erased(create_app(erased).test_client())


# --- manifests and the process know better ----------------------------------------------------------------------------


def test_a_manifest_remembers_how_many_were_erased(served: Configuration, capfd: pytest.CaptureFixture[str]) -> None:
    """FAULTS 70: also of a version that is not current, and where the receipts have been put elsewhere."""
    place, warehouse = place_of(served), Warehouse.of(served)
    for user_id in ("somebody", "somebody-else"):
        suppression.suppress(place, user_id)
    assert publish_lake(Night.of(served)) is not None
    warehouse.rollback()
    rewritten(place, sha256=learners_on(place)[:1])
    for words in COMMANDS:
        assert cli.main([words[0], "--config", str(served.path), *words[1:]]) == 1
        assert "it has 1, and a version was made with 2; restore it from a backup" in capfd.readouterr().err
    warehouse.unpin()
    warehouse.point_to(warehouse.newest() or "")
    assert_nobody_is_answered(create_app(served).test_client())


def test_a_server_remembers_whom_it_has_read(served: Configuration) -> None:
    """FAULTS 70: where neither a receipt nor a manifest says so yet; a new list of as many is not enough."""
    place = place_of(served)
    suppression.suppress(place, ANA)
    newest = place.read_bytes()
    client = create_app(served).test_client()
    assert_ana_is_erased(client)
    for older in ([], ["0" * 64]):
        rewritten(place, sha256=older)
        assert_nobody_is_answered(client)
    place.write_bytes(newest)
    assert_ana_is_erased(client)
    suppression.suppress(place, "somebody-else")
    assert_ana_is_erased(client)


# --- what is no older list --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_at_no_point_of_an_erasure_the_server_takes_the_list_for_an_older_one(
    served: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 70, 75: the receipt is begun before the list, which it does not ask for until the learner is on it."""
    client = create_app(served).test_client()
    asked: dict[str, list[Any]] = {}

    def ask(point: str) -> None:
        for one in (client, create_app(served).test_client()):
            answer = one.get(PATH, headers=bearer(ANA))
            asked.setdefault(point, []).append((answer.status_code, answer.headers.get("X-Pulse-Learner", "known")))

    for module in ("assets.erase.erase", "assets.erase.lake", "warehouse.versions.withdrawal"):
        monkeypatch.setattr(f"{module}.reached", ask)
    erase(served, ANA)
    first = crash_points.NAMES_OF_ERASURE.index("erase: learner suppressed")
    for number, point in enumerate(crash_points.NAMES_OF_ERASURE):
        assert set(asked[point]) == {(200, "known" if number < first else "unknown")}, point


@pytest.mark.slow
def test_the_list_of_a_first_erasure_that_died_is_no_older_one(served: Configuration) -> None:
    """FAULTS 75: an erasure that begins again, or another one, goes on from there."""
    for point in ("erase: list made", "erase: receipt begun"):
        with dying_at(point):
            erase(served, ANA)
        assert create_app(served).test_client().get(PATH, headers=bearer(ANA)).status_code == 200
    assert erase(served, BEN).failure is None
    assert publish_lake(Night.of(served)) is not None


def test_list_and_receipts_are_read_when_they_change_and_not_with_every_request(
    erased: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 70: two looks at what the files are, and no more."""
    client = create_app(erased).test_client()
    assert_ana_is_erased(client)
    lake, read_text, read = Lake.of(erased), Path.read_text, []

    def reading(path: Path, *args: Any, **kwargs: Any) -> str:
        if path == lake.suppressed or path.parent == lake.erasures:
            read.append(path)
        return read_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", reading)
    for _ in range(20):
        assert client.get(PATH, headers=bearer(BEN)).status_code == 200
    assert read == []
    suppression.make_list(lake.suppressed)  # changes nothing
    read.clear()
    with dying_at("erase: receipt begun"):
        erase(erased, BEN)
    read.clear()
    assert client.get(PATH, headers=bearer(BEN)).status_code == 200
    assert len(read) == 4  # the list, and three receipts


# --- ways out ---------------------------------------------------------------------------------------------------------


def test_what_receipts_say_can_be_put_on_an_older_list(erased: Configuration) -> None:
    """The way out of docs/guide/erase.md where no newer backup is left."""
    place = place_of(erased)
    of_an_older_backup(place)
    receipts = [json.loads(receipt.read_text()) for receipt in Lake.of(erased).erasures.iterdir()]
    rewritten(place, sha256=sorted({receipt["learner_sha256"] for receipt in receipts}))
    assert_ana_is_erased(create_app(erased).test_client())
    assert publish_lake(Night.of(erased), GUARDS) is not None


@pytest.mark.slow
def test_who_shall_come_back_is_taken_off_list_and_receipts_and_the_warehouse_is_built_anew(
    erased: Configuration,
) -> None:
    """The way back of docs/guide/erase.md, with servers that start again."""
    lake = Lake.of(erased)
    (receipt,) = [place for place in lake.erasures.iterdir() if OLDER not in place.read_text()]
    receipt.unlink()
    of_an_older_backup(lake.suppressed)
    shutil.rmtree(Warehouse.of(erased).root)
    small_platform.publish(erased, SECOND_NIGHT)
    client = create_app(erased).test_client()
    assert "X-Pulse-Learner" not in client.get(PATH, headers=bearer(ANA)).headers
    assert detailed(client) == []
