"""The client of a request: the nearest hop that is none of our proxies (docs/guide/deploy.md, Behind nginx).

What a client writes into `X-Forwarded-For` is left of what our proxies append. So the header is read from the right,
and only as far as the hops are trusted. Header names with a `_` never get here (`gateway.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
UNKNOWN = "unknown"  # clients without an address that we can read; they share their limits
LONGEST_HOP = 128  # characters that an address, its port and its zone may take
REMEMBERED = 1024  # parsed hops: a connection has many requests, and proxies are few
CUSTOMER_PREFIX = 64  # what one customer has of IPv6; single addresses are theirs to change


class Clients:
    """Tells the address of a request's client.

    Args:
        trusted_proxies: addresses or networks whose word about the hop before them counts.
    """

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted: list[Network] = [ip_network(proxy) for proxy in trusted_proxies]

    def address(self, environ: Mapping[str, Any]) -> str:
        """Return the client's address in its normal spelling, `unknown` if there is none."""
        if not self._trusted:
            return _spelled(environ.get("REMOTE_ADDR", ""))
        nearest: Address | None = None
        for hop in _hops(environ):
            nearest = _address(hop) or nearest  # a proxy that names no address is the last that we know
            if nearest is None or not self._is_trusted(hop):
                break
        return str(nearest or UNKNOWN)

    def is_behind_proxy(self, environ: Mapping[str, Any]) -> bool:
        """Tell whether who connected to us is one of our proxies."""
        return self._is_trusted(environ.get("REMOTE_ADDR", ""))

    def _is_trusted(self, hop: str) -> bool:
        address = _address(hop)
        return address is not None and any(address in network for network in self._trusted)


def limited_by(address: str) -> str:
    """Return what an address is limited by: itself, or with IPv6 its /64."""
    if ":" not in address:
        return address
    return str(ip_network((address, CUSTOMER_PREFIX), strict=False))


def is_private(address: str) -> bool:
    """Tell whether an address is of this host or of a private network: probably a proxy's, and not a client's."""
    parsed = _address(address)
    return parsed is not None and not parsed.is_global


def _hops(environ: Mapping[str, Any]) -> Iterator[str]:
    """Give the hops from the nearest to the farthest; the first one is the connection itself, and cannot lie."""
    yield environ.get("REMOTE_ADDR", "")
    rest = environ.get("HTTP_X_FORWARDED_FOR", "")
    while rest:
        rest, _, hop = rest.rpartition(",")
        yield hop


def _address(hop: str) -> Address | None:
    return _read(hop) if len(hop) <= LONGEST_HOP else None


@lru_cache(maxsize=REMEMBERED)
def _spelled(hop: str) -> str:
    return str(_address(hop) or UNKNOWN)


@lru_cache(maxsize=REMEMBERED)
def _read(hop: str) -> Address | None:
    """Read `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`; a mapped IPv4 is that IPv4."""
    text = hop.strip(" \t")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
