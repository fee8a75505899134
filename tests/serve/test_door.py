"""The door before Flask: what it answers on the loop is what the app answers, and what it leaves alone is the app's.

Every request here goes through two gateways on one app, one of them without a door, and both have to say the same. What
answers are right is the matter of `tests/serve/version/test_endpoint.py` and of `tests/serve/credentials/`.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask

from serve import own_answer
from serve.app import create_app
from serve.http.gateway import Gateway
from serve.version.erased import ErasedLearners
from tests.serve.credentials.forgeries import FORGED_HEADERS, TWO_CREDENTIALS
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, IDLE, KIM, PATH, QUOTED, SECOND, ZOE, bearer
from tests.support.repository import LOOKUP
from warehouse.erasure import suppression
from warehouse.erasure.suppression import Suppressed
from warehouse.lake.lake import Lake

LISTED, UNLISTED = "https://www.example.com", "https://evil.example.com"
PROXY = "10.0.0.1"
BY_FILE = pytest.mark.skipif(LOOKUP != "file", reason="without look-up files every answer is a thread's")


class Answered(NamedTuple):
    """An answer, and whether a thread gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    by_thread: bool


class Asking:
    """An app behind a gateway with a door, and behind one without.

    Args:
        app: what answers.
    """

    def __init__(self, app: Flask) -> None:
        self.by_thread = 0

        def counted(*arguments: Any) -> Any:
            self.by_thread += 1
            return app.wsgi_app(*arguments)

        self._with_door = Gateway(counted, 1, at_once=app.extensions["door"])
        self._without = Gateway(counted, 1)

    def ask(
        self, headers: Mapping[str, str], method: str = "GET", target: str = PATH, *, has_door: bool = True
    ) -> Answered:
        """Ask one gateway, from a client on another machine."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "http_version": "1.1",
            "scheme": "http",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": (PROXY, 1),
            "server": ("127.0.0.1", 8000),
        }
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        before = self.by_thread
        asyncio.run((self._with_door if has_door else self._without)(scope, None, send))
        begun, body = sent
        names = [name.decode() for name, _ in begun["headers"]]
        assert len(names) == len({*names})
        found = {name.decode(): value.decode("latin-1") for name, value in begun["headers"]}
        return Answered(int(begun["status"]), found, body["body"], self.by_thread > before)

    def both(self, headers: Mapping[str, str], method: str = "GET", target: str = PATH) -> Answered:
        """Ask both, compare what they say, and return the answer of the gateway with the door."""
        with_door, without = (self.ask(headers, method, target, has_door=has_door) for has_door in (True, False))
        assert without.by_thread
        assert _comparable(with_door) == _comparable(without)
        return with_door


def _comparable(answer: Answered) -> tuple[int, Mapping[str, str], bytes]:
    """All of an answer but an id that was made for it."""
    made = re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
    return answer.status, {**answer.headers, "x-request-id": "made" if made else "given"}, answer.body


def asking(nights: Path, folder: Path, version: str | None = SECOND, **serve: Any) -> Asking:
    configuration = small_platform.copied(nights, folder, version)
    return Asking(create_app(small_platform.configure(configuration, **serve)))


@pytest.fixture(scope="module")
def small(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Asking:
    return asking(nights, tmp_path_factory.mktemp("door"), cors_origins=[LISTED], trusted_proxies=[PROXY])


# --- at once ----------------------------------------------------------------------------------------------------------


@BY_FILE
@pytest.mark.parametrize("encoding", ["br", "gzip", "gzip;q=0.5, br;q=0.1", "identity", "*", "no such", None])
@pytest.mark.parametrize("learner", [ANA, ANA.upper(), BEN, KIM, ZOE, IDLE, QUOTED, "nobody", "\u202e7"])
def test_own_answers_are_given_on_the_loop_and_are_those_of_the_app(
    small: Asking, learner: str, encoding: str | None
) -> None:
    headers = bearer(learner) | ({"Accept-Encoding": encoding} if encoding else {})
    for _ in range(2):  # looked up, and kept
        answer = small.both(headers)
        assert answer.status == 200
        assert not answer.by_thread
    assert answer.headers.get("x-pulse-learner") == ("unknown" if learner in {"nobody", "\u202e7"} else None)


@BY_FILE
@pytest.mark.parametrize(
    "more",
    [
        {"Origin": LISTED},
        {"Origin": UNLISTED},
        {"Origin": "null"},
        {"X-Request-Id": "a-proxy-gave-it"},
        {"X-Request-Id": "no plain id"},
        {"X-Forwarded-For": "192.0.2.1"},
        {"If-None-Match": '"another"'},
        {"If-None-Match": ""},
        {"Authorization_": "a name with a mark"},
        {"Accept": "text/html", "Range": "bytes=0-1", "Content-Length": "0", "Expect": "nothing"},
    ],
    ids=str,
)
def test_what_else_a_request_says_is_answered_as_by_the_app(small: Asking, more: dict[str, str]) -> None:
    answer = small.both(bearer() | more)
    assert (answer.status, answer.by_thread) == (200, False)
    assert answer.headers.get("access-control-allow-origin") == (LISTED if more.get("Origin") == LISTED else None)


@BY_FILE
def test_who_holds_the_answer_gets_304_on_the_loop(small: Asking) -> None:
    tag = small.ask(bearer()).headers["etag"]
    for held in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        answer = small.both(bearer() | {"If-None-Match": held, "Origin": LISTED})
        assert (answer.status, answer.body, answer.by_thread) == (304, b"", False)
    assert small.both(bearer(BEN) | {"If-None-Match": tag}).status == 200


@BY_FILE
def test_a_learner_who_is_erased_is_unknown_at_once(nights: Path, tmp_path: Path) -> None:
    """FAULTS 42: also where the answer has just been given."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    own = Asking(create_app(configuration))
    known = own.both(bearer() | {"Accept-Encoding": "br"})
    suppression.suppress(Lake.of(configuration).suppressed, ANA)
    erased = own.both(bearer() | {"Accept-Encoding": "br", "If-None-Match": known.headers["etag"]})
    assert (erased.status, erased.headers["x-pulse-learner"], erased.by_thread) == (200, "unknown", False)
    assert erased.body == own.both(bearer("nobody") | {"Accept-Encoding": "br"}).body


# --- left to the app --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", FORGED_HEADERS.values(), ids=FORGED_HEADERS)
def test_a_forged_credential_is_refused_by_the_app(small: Asking, header: str | None) -> None:
    answer = small.both({} if header is None else {"Authorization": header})
    assert (answer.status, answer.by_thread) == (401, True)


@pytest.mark.parametrize("headers", TWO_CREDENTIALS.values(), ids=TWO_CREDENTIALS)
def test_two_credentials_are_refused_by_the_app(small: Asking, headers: Mapping[str, str]) -> None:
    answer = small.both(headers)
    assert (answer.status, answer.by_thread) == (400, True)


@pytest.mark.parametrize(
    ("headers", "method", "target"),
    [
        ({"X-API-Key": "a-key"}, "GET", PATH),
        (bearer(), "HEAD", PATH),
        (bearer(), "POST", PATH),
        (bearer(), "OPTIONS", PATH),
        (bearer(), "get", PATH),
        (bearer(), "GET", f"{PATH}?year=2024"),
        (bearer(), "GET", f"{PATH}/"),
        (bearer(), "GET", f"/{PATH}"),
        (bearer(), "GET", PATH.replace("x", "%78")),
        (bearer(), "GET", "/health"),
    ],
    ids=str,
)
def test_any_other_request_is_the_apps(small: Asking, headers: Mapping[str, str], method: str, target: str) -> None:
    assert small.both(headers, method, target).by_thread


def test_without_look_up_files_a_thread_answers(nights: Path, tmp_path: Path) -> None:
    """SQL is waited for, which the loop must not."""
    own = asking(nights, tmp_path, lookup="warehouse")
    assert own.both(bearer()).by_thread


def test_a_shared_store_of_limits_is_waited_for_by_a_thread(nights: Path, tmp_path: Path) -> None:
    own = asking(nights, tmp_path, rate_limit="9/minute", rate_limit_storage="redis://127.0.0.1:1/0")
    assert own.ask(bearer()).by_thread


# --- counted once -----------------------------------------------------------------------------------------------------


@BY_FILE
def test_a_limit_counts_what_is_answered_here_and_there_together(nights: Path, tmp_path: Path) -> None:
    own = asking(nights, tmp_path, rate_limit="3/day")
    asked = [own.ask(bearer()), own.ask(bearer(), target=f"{PATH}?a=b"), own.ask(bearer()), own.ask(bearer())]
    assert [answer.status for answer in asked] == [200, 200, 200, 429]
    assert [answer.by_thread for answer in asked] == [False, True, False, True]
    assert own.ask(bearer(BEN)).status == 200


@pytest.mark.parametrize("lookup", ["file", "warehouse"])
def test_a_request_that_goes_on_to_the_app_is_counted_once(nights: Path, tmp_path: Path, lookup: str) -> None:
    """Without a version, or without its look-up file, the door has counted it already."""
    version = None if lookup == "file" else SECOND
    own = asking(nights, tmp_path, version, rate_limit="2/day", lookup=lookup)
    expected = [503, 503, 429] if version is None else [200, 200, 429]
    assert [own.ask(bearer()).status for _ in range(3)] == expected


def test_whose_credentials_are_refused_too_often_is_not_looked_at_on_the_loop(nights: Path, tmp_path: Path) -> None:
    """FAULTS 36: each refusal counts once, and afterwards a good token is not even checked."""
    own = asking(nights, tmp_path, rate_limit_refused="2/day")
    bad = {"Authorization": "Bearer nobody.at.all"}
    assert [own.ask(headers).status for headers in (bad, bad, bad, bearer())] == [401, 401, 429, 429]


@BY_FILE
def test_metrics_and_log_have_every_request_once(
    nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    app = create_app(small_platform.configure(configuration, trusted_proxies=[PROXY]))
    own = Asking(app)
    sent = {"X-Forwarded-For": "192.0.2.1", "X-Request-Id": "one-of-the-proxy"}
    own.ask(bearer() | sent)
    own.ask(bearer("nobody") | sent)
    own.ask(bearer() | sent | {"If-None-Match": "*"})
    own.ask({"Authorization": "Bearer nobody"} | sent)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines] == [200, 200, 304, 401]
    assert {(line["client"], line["request_id"], line["path"], line["method"]) for line in lines} == {
        ("192.0.2.1", "one-of-the-proxy", PATH, "GET")
    }
    assert [line["bytes"] > 0 for line in lines] == [True, True, False, True]
    text = app.extensions["metrics"].text().decode()
    for status, count in ((200, 2), (304, 1), (401, 1)):
        assert f'pulse_requests_total{{route="{PATH}",status="{status}"}} {count}.0' in text
    for learner in ("known", "unknown"):
        assert f'pulse_lookups_total{{learner="{learner}"}} 1.0' in text
    assert f'pulse_request_seconds_count{{route="{PATH}"}} 4.0' in text


# --- while something is wrong -----------------------------------------------------------------------------------------


@BY_FILE
def test_while_it_is_not_known_who_is_erased_the_loop_does_not_look_again(
    nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad list is read with every question: on threads, and once a second on the loop."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    Lake.of(configuration).suppressed.parent.mkdir(exist_ok=True)
    Lake.of(configuration).suppressed.write_text("{", encoding="utf-8")
    app = create_app(configuration)
    own, asked = Asking(app), Counter[str]()
    monkeypatch.setattr(own_answer, "APART_SECONDS", 60.0)
    now = ErasedLearners.now

    def counting(self: ErasedLearners, in_manifest: int = 0) -> Suppressed:
        asked["thread" if own.by_thread > asked["answers"] else "loop"] += 1
        return now(self, in_manifest)

    monkeypatch.setattr(ErasedLearners, "now", counting)
    for _ in range(3):
        assert own.ask(bearer()).status == 503
        asked["answers"] += 1
    assert (asked["loop"], asked["thread"]) == (1, 3)


@BY_FILE
def test_an_error_inside_is_said_by_the_app(small: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAULTS 39: the loop goes on."""

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(own_answer, "looked_up", fail)
        answer = small.ask(bearer(KIM))
        assert (answer.status, answer.by_thread) == (500, True)
        assert answer.headers["x-request-id"] in json.loads(answer.body)["detail"]
    assert small.both(bearer(KIM)).status == 200
