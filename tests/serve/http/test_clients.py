"""Who a request comes from, whatever it says about itself (FAULTS 40); through the real server, what a header is.

How often an address may ask is `test_limits.py`.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serve.http.clients import Clients, limited_by
from serve.http.gateway import environ
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from tests.support.running.running_server import Running, serving

PROXIES = ["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.7"]


def address(peer: str, forwarded_for: str | None = None, proxies: list[str] | None = None) -> str:
    found = {"REMOTE_ADDR": peer} | ({} if forwarded_for is None else {"HTTP_X_FORWARDED_FOR": forwarded_for})
    return Clients(PROXIES if proxies is None else proxies).address(found)


FORWARDED: dict[str, tuple[str, str | None, str]] = {
    "a direct client": ("198.51.100.1", None, "198.51.100.1"),
    "a direct client that says it is another": ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
    "a direct client that says it is a proxy's": ("198.51.100.1", "203.0.113.9, 10.0.0.1", "198.51.100.1"),
    "a proxy's client": ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
    "a proxy's client that forged what stands before": ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
    "a proxy's client that forged a chain of proxies": ("10.0.0.1", "1.1.1.1, 10.0.0.9, 203.0.113.9", "203.0.113.9"),
    "a client behind two proxies": ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
    "a client behind two proxies that forged": ("10.0.0.1", "1.1.1.1,203.0.113.9,192.0.2.7", "203.0.113.9"),
    "no spaces, many spaces, a tab": ("10.0.0.1", "203.0.113.9 \t,10.0.0.2,  10.0.0.3", "203.0.113.9"),
    "an address with a port": ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
    "IPv6 with a port": ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
    "IPv6 spelled another way": ("10.0.0.1", "2001:DB8:0:0::1", "2001:db8::1"),
    "IPv6 with a zone": ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
    "IPv4 in IPv6": ("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
    "a proxy that connects by IPv4 in IPv6": ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
    "a proxy of a network of IPv6": ("2001:db8:ffff::1", "203.0.113.9", "203.0.113.9"),
    "a proxy that names nobody": ("10.0.0.1", None, "10.0.0.1"),
    "a proxy that names nothing": ("10.0.0.1", "", "10.0.0.1"),
    "a proxy that hides its client": ("10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"),
    "garbage behind a proxy": ("10.0.0.1", "1.1.1.1, '; drop table", "10.0.0.1"),
    "only commas": ("10.0.0.1", ",,,", "10.0.0.1"),
    "nothing but proxies": ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    "octal, which is not read as decimal": ("10.0.0.1", "1.1.1.1, 010.0.0.2", "10.0.0.1"),
    "a proxy that passes on something long": ("10.0.0.1", "203.0.113.9" + " " * 65_536, "10.0.0.1"),
    "a connection without an address": ("", "203.0.113.9", "unknown"),
}


@pytest.mark.parametrize(("peer", "forwarded_for", "client"), FORWARDED.values(), ids=FORWARDED)
def test_the_nearest_hop_that_is_no_proxy_of_ours_is_the_client(
    peer: str, forwarded_for: str | None, client: str
) -> None:
    assert address(peer, forwarded_for) == client


def test_without_proxies_the_header_says_nothing() -> None:
    assert address("10.0.0.1", "203.0.113.9", proxies=[]) == "10.0.0.1"


def test_a_header_of_thousands_of_hops_is_read_no_further_than_it_is_trusted() -> None:
    assert address("10.0.0.1", "10.0.0.1," * 5_000 + "203.0.113.9") == "203.0.113.9"
    assert address("10.0.0.1", "203.0.113.9" + ",10.0.0.1" * 5_000) == "203.0.113.9"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.9", "203.0.113.9", True),
        ("203.0.113.9", "203.0.113.10", False),
        ("2001:db8:1:1::1", "2001:db8:1:1:ffff::2", True),
        ("2001:db8:1:1::1", "2001:db8:1:2::1", False),
        ("unknown", "unknown", True),
    ],
)
def test_ipv6_is_limited_by_its_64(one: str, other: str, *, is_same: bool) -> None:
    assert (limited_by(one) == limited_by(other)) is is_same


# --- what a header is -----------------------------------------------------------------------------------------------


def asked(*headers: tuple[bytes, bytes], **changes: Any) -> dict[str, Any]:
    scope = {
        "method": "GET",
        "raw_path": b"/a%20b/%ff",
        "query_string": b"q=1",
        "http_version": "1.1",
        "scheme": "http",
        "client": ("203.0.113.9", "4711"),
        "server": ("127.0.0.1", "8000"),
        "headers": list(headers),
    }
    return environ(scope | changes)


def test_a_header_whose_name_has_an_underscore_does_not_exist() -> None:
    found = asked((b"x-forwarded-for", b"a"), (b"x_forwarded_for", b"b"), (b"x-forwarded_for", b"c"), (b"a_b", b"d"))
    assert {name: value for name, value in found.items() if name.startswith("HTTP_")} == {"HTTP_X_FORWARDED_FOR": "a"}


def test_a_header_that_was_sent_twice_is_one_with_a_comma_whatever_bytes_it_has() -> None:
    assert asked((b"authorization", b"a"), (b"authorization", b"\xe9"))["HTTP_AUTHORIZATION"] == "a,\xe9"


def test_the_path_is_the_bytes_that_were_sent() -> None:
    assert asked()["PATH_INFO"] == "/a b/\xff"
    assert asked()["REMOTE_ADDR"] == "203.0.113.9"


# --- through the real server ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that trusts a proxy on this machine, which is who connects to it in these tests."""
    configuration = small_platform.copied(nights, tmp_path_factory.mktemp("clients"), SECOND)
    small_platform.configure(configuration, trusted_proxies=["127.0.0.1"])
    with serving(configuration) as running:
        yield running


def logged(server: Running, *headers: str) -> dict[str, Any]:
    """Send a request with headers as they are, and return the line that the access log has about it."""
    path = f"/asked/{len(server.log.read_text())}"
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    server.send("\r\n".join(lines).encode("latin-1"))
    for _ in range(1000):  # a line may come a moment after the answer
        lines = [line for line in server.log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
        if found := [line for line in map(json.loads, lines) if line["path"] == path]:
            assert len(found) == 1
            assert isinstance(found[0], dict)
            return found[0]
        time.sleep(0.01)
    pytest.fail(f"no line about {path}")


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ((), "127.0.0.1"),
        (("X-Forwarded-For: 203.0.113.9",), "203.0.113.9"),
        (("X-Forwarded-For: 1.1.1.1, 203.0.113.9",), "203.0.113.9"),
        (("X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 203.0.113.9"), "203.0.113.9"),
        (("X-Forwarded-For: 203.0.113.9", "X_Forwarded_For: 1.1.1.1"), "203.0.113.9"),
        (("X_Forwarded_For: 1.1.1.1", "X-Forwarded-For: 203.0.113.9"), "203.0.113.9"),
        (("X-Forwarded_For: 1.1.1.1", "X-Forwarded-For: 203.0.113.9"), "203.0.113.9"),
        (("X_Forwarded_For: 1.1.1.1",), "127.0.0.1"),
        (("Forwarded: for=1.1.1.1", "X-Real-IP: 1.1.1.1", "True-Client-IP: 1.1.1.1"), "127.0.0.1"),
    ],
)
def test_no_header_of_a_client_moves_it_to_another_address(
    server: Running, headers: tuple[str, ...], client: str
) -> None:
    """FAULTS 40."""
    assert logged(server, *headers)["client"] == client


def test_an_api_key_with_an_underscore_in_its_name_is_none(server: Running) -> None:
    """It would be a second credential beside the token (400), or one that a proxy did not see."""
    token = small_platform.bearer()
    assert server.ask(headers=token | {"X_Api_Key": "xntr-anything"}).status == 200
