"""FAULTS 69: what the guard before Dagster's webserver passes on and what it refuses, request by request.

The guard is asked as ASGI asks it; `test_ui.py` asks a running `pulse ui`, and lets a browser try it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from pipelines.instance.ui_guard import UiGuard

UI = "127.0.0.1:3000"
JSON = {"content-type": "application/json"}
FOREIGN = {"sec-fetch-site": "cross-site"}
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
PASSED = 200


def asked(
    method: str,
    path: str,
    headers: Mapping[str, str] | list[tuple[str, str]],
    *,
    kind: str = "http",
    query: bytes = b"",
) -> tuple[int, list[dict[str, Any]]]:
    """Return the status of the answer, and the scopes that reached the application."""
    reached: list[dict[str, Any]] = []
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, _: Any, send: Any) -> None:
        reached.append(scope)
        kinds = {"http": "http.response.start", "websocket": "websocket.accept"}
        await send({"type": kinds[scope["type"]], "status": PASSED, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("the guard reads no body")

    pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
    named = pairs if any(name == "host" for name, _ in pairs) else [("host", UI), *pairs]
    raw = [(name.encode(), value.encode()) for name, value in named if value]
    scope = {"type": kind, "path": path, "headers": raw, "query_string": query, "scheme": "http"}
    asyncio.run(
        UiGuard(app, ["pulse.example.com"])({**scope, "method": method} if kind == "http" else scope, receive, send)
    )
    answer = {"websocket.close": 403, "websocket.accept": PASSED, **sent[0]}
    return int(answer.get("status") or answer[sent[0]["type"]]), reached


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/runs", LINK),
        ("GET", "/graphql", LINK),
        ("GET", "/assets/x.js", {"sec-fetch-site": "same-origin"}),
        ("GET", "/", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}),
        ("GET", "/server_info", {}),
        ("POST", "/graphql", JSON),
        ("POST", "/graphql", {"content-type": "Application/JSON; charset=utf-8"}),
        ("POST", "/graphql", {**JSON, "origin": f"http://{UI}", "sec-fetch-site": "same-origin"}),
        ("POST", "/graphql", {**JSON, "host": "localhost:1", "origin": "http://localhost:1"}),
        ("POST", "/graphql", {**JSON, "host": "[::1]:3000", "origin": "http://[::1]:3000"}),
        ("POST", "/graphql", {**JSON, "host": "Pulse.Example.com", "origin": "https://pulse.example.com"}),
        ("POST", "/graphql", {**JSON, "host": "pulse.example.com:443", "origin": "https://pulse.example.com"}),
    ],
)
def test_who_sits_before_the_ui_or_follows_a_link_to_a_page_is_let_through(
    method: str, path: str, headers: dict[str, str]
) -> None:
    status, reached = asked(method, path, headers)
    assert (status, len(reached)) == (PASSED, 1)


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (415, "POST", "/graphql", {}),
        (415, "POST", "/graphql", {"content-type": "text/plain"}),
        (415, "POST", "/graphql", {"content-type": "text/plain; application/json"}),
        (415, "POST", "/graphql", {"content-type": "application/json-patch+json"}),
        (415, "POST", "/graphql", {"content-type": "application/graphql"}),
        (415, "POST", "/report_asset_materialization/lake/xp", {"content-type": "application/x-www-form-urlencoded"}),
        (415, "PUT", "/graphql", {}),
        (415, "DELETE", "/runs", {"content-type": "multipart/form-data"}),
        (403, "POST", "/graphql", {**JSON, "origin": "http://evil.example"}),
        (403, "POST", "/graphql", {**JSON, "origin": "null"}),
        (403, "POST", "/graphql", {**JSON, "origin": "http://127.0.0.1:8000"}),
        (403, "POST", "/graphql", {**JSON, "origin": "http://localhost:3000"}),
        (403, "POST", "/graphql", {**JSON, "origin": "http://127.0.0.1"}),
        (403, "POST", "/graphql", {**JSON, "origin": "chrome-extension://127.0.0.1:3000"}),
        (403, "POST", "/graphql", {**JSON, "origin": "http://127.0.0.1:3000@evil.example"}),
        (403, "POST", "/graphql", {**JSON, "origin": "http://127.0.0.1:3000.evil.example"}),
        (403, "POST", "/graphql", {**JSON, **FOREIGN}),
        (403, "POST", "/graphql", {**JSON, **LINK}),
        (403, "POST", "/graphql", {**JSON, "sec-fetch-site": "same-site"}),
        (403, "POST", "/graphql", {**JSON, "host": "evil.example"}),
        (403, "POST", "/graphql", {**JSON, "host": "evil.example", "origin": "http://evil.example"}),
        (403, "POST", "/graphql", {**JSON, "host": "127.0.0.1.evil.example:3000"}),
        (403, "POST", "/graphql", {**JSON, "host": "pulse.example.com/graphql"}),
        (403, "POST", "/graphql", {**JSON, "host": "evil@127.0.0.1:3000"}),
        (403, "GET", "/", {"host": "evil.example", **LINK}),
        (403, "GET", "/", {"host": "127.0.0.1:port"}),
        (403, "GET", "/", FOREIGN),
        (403, "GET", "/", {**FOREIGN, "sec-fetch-mode": "no-cors"}),
        (403, "GET", "/runs", {"origin": "http://evil.example", **LINK}),
        (403, "GET", "/logs/run/key.out", LINK),
        (403, "GET", "/download_debug/run", LINK),
        (403, "HEAD", "/download_debug/run", LINK),
        (403, "GET", "/notebook", LINK),
    ],
)
def test_what_a_page_of_another_site_may_have_asked_is_refused(
    status: int, method: str, path: str, headers: dict[str, str]
) -> None:
    """FAULTS 69."""
    assert asked(method, path, headers) == (status, [])


@pytest.mark.parametrize("name", ["host", "origin", "content-type", "sec-fetch-site"])
def test_a_header_that_is_there_twice_is_refused_because_two_readers_may_take_different_ones(name: str) -> None:
    good = {"host": UI, "origin": f"http://{UI}", "sec-fetch-site": "same-origin", **JSON}
    assert asked("POST", "/graphql", good)[0] == PASSED
    assert asked("POST", "/graphql", [*good.items(), (name, good[name])]) == (400, [])


def test_a_request_without_a_host_is_refused() -> None:
    assert asked("GET", "/", {"host": ""}) == (403, [])


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (PASSED, {}),
        (PASSED, {"origin": f"http://{UI}"}),
        (403, {"origin": "http://evil.example"}),
        (403, {"origin": "null"}),
        (403, {"host": "evil.example", "origin": "http://evil.example"}),
        (403, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}),
    ],
)
def test_a_websocket_is_refused_before_its_handshake(status: int, headers: dict[str, str]) -> None:
    found, reached = asked("", "/graphql", headers, kind="websocket")
    assert (found, len(reached)) == (status, int(status == PASSED))


def test_graphql_by_get_is_asked_for_its_page_whatever_the_query_says() -> None:
    headers = [("accept", "application/json"), ("accept", "*/*")]
    _, (scope,) = asked("GET", "/graphql", headers, query=b"query=mutation{x}")
    assert scope["query_string"] == b""
    assert [value for name, value in scope["headers"] if name == b"accept"] == [b"text/html"]
    _, (other,) = asked("GET", "/runs", headers, query=b"q=1")
    assert other["query_string"] == b"q=1"
