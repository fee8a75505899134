"""What every answer has in common: who may keep it, who may read it, how it is packed, what is logged of it.

Through the app; what only the real server can show is in `test_clients.py` and `tests/serve/test_server.py`.
"""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve import app
from serve.http.access_log import AccessLog
from serve.http.clients import Clients
from serve.http.cors import EXPOSED_HEADERS
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, ANSWERS, BEN, FIRST, IDLE, KIM, PATH, SECOND, bearer
from warehouse.versions.versions import Warehouse

LISTED, UNLISTED = "https://www.example.com", "https://evil.example.com"
PUBLIC = "/api/xp/public-profile/nobody"
PROXY = "10.0.0.1"


def client_on(nights: Path, folder: Path, version: str | None, **serve: Any) -> FlaskClient:
    configuration = small_platform.copied(nights, folder, version)
    return app.create_app(small_platform.configure(configuration, **serve)).test_client()


@pytest.fixture(scope="module")
def client(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("manners")
    with client_on(nights, folder, SECOND, cors_origins=[LISTED], trusted_proxies=[PROXY]) as client:
        yield client


def ask(client: FlaskClient, user_id: object = ANA, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(PATH, headers=bearer(user_id) | named)


def varies(response: TestResponse) -> set[str]:
    return {name.strip() for name in response.headers["Vary"].split(",")}


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


@pytest.mark.parametrize("path", [PUBLIC, "/openapi.json"])
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


# --- the request's number, and what is logged -----------------------------------------------------------------------


def test_every_answer_has_a_number_of_its_own(client: FlaskClient) -> None:
    asked = [(PATH, "GET"), (PATH, "OPTIONS"), (PATH, "POST"), ("/none", "GET"), ("/health", "HEAD")] * 2
    numbers = [client.open(path, method=method).headers["X-Request-Id"] for path, method in asked]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"[0-9a-f]{16}", number) for number in numbers)


@pytest.mark.parametrize(
    ("by", "given", "is_taken"),
    [
        (PROXY, "0f8fad5b-d9cb-469f-a165-70867728950e", True),
        (PROXY, "a" * 64, True),
        (PROXY, "a" * 65, False),
        (PROXY, "a\tb", False),
        (PROXY, "<script>", False),
        (PROXY, "\u0661", False),
        (PROXY, "a,b", False),
        (PROXY, "", False),
        ("203.0.113.9", "0f8fad5b-d9cb-469f-a165-70867728950e", False),
    ],
)
def test_a_number_is_taken_over_from_our_proxy_alone_and_only_if_it_is_plain(
    client: FlaskClient, by: str, given: str, *, is_taken: bool
) -> None:
    base = {"REMOTE_ADDR": by, "HTTP_X_REQUEST_ID": given}
    response = client.get("/health", environ_base=base)
    assert (response.headers["X-Request-Id"] == given) is is_taken


def log_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_request_is_one_line_with_what_was_sent(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    response = ask(client, Accept_Encoding="br", X_Forwarded_For="1.1.1.1")
    (line,) = log_lines(capsys)
    assert list(line) == ["time", "request_id", "method", "path", "status", "ms", "bytes", "client"]
    assert line["request_id"] == response.headers["X-Request-Id"]
    assert (line["method"], line["path"], line["status"]) == ("GET", PATH, 200)
    assert (line["bytes"], line["client"]) == (len(response.data), "127.0.0.1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])


def test_no_line_holds_a_query_a_header_or_a_token(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 39."""
    capsys.readouterr()
    secrets = {"query": "in-the-query", "agent": "in-the-agent", "key": "xntr-in-the-key"}
    headers = {"User-Agent": secrets["agent"], "Referer": "https://x/in-the-referer", "X-API-Key": secrets["key"]}
    client.get(f"{PATH}?token={secrets['query']}", headers=headers)
    ask(client)
    written = capsys.readouterr().out
    assert written.count("\n") == 2
    for secret in (
        "in-the-query",
        "in-the-agent",
        "in-the-referer",
        "in-the-key",
        *bearer()["Authorization"].split("."),
    ):
        assert secret not in written


HOSTILE = [
    "/\n{}",
    "/\x1b[2J",
    "/\u202e",
    '/","status":200',
    "/\u2028",
    "/" + "a" * 100_000,
    "/%ff%00",
    "/\ud83d\ude00",
]


@pytest.mark.parametrize("path", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_path_is_one_short_line_of_plain_characters(
    client: FlaskClient, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    capsys.readouterr()
    raw = path.encode("utf-16", "surrogatepass").decode("utf-16").encode().decode("latin-1")
    client.get("/", environ_overrides={"PATH_INFO": raw})
    written = capsys.readouterr().out
    assert len(written.splitlines()) == 1
    assert written.isascii()
    assert written.rstrip("\n").isprintable()
    assert len(written) < 4096
    assert json.loads(written)["status"] == 404


def test_time_and_length_are_those_of_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    ticks = iter([10.0, 10.25])
    started: list[str] = []

    def application(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"four", b"teen bytes"]

    def start_response(status: str, *_: Any) -> Any:
        started.append(status)

    log = AccessLog(application, Clients([]), clock=lambda: 0.0, timer=lambda: next(ticks))
    body = log({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.9"}, start_response)
    assert (b"".join(body), started) == (b"fourteen bytes", ["200 OK"])
    (line,) = log_lines(capsys)
    assert (line["time"], line["ms"], line["bytes"]) == ("1970-01-01T00:00:00.000Z", 250.0, 14)


def test_what_fails_is_logged_as_what_the_server_answers_then(capsys: pytest.CaptureFixture[str]) -> None:
    def application(_: Any, __: Any) -> list[bytes]:
        raise RuntimeError

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.9"}
    with pytest.raises(RuntimeError):
        AccessLog(application, Clients([]))(environ, lambda *_: lambda _: None)
    assert [line["status"] for line in log_lines(capsys)] == [500]


def test_a_log_that_nobody_reads_any_more_keeps_nobody_from_an_answer(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        def write(self, _: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Closed())
    assert ask(client).status_code == 200
