"""Files that say whom nobody may see: while one of them cannot be read, nothing is shown that it could forbid.

What the list of erased learners says is the matter of `tests/warehouse/erasure/test_suppression.py`, who has a public
page that of `tests/serve/public/test_public_profile.py`.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from assets.all_steps import publish_lake
from assets.night.night import Night
from pipelines.command_line import cli
from serve.app import create_app
from serve.http.errors import UnansweredError
from serve.public.profiles import Profiles
from tests.support.erasing.erase import erase
from tests.support.platforms import public_platform, small_platform
from tests.support.platforms.public_platform import ADA
from tests.support.platforms.small_platform import ANA, ANSWERS, BEN, PATH, SECOND, SECOND_NIGHT, UNKNOWN, bearer
from warehouse.configuration.configuration import Configuration, load
from warehouse.erasure import suppression
from warehouse.errors import PulseError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

SECRET = "the secret of a public platform, over 32 bytes"
OPS_TOKEN = "an-ops-token-of-these-tests"
FOR_OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}


@pytest.fixture
def served(nights: Path, tmp_path: Path) -> Configuration:
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    return small_platform.configure(configuration, ops_token=OPS_TOKEN)


def place_of(configuration: Configuration) -> Path:
    return Lake.of(configuration).suppressed


def detailed(client: FlaskClient) -> list[str]:
    found: list[str] = client.get("/health/detailed", headers=FOR_OPS).get_json()["warnings"]
    return [warning for warning in found if warning != "stale"]


def assert_nobody_is_answered(client: FlaskClient) -> None:
    for learner in (ANA, BEN, "nobody"):
        for extra in ({}, {"If-None-Match": "*"}):
            answer = client.get(PATH, headers={**bearer(learner), **extra})
            assert (answer.status_code, list(answer.get_json())) == (503, ["detail"])
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.headers["Cache-Control"] == "no-store"
    assert client.get(PATH).status_code == 401
    assert client.get("/health").status_code == 200
    assert detailed(client) == ["erased_unknown"]


def assert_ana_is_erased(client: FlaskClient) -> None:
    assert client.get(PATH, headers=bearer(ANA)).get_json() == UNKNOWN[SECOND]
    assert client.get(PATH, headers=bearer(BEN)).get_json()["total_quizzes"] == 3
    assert detailed(client) == []


def truncate(place: Path) -> None:
    place.write_bytes(place.read_bytes()[:-20])


def half_of_the_sums(place: Path) -> None:
    content = json.loads(place.read_text())
    place.write_text(json.dumps({**content, "sha256": "".join(content["sha256"])}))


def a_sum_cut_short(place: Path) -> None:
    content = json.loads(place.read_text())
    place.write_text(json.dumps({**content, "sha256": [content["sha256"][0][:-1]]}))


def empty(place: Path) -> None:
    place.write_bytes(b"")


def a_folder(place: Path) -> None:
    place.unlink()
    place.mkdir()


def a_loop(place: Path) -> None:
    place.unlink()
    place.symlink_to(place.name)


HURT = [truncate, half_of_the_sums, a_sum_cut_short, empty, a_folder, a_loop, Path.unlink]


@pytest.mark.parametrize("hurt", HURT, ids=lambda hurt: hurt.__name__)
def test_while_the_list_cannot_be_read_nobody_is_answered_and_health_says_so(
    served: Configuration, hurt: Callable[[Path], object]
) -> None:
    """FAULTS 70: under a server that has read it."""
    place = place_of(served)
    suppression.suppress(place, ANA)
    good = place.read_text()
    client = create_app(served).test_client()
    assert_ana_is_erased(client)
    hurt(place)
    assert_nobody_is_answered(client)
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    place.write_text(good)
    assert_ana_is_erased(client)


@pytest.mark.parametrize("hurt", HURT[:-1], ids=lambda hurt: hurt.__name__)
def test_a_worker_that_starts_beside_a_damaged_list_answers_nobody(
    served: Configuration, hurt: Callable[[Path], object]
) -> None:
    """FAULTS 70: the worker that took the place of another had 176 sessions for the erased learner."""
    place = place_of(served)
    suppression.suppress(place, ANA)
    hurt(place)
    assert_nobody_is_answered(create_app(served).test_client())


def test_a_read_that_fails_for_a_moment_is_tried_again_at_once(
    served: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 70: the failure stuck to the file's stamp until somebody touched the file."""
    place = place_of(served)
    suppression.suppress(place, ANA)
    client = create_app(served).test_client()
    read_text, failures = Path.read_text, iter([OSError(24, "Too many open files"), OSError(5, "Input/output error")])

    def failing(path: Path, *args: Any, **kwargs: Any) -> str:
        if path == place and (failure := next(failures, None)):
            raise failure
        return read_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", failing)
    statuses = [client.get(PATH, headers=bearer(ANA)).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert_ana_is_erased(client)


def test_a_folder_that_cannot_be_entered_answers_nobody(served: Configuration) -> None:
    """FAULTS 70: `stat` itself fails, which is not to say that there is no list."""
    client = create_app(served).test_client()
    assert client.get(PATH, headers=bearer(ANA)).get_json() == ANSWERS[ANA][SECOND]
    lake = Lake.of(served).root
    hidden = lake.with_name("hidden")
    lake.rename(hidden)
    lake.write_text("a file where the folder was")
    assert client.get(PATH, headers=bearer(ANA)).status_code == 503
    lake.unlink()
    hidden.rename(lake)
    assert client.get(PATH, headers=bearer(ANA)).status_code == 200


def test_a_list_that_is_gone_is_remembered_by_the_manifest(served: Configuration) -> None:
    """FAULTS 70: neither this process nor a receipt knows of it."""
    place = place_of(served)
    suppression.suppress(place, ANA)
    manifest = publish_lake(Night.of(served))
    assert manifest is not None
    assert manifest.erased == 1
    place.unlink()
    client = create_app(served).test_client()
    assert_nobody_is_answered(client)
    with pytest.raises(PulseError, match=r"the list of erased learners .* is gone, and .*; restore it from a backup"):
        publish_lake(Night.of(served))


def test_a_list_that_is_gone_is_remembered_by_receipts(served: Configuration) -> None:
    """FAULTS 70: of an erasure of a learner who never landed there is no version, only a receipt."""
    assert erase(served, "somebody-else").failure is None
    place_of(served).unlink()
    assert_nobody_is_answered(create_app(served).test_client())


def test_without_any_erasure_no_list_is_no_fault(served: Configuration) -> None:
    client = create_app(served).test_client()
    assert client.get(PATH, headers=bearer(ANA)).get_json() == ANSWERS[ANA][SECOND]
    assert detailed(client) == []


@pytest.mark.parametrize("words", [["build"], ["nightly", "--day", str(SECOND_NIGHT)], ["erase", "ben"]])
def test_no_command_goes_on_without_the_list(
    served: Configuration, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 70: `build` published from a lake of which nobody knew whom it may name."""
    place = place_of(served)
    suppression.suppress(place, ANA)
    before = Warehouse.of(served).current()
    truncate(place)
    assert cli.main([words[0], "--config", str(served.path), *words[1:]]) == 1
    assert "restore it from a backup" in capfd.readouterr().err
    assert Warehouse.of(served).current() == before


@pytest.mark.parametrize("words", [["build"], ["nightly", "--day", str(SECOND_NIGHT)], ["erase", "ben"]])
def test_no_command_takes_a_list_that_is_gone_for_an_empty_one(
    served: Configuration, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 70."""
    assert erase(served, "somebody-else").failure is None
    place_of(served).unlink()
    assert cli.main([words[0], "--config", str(served.path), *words[1:]]) == 1
    assert "is gone, and there are receipts; restore it from a backup" in capfd.readouterr().err
    assert not place_of(served).exists()


def test_a_manifest_from_before_it_said_how_many_were_erased_is_read(served: Configuration) -> None:
    warehouse = Warehouse.of(served)
    place = warehouse.manifest_file(SECOND)
    content = json.loads(place.read_text())
    del content["erased"]
    place.write_text(json.dumps(content))
    assert warehouse.manifest(SECOND) == replace(warehouse.manifest(SECOND), erased=0)


# --- public names -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    configuration = public_platform.make(tmp_path_factory.mktemp("public") / "platform", 30)
    public_platform.publish(configuration)
    return configuration


@pytest.fixture
def shown(published: Configuration, tmp_path: Path) -> Configuration:
    folder = tmp_path / "platform"
    shutil.copytree(published.path.parent, folder, symlinks=True)
    path = folder / "pulse.toml"
    path.write_text(path.read_text().replace(str(published.path.parent), str(folder)))
    configuration = load(path, uses=["sources", "auth", "serve"])
    serve = configuration.serve.model_copy(update={"ops_token": OPS_TOKEN, "rate_limit_public": ""})
    return configuration.model_copy(update={"serve": serve})


def public_paths(name: str) -> list[str]:
    profile = f"/api/xp/public-profile/{name}"
    return [profile, f"{profile}/pulse.svg", f"/profile/{name}"]


def test_while_the_list_cannot_be_read_no_public_name_is_answered(shown: Configuration) -> None:
    """FAULTS 70: a name that is nobody's too, or the difference would tell names apart."""
    client = create_app(shown).test_client()
    place_of(shown).write_text("{")
    for path in [*public_paths("ada"), *public_paths("nobody-at-all")]:
        assert client.get(path).status_code == 503


def cut(place: Path) -> None:
    os.truncate(place, place.stat().st_size // 2)


def overwrite(place: Path) -> None:
    place.write_bytes(b"PAR1" + bytes(place.stat().st_size - 8) + b"PAR1")


def hurt_in_the_middle(place: Path) -> None:
    content = bytearray(place.read_bytes())
    content[4:40] = b"\xff" * 36  # a page of the first column: the footer is whole
    place.write_bytes(content)


@pytest.mark.parametrize("hurt", [cut, overwrite, hurt_in_the_middle, a_folder], ids=lambda hurt: hurt.__name__)
@pytest.mark.parametrize("is_asked_before", [True, False], ids=["under a server", "before a worker starts"])
def test_public_names_that_cannot_be_read_are_503_with_a_warning_and_own_answers_go_on(
    shown: Configuration, hurt: Callable[[Path], object], *, is_asked_before: bool
) -> None:
    """FAULTS 70: every name was 500, and health said ok."""
    place = Lake.of(shown).profiles
    good = place.read_bytes()
    client = create_app(shown).test_client()
    if is_asked_before:
        assert client.get(public_paths("ada")[0]).status_code == 200
    hurt(place)
    for path in [*public_paths("ada"), *public_paths("nobody-at-all"), *public_paths("%FF")]:
        answer = client.get(path)
        assert (answer.status_code, list(answer.get_json())) == (503, ["detail"])
    own = client.get(PATH, headers={"Authorization": f"Bearer {small_platform.token(ADA, key=SECRET)}"})
    assert own.status_code == 200
    assert detailed(client) == ["profiles_unreadable"]
    shutil.rmtree(place) if place.is_dir() else None
    place.write_bytes(good)
    assert client.get(public_paths("ada")[0]).status_code == 200
    assert detailed(client) == []


def test_public_names_that_are_missing_though_learners_have_landed_are_a_warning(shown: Configuration) -> None:
    """A sibling: nothing is shown that should not be, but every page is gone and somebody should know."""
    client = create_app(shown).test_client()
    Lake.of(shown).profiles.unlink()
    assert [client.get(path).status_code for path in public_paths("ada")] == [404] * 3
    assert detailed(client) == ["profiles_missing"]


def test_a_file_of_public_names_that_is_bad_is_not_read_for_every_request(shown: Configuration) -> None:
    now = [0.0]
    place = Lake.of(shown).profiles
    good = place.read_bytes()
    profiles = Profiles(place, lambda: now[0])
    hurt_in_the_middle(place)
    status = place.stat()
    with pytest.raises(UnansweredError):
        profiles.find("ada")
    with place.open("r+b") as file:
        file.write(good)
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(UnansweredError, match="a moment ago"):
        profiles.find("ada")
    now[0] += 1
    assert profiles.find("ada") == ("ada", ADA)
