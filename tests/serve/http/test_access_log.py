"""The request's number, and the line that is logged of a request.

Through the app; what else all answers have in common is `test_manners.py`'s.
"""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from serve.http.access_log import AccessLog
from serve.http.clients import Clients
from tests.serve.http.asking import PROXY, ask
from tests.support.platforms.small_platform import PATH, bearer


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
