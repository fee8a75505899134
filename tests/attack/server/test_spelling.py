"""A path has one spelling (FAULTS 80): through the gateway, which gets it as it was sent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from serve.app import create_app
from serve.http.gateway import Gateway
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import PATH, SECOND, bearer

OPS_TOKEN = "an-ops-token-of-these-tests"
FIXED = ["/health", "/health/ready", "/health/detailed", "/metrics", PATH, "/openapi.json"]


@pytest.fixture(scope="module")
def gateway(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    configuration = small_platform.copied(nights, tmp_path_factory.mktemp("spelling"), SECOND)
    return Gateway(create_app(small_platform.configure(configuration, ops_token=OPS_TOKEN)), 1)


def status_of(gateway: Gateway, raw_path: str, method: str = "GET") -> int:
    token = bearer()["Authorization"] if raw_path.endswith("pulse") else f"Bearer {OPS_TOKEN}"
    scope = {
        "type": "http",
        "method": method,
        "raw_path": raw_path.encode("latin-1"),
        "query_string": b"a=//b",
        "http_version": "1.1",
        "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"authorization", token.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(gateway(scope, None, send))
    return int(sent[0]["status"])


def other_spellings(path: str) -> list[str]:
    last = path.rpartition("/")[2]
    return [
        "/" + path,
        "///" + path,
        "/%2F" + path[1:],
        "/%2f" + path,
        "/." + path,
        "/x/.." + path,
        "/%2e%2E" + path,
        path + "/",
        path + "/.",
        path + "%2F",
        path + ";x",
        path.replace(last, f"%{ord(last[0]):02X}{last[1:]}"),
        path.replace(last, f"%{ord(last[0]):02x}{last[1:]}"),
        path.replace("/", "%2F"),
        path.replace("/", "//"),
        path.replace("/", "\\"),
    ]


@pytest.mark.parametrize("path", FIXED)
def test_no_other_spelling_of_a_path_is_answered(gateway: Gateway, path: str) -> None:
    """FAULTS 80: past a proxy that denies by path, `//metrics` and `/%2Fmetrics` answered."""
    assert status_of(gateway, path) == 200
    assert {spelled: status_of(gateway, spelled) for spelled in other_spellings(path)} == dict.fromkeys(
        other_spellings(path), 404
    )


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "HEAD"])
def test_no_method_tells_another_spelling_from_a_path_that_there_is_not(gateway: Gateway, method: str) -> None:
    assert status_of(gateway, "//metrics", method) == 404
    assert status_of(gateway, "/%6detrics", method) == 404
