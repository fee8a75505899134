"""What every answer has in common: who may keep it, who may read it, how it is packed.

Through the app; what only the real server can show is in `test_clients.py` and `tests/serve/test_server.py`. What is
logged of an answer is `test_access_log.py`'s.
"""

import gzip
import json
import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve.http.cors import EXPOSED_HEADERS
from tests.serve.http.asking import LISTED, PUBLIC, UNLISTED, ask, client_on, varies
from tests.support.platforms.small_platform import ANA, ANSWERS, BEN, FIRST, IDLE, KIM, PATH, SECOND, bearer
from warehouse.versions.versions import Warehouse

# --- who may keep it ------------------------------------------------------------------------------------------------


def test_who_holds_the_answer_is_told_so_without_a_body(client: FlaskClient) -> None:
    full = ask(client)
    again = ask(client, If_None_Match=full.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "X-Data-Version", "X-Data-Through"):
        assert again.headers[name] == full.headers[name]
    assert "Content-Type" not in again.headers
    assert again.headers["X-Request-Id"] != full.headers["X-Request-Id"]


TAGS = {
    "the tag": ("{tag}", 304),
    "the tag as a strong one": ("{strong}", 304),
    "one of several": ('"other", {tag}', 304),
    "anything": ("*", 304),
    "another": ('W/"0123456789abcdef0123456789abcdef"', 200),
    "the tag without quotes, as some send it": ("{bare}", 304),
    "garbage": ('"', 200),
    "nothing": ("", 200),
}


@pytest.mark.parametrize(("sent", "status"), TAGS.values(), ids=TAGS)
def test_the_tag_is_compared_as_http_says(client: FlaskClient, sent: str, status: int) -> None:
    tag = ask(client).headers["ETag"]
    found = re.fullmatch(r'W/("([0-9a-f]{32})")', tag)
    assert found
    text = sent.format(tag=tag, strong=found[1], bare=found[2])
    assert ask(client, If_None_Match=text).status_code == status


def test_a_tag_is_compared_only_after_authorisation(client: FlaskClient) -> None:
    tag = ask(client).headers["ETag"]
    assert client.get(PATH, headers={"If-None-Match": tag}).status_code == 401
    assert client.get(PATH, headers={"If-None-Match": "*"}).status_code == 401


def test_over_a_publish_it_is_304_before_and_200_after_and_304_again_after_a_rollback(
    nights: Path, tmp_path: Path
) -> None:
    """FAULTS 41."""
    client = client_on(nights, tmp_path, FIRST)
    warehouse = Warehouse(tmp_path / "var" / "warehouse")
    old = ask(client).headers["ETag"]
    assert ask(client, If_None_Match=old).status_code == 304
    warehouse.point_to(SECOND)
    after = ask(client, If_None_Match=old)
    assert (after.status_code, after.get_json()) == (200, ANSWERS[ANA][SECOND])
    assert ask(client, If_None_Match=after.headers["ETag"]).status_code == 304
    warehouse.rollback()
    assert ask(client, If_None_Match=old).status_code == 304
    assert ask(client, If_None_Match=after.headers["ETag"]).get_json() == ANSWERS[ANA][FIRST]


def test_no_cache_can_give_one_learner_the_answer_of_another(client: FlaskClient) -> None:
    """FAULTS 41: no shared cache keeps it, a private one tells credentials apart, and tags differ."""
    anas, bens = ask(client, ANA), ask(client, BEN)
    assert anas.headers["Cache-Control"] == "private, no-cache"
    assert varies(anas) >= {"Authorization", "X-API-Key", "Origin"}
    assert anas.headers["ETag"] != bens.headers["ETag"]
    mixed = ask(client, BEN, If_None_Match=anas.headers["ETag"])
    assert (mixed.status_code, mixed.data) == (200, bens.data)
    unknown = [ask(client, user_id).headers["ETag"] for user_id in ("stranger", "another stranger")]
    assert len({*unknown, anas.headers["ETag"], bens.headers["ETag"]}) == 4


@pytest.mark.parametrize("path", [PATH, "/nothing-here", PUBLIC])
def test_an_error_is_kept_by_nobody(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code in {401, 404}
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


def test_the_headers_say_what_the_levels_are_made_of(client: FlaskClient) -> None:
    headers = ask(client).headers
    assert headers["X-Pulse-Timezone"] == "UTC"
    assert ask(client, KIM).headers["X-Pulse-Timezone"] == "Pacific/Kiritimati"
    assert headers["X-Pulse-Metric"] == "xp_earned"
    assert headers["X-Pulse-Cuts"] == "10,20,40"
    assert headers["X-Pulse-Population"] == "own"
    assert "X-Pulse-Learner" not in headers


def test_a_learner_without_activity_and_an_unknown_one_say_so(client: FlaskClient) -> None:
    """R14."""
    idle, unknown = ask(client, IDLE).headers, ask(client, "stranger").headers
    assert idle["X-Pulse-Population"] == unknown["X-Pulse-Population"] == "platform"
    assert "X-Pulse-Learner" not in idle
    assert unknown["X-Pulse-Learner"] == "unknown"
    assert unknown["X-Pulse-Timezone"] == "Asia/Tokyo"
    assert unknown["X-Pulse-Cuts"] == ""


# --- how it is packed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.1", "gzip"),
        ("zstd", None),
        ("identity", None),
        ("br;q=0, gzip;q=0", None),
        ("br;q=0.0, gzip;q=0.001", "gzip"),
        ("", None),
    ],
)
def test_a_body_travels_packed_as_the_client_likes_it(client: FlaskClient, accepts: str, encoding: str | None) -> None:
    response = ask(client, Accept_Encoding=accepts)
    assert response.headers.get("Content-Encoding") == encoding
    assert "Accept-Encoding" in varies(response)
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}[encoding]
    assert json.loads(unpack(response.data)) == ANSWERS[ANA][SECOND]
    assert int(response.headers["Content-Length"]) == len(response.data)
    assert ask(client, Accept_Encoding=accepts, If_None_Match=response.headers["ETag"]).status_code == 304


def test_whoever_changes_the_packing_still_holds_the_answer(client: FlaskClient) -> None:
    packed = ask(client, Accept_Encoding="br").headers["ETag"]
    assert packed == ask(client).headers["ETag"] == ask(client, Accept_Encoding="gzip").headers["ETag"]


def test_errors_travel_as_they_are(client: FlaskClient) -> None:
    response = client.get("/" + "x" * 5000, headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 404
    assert "Content-Encoding" not in response.headers
    assert b"xxx" not in response.data


def test_head_has_the_headers_of_get(client: FlaskClient) -> None:
    for accepts in ("", "br"):
        got = ask(client, Accept_Encoding=accepts)
        head = client.head(PATH, headers=bearer() | {"Accept-Encoding": accepts})
        own = {"X-Request-Id", "Date"}
        assert {k: v for k, v in head.headers if k not in own} == {k: v for k, v in got.headers if k not in own}
        assert (head.status_code, head.data) == (200, b"")


# --- browsers -------------------------------------------------------------------------------------------------------


def cors(response: TestResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers if name.startswith("Access-Control-")}


def preflight(client: FlaskClient, path: str, origin: str) -> TestResponse:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    return client.options(path, headers={"Origin": origin} | asked)


def test_a_listed_page_may_call_and_read(client: FlaskClient) -> None:
    """FAULTS 38."""
    response = preflight(client, PATH, LISTED)
    assert (response.status_code, response.data) == (204, b"")
    assert cors(response) == {
        "Access-Control-Allow-Origin": LISTED,
        "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, X-API-Key, If-None-Match",
        "Access-Control-Max-Age": "600",
    }
    assert "Origin" in varies(response)
    read = ask(client, Origin=LISTED)
    assert cors(read) == {
        "Access-Control-Allow-Origin": LISTED,
        "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
    }
    named = {name for name in read.headers.keys() if name.startswith(("X-Pulse", "X-Data", "X-Request", "ETag"))}  # noqa: SIM118 - not a dict
    assert named <= set(EXPOSED_HEADERS)


@pytest.mark.parametrize(
    "origin", [UNLISTED, "null", LISTED + "/", LISTED.upper(), LISTED + ":443", "https://www.example.com.evil.com", "*"]
)
def test_no_other_page_may(client: FlaskClient, origin: str) -> None:
    """FAULTS 38."""
    response = preflight(client, PATH, origin)
    assert (response.status_code, cors(response)) == (204, {})
    assert cors(ask(client, Origin=origin)) == {}
    assert "Origin" in varies(ask(client, Origin=origin))


@pytest.mark.parametrize(("path", "method", "status"), [(PATH, "GET", 401), ("/none", "GET", 404), (PATH, "POST", 405)])
def test_a_listed_page_may_read_errors_too(client: FlaskClient, path: str, method: str, status: int) -> None:
    response = client.open(path, method=method, headers={"Origin": LISTED})
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == LISTED
    assert cors(client.open(path, method=method, headers={"Origin": UNLISTED})) == {}


@pytest.mark.parametrize("path", [PUBLIC, "/embed/learning-pulse.js", "/openapi.json"])
def test_what_is_public_may_be_read_by_every_page(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"Origin": UNLISTED}).headers["Access-Control-Allow-Origin"] == "*"
    assert preflight(client, path, UNLISTED).headers["Access-Control-Allow-Origin"] == "*"


def test_no_answer_sets_a_cookie_or_allows_credentials(client: FlaskClient) -> None:
    for path in (PATH, PUBLIC, "/openapi.json", "/health", "/none"):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            response = client.open(path, method=method, headers=bearer() | {"Origin": LISTED})
            assert "Access-Control-Allow-Credentials" not in response.headers
            assert "Set-Cookie" not in response.headers


def test_options_names_the_methods_and_on_an_unknown_path_there_are_none(client: FlaskClient) -> None:
    """FAULTS 38."""
    response = client.options(PATH)
    assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert "Content-Type" not in response.headers
    assert cors(response) == {}
    for path in ("/none", PATH + "/", "*"):
        assert preflight(client, path, LISTED).status_code == 404


@pytest.mark.parametrize("path", [PATH, PUBLIC, "/health", "/none"])
def test_every_answer_keeps_browsers_careful(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Server" not in headers
