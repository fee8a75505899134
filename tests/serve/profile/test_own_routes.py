"""What holds for every own route: who may ask, and that nobody is answered with anything of anybody else.

The routes are those of the description (`tests/serve/own_locations.py`), and that has those of the app: one that is
added is asked here, or fails. What each answers is `test_profile_routes.py`'s and the oracle's.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve.app import create_app
from tests.oracle import oracle
from tests.oracle.parts import oracle_answers
from tests.serve.credentials.forgeries import FORGED_HEADERS, REFUSAL, TWO_CREDENTIALS
from tests.serve.own_locations import DESCRIBED, LOCATIONS, OWN
from tests.serve.profile import gone_learners
from tests.serve.profile.gone_learners import (
    AFTER,
    BEFORE,
    DELETED,
    ERASED,
    EVERYBODY,
    FIRST_DAY,
    FIRST_NIGHT,
    GONE,
    PRIVATE,
    SECOND_NIGHT,
    STAYS,
    VANISHED,
    XP_OF,
)
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import PATH, SECOND
from tests.support.running.replay import NOBODY, bearer
from warehouse.configuration.configuration import Configuration
from warehouse.erasure import suppression
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

OPS_TOKEN = "the-token-of-those-who-look-after-it"
OPEN_API = "/api/xp/public-profile/"  # all else under /api is somebody's own
# How a careless server may be made to believe that somebody else asks.
HINTS = {
    "X-User-Id": ERASED,
    "X-Forwarded-User": STAYS,
    "X-Learner": PRIVATE,
    "Cookie": f"user_id={STAYS}; sub={STAYS}",
}
ASKED_FOR_OTHERS = "&".join(f"{name}={STAYS}" for name in ("user_id", "user", "username", "learner", "sub", "id"))
OF_EVERY_REQUEST = {"X-Request-Id", "ETag"}


# --- every route ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app with every route that there is."""
    configuration = small_platform.copied(nights, tmp_path_factory.mktemp("own"), SECOND)
    return create_app(small_platform.configure(configuration, ops_token=OPS_TOKEN))


def test_every_route_of_the_app_is_described_and_own_where_it_should_be(small: Flask) -> None:
    """Whoever adds a route describes it, and with it come all tests here; under /api it is own, or fails."""
    rules = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in small.url_map.iter_rules()}
    assert rules == DESCRIBED.keys()
    assert {rule for rule in rules if rule.startswith("/api/") and not rule.startswith(OPEN_API)} == {*OWN}


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("header", FORGED_HEADERS.values(), ids=FORGED_HEADERS)
def test_a_forgery_is_refused_everywhere(small: Flask, header: str | None, location: str) -> None:
    """FAULTS 31 to 34."""
    response = small.test_client().get(location, headers={} if header is None else {"Authorization": header})
    assert (response.status_code, response.get_json()) == (401, REFUSAL)


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("headers", TWO_CREDENTIALS.values(), ids=TWO_CREDENTIALS)
def test_two_credentials_are_400_everywhere(small: Flask, headers: dict[str, str], location: str) -> None:
    assert small.test_client().get(location, headers=headers).status_code == 400


# --- whoever is gone is nobody, and nobody is anybody else ----------------------------------------------------------


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """Two versions, and nobody erased yet."""
    return gone_learners.two_nights(tmp_path_factory.mktemp("gone"))


@pytest.fixture(scope="module")
def client(published: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The app after everybody who is gone is."""
    configuration = gone_learners.copied(published, tmp_path_factory.mktemp("erased") / "copy")
    with create_app(gone_learners.without_the_erased(configuration)).test_client() as client:
        yield client


def shown(response: TestResponse) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers, but for what tells requests and tags apart."""
    headers = {name: value for name, value in response.headers.items() if name not in OF_EVERY_REQUEST}
    return response.status_code, response.data, headers


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("learner", GONE)
def test_who_is_gone_is_answered_as_nobody(client: FlaskClient, learner: str, location: str) -> None:
    """R14: a deleted learner, one who has vanished, and an erased one; not a byte tells them from a stranger."""
    gone, nobody = (client.get(location, headers=bearer(user_id)) for user_id in (learner, NOBODY))
    assert gone.status_code == 200
    assert gone.headers["X-Pulse-Learner"] == "unknown"
    assert shown(gone) == shown(nobody)


@pytest.mark.parametrize("learner", [*EVERYBODY, NOBODY])
def test_every_answer_is_what_the_oracle_says_without_who_is_gone(client: FlaskClient, learner: str) -> None:
    """Zeros for whoever is gone; of the others not a number has anything of them, nor of another route."""
    world = gone_learners.world([user for user in AFTER if user["user_id"] != ERASED])
    expected = oracle_answers.bodies(world, learner) | {PATH: oracle.body(world, learner)}
    for location, body in expected.items():
        assert client.get(location, headers=bearer(learner)).get_json() == body, location
    for (_, day), why in oracle_answers.dates(world, [learner], [FIRST_DAY, FIRST_NIGHT, SECOND_NIGHT]).items():
        answer = client.get(f"{PATH}/{day}", headers=bearer(learner)).get_json()
        assert answer.items() >= {name: value for name, value in why.items() if name != "landings"}.items()
    assert (expected["/api/xp/profile"]["total_xp"] == 0) == (learner in {*GONE, NOBODY})


@pytest.mark.parametrize("learner", [STAYS, PRIVATE])
def test_who_is_private_has_their_own_answers_and_no_page(client: FlaskClient, learner: str) -> None:
    """Own routes are for the learner; strangers get what they get of a name that nobody has."""
    assert client.get("/api/xp/profile", headers=bearer(learner)).get_json()["total_xp"] == 2 * XP_OF[learner]
    for place in ("/profile/{}", "/api/xp/public-profile/{}", "/api/xp/public-profile/{}/pulse.svg"):
        page, nobodys = (client.get(place.format(name)) for name in (f"name of {learner}", "name of nobody"))
        assert (page.status_code == 200) == (learner == STAYS)
        if learner == PRIVATE:
            assert shown(page) == shown(nobodys)


@pytest.mark.parametrize("learner", GONE)
@pytest.mark.parametrize("place", ["/profile/{}", "/api/xp/public-profile/{}", "/api/xp/public-profile/{}/pulse.svg"])
def test_who_is_gone_has_no_page(client: FlaskClient, learner: str, place: str) -> None:
    page, nobodys = (client.get(place.format(name)) for name in (f"name of {learner}", "name of nobody"))
    assert page.status_code == 404
    assert shown(page) == shown(nobodys)


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("learner", [*EVERYBODY, NOBODY])
def test_nobody_is_answered_with_anything_of_anybody_else(client: FlaskClient, learner: str, location: str) -> None:
    """Whatever a request says of others beside its credential."""
    plain = client.get(location, headers=bearer(learner))
    asked = f"{location}{'&' if '?' in location else '?'}{ASKED_FOR_OTHERS}"
    assert shown(client.get(asked, headers=bearer(learner) | HINTS)) == shown(plain)
    for other in EVERYBODY:
        if other != learner:
            for secret in (other, *(str(number * XP_OF[other]) for number in (1, 2) if other != STAYS)):
                assert secret not in plain.text
                assert secret not in str(plain.headers)


def test_no_tag_of_one_learner_is_fresh_for_another_or_for_another_route(client: FlaskClient) -> None:
    """Nor does a tag of before an erasure: each is asked for with all the others."""
    learners = (*EVERYBODY, NOBODY)
    tags = {
        (learner, location): client.get(location, headers=bearer(learner)).headers["ETag"]
        for learner in learners
        for location in LOCATIONS
    }
    assert len({*tags.values()}) == len(tags)
    for (learner, location), tag in tags.items():
        others = ", ".join(other for other in tags.values() if other != tag)
        for sent, status in ((others, 200), (tag, 304)):
            response = client.get(location, headers=bearer(learner) | {"If-None-Match": sent})
            assert response.status_code == status, (learner, location)


@pytest.mark.parametrize("learner", GONE)
def test_a_tag_of_when_the_learner_was_there_is_fresh_no_more(
    published: Configuration, tmp_path: Path, learner: str
) -> None:
    """From the moment of an erasure on, also before any version is made without the learner, and after a rollback."""
    configuration = gone_learners.copied(published, tmp_path / "copy")
    warehouse = Warehouse.of(configuration)
    first, second = warehouse.kept()
    warehouse.point_to(first)
    client = create_app(configuration).test_client()
    held = {location: client.get(location, headers=bearer(learner)) for location in LOCATIONS}
    assert all("X-Pulse-Learner" not in response.headers for response in held.values())
    if learner == ERASED:
        suppression.suppress(Lake.of(configuration).suppressed, learner)
    else:
        warehouse.point_to(second)
    nobodys = create_app(configuration).test_client()
    for location, before in held.items():
        sent = bearer(learner) | {"If-None-Match": before.headers["ETag"]}
        answer = answer_of_version(client, location, sent, first if learner == ERASED else second)
        assert answer.headers["X-Pulse-Learner"] == "unknown"
        assert shown(answer) == shown(nobodys.get(location, headers=bearer(NOBODY)))


def answer_of_version(client: FlaskClient, location: str, headers: dict[str, str], version: str) -> TestResponse:
    """Return the answer; an app follows the pointer with the request that finds it moved."""
    response = client.get(location, headers=headers)
    assert (response.status_code, response.headers["X-Data-Version"]) == (200, version)
    return response


def test_everybody_was_there_before(published: Configuration, tmp_path: Path) -> None:
    """Or else nobody is gone."""
    configuration = gone_learners.copied(published, tmp_path / "copy")
    warehouse = Warehouse.of(configuration)
    warehouse.point_to(warehouse.kept()[0])
    client, world = create_app(configuration).test_client(), gone_learners.world(BEFORE, FIRST_NIGHT)
    for learner in (DELETED, VANISHED, ERASED):
        expected = oracle_answers.bodies(world, learner)
        for location in ("/api/xp/streak-status", "/api/xp/profile", "/api/xp/weekly-activity"):
            assert client.get(location, headers=bearer(learner)).get_json() == expected[location]
