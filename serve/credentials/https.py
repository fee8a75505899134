"""One GET over https with limits: total time, size, and no redirect, proxy, cookie or compression.

The standard library's client does it, on a socket with one deadline. Other clients only have a timeout for each read,
so a server that sends single bytes could block them.
"""

import http.client
import socket
import ssl
import time
from contextlib import closing
from typing import Any, cast
from urllib.parse import urlsplit

HEADERS = {"Accept": "application/json", "Connection": "close"}


class FetchError(Exception):
    """The content could not be fetched."""


class TimedSocket(ssl.SSLSocket):
    """A connection that nothing is read from after `ends_at`, by the monotonic clock."""

    ends_at: float

    def recv_into(self, *arguments: Any, **options: Any) -> int:  # noqa: ANN401 - the library's
        """Read; this is what the library's client reads by."""
        self.settimeout(_left(self.ends_at))
        return super().recv_into(*arguments, **options)


def fetched(url: str, *, seconds: float, most_bytes: int) -> bytes:
    """Return the content at a URL.

    Args:
        url: of https. Certificates are checked with the system's authorities, or those in `SSL_CERT_FILE`.
        seconds: for everything after the host's name has been resolved. An address that does not answer takes as long
            again if the host has more of them.
        most_bytes: of the content.

    Raises:
        FetchError: it took too long, is too large, was answered with anything but 200, or did not come at all.
    """
    ends_at = time.monotonic() + seconds
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    context = ssl.create_default_context()
    context.sslsocket_class = TimedSocket
    try:
        with closing(http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context)) as connection:
            connection.sock = _connected(connection.host, connection.port, context, ends_at)
            connection.request("GET", path, headers=HEADERS)
            response = connection.getresponse()
            content = response.read(most_bytes + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"{type(error).__name__}: {error}") from error
    if response.status != http.client.OK:
        raise FetchError(f"answered {response.status}")
    if len(content) > most_bytes:
        raise FetchError(f"more than {most_bytes} bytes")
    if response.length:
        raise FetchError(f"IncompleteRead: {response.length} more bytes were announced")
    return content


def _connected(host: str, port: int, context: ssl.SSLContext, ends_at: float) -> TimedSocket:
    with socket.create_connection((host, port), timeout=_left(ends_at)) as plain:
        plain.settimeout(_left(ends_at))  # of the whole handshake
        connection = cast("TimedSocket", context.wrap_socket(plain, server_hostname=host))
    connection.ends_at = ends_at
    return connection


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left
