"""One GET over https, bounded in every way: time as a whole, size, no redirect, no proxy, no cookie, no compression.

The standard library's clients take a timeout for each read; who sends a byte at a time keeps them for ever.
"""

import http.client
import io
import socket
import ssl
import time
from urllib.parse import urlsplit

LARGEST_HEAD_BYTES = 16 * 1024
CHUNK_BYTES = 16 * 1024


class FetchError(Exception):
    """What was asked for could not be had."""


def fetched(url: str, *, seconds: float, most_bytes: int) -> bytes:
    """Return the content at a URL.

    Args:
        url: of https. Certificates are checked with the system's authorities, or those in `SSL_CERT_FILE`.
        seconds: for everything after the name of the host has been resolved.
        most_bytes: of the content.

    Raises:
        FetchError: it took too long, is too large, was answered with anything but 200, or did not come at all.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    try:
        raw = _exchange(host, port, request.encode("ascii"), time.monotonic() + seconds, most_bytes)
        status, content = _response(raw)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"{type(error).__name__}: {error}") from error
    if status != http.client.OK:
        raise FetchError(f"answered {status}")
    if len(content) > most_bytes:
        raise FetchError(f"more than {most_bytes} bytes")
    return content


def _exchange(host: str, port: int, request: bytes, deadline: float, most_bytes: int) -> bytes:
    """Send a request and return what comes back until the other side hangs up."""
    received = b""
    with (
        socket.create_connection((host, port), timeout=_left(deadline)) as plain,
        ssl.create_default_context().wrap_socket(_timed(plain, deadline), server_hostname=host) as connection,
    ):
        _timed(connection, deadline).sendall(request)
        while chunk := _timed(connection, deadline).recv(CHUNK_BYTES):
            received += chunk
            if len(received) > most_bytes + LARGEST_HEAD_BYTES:
                raise FetchError(f"more than {most_bytes} bytes")
    return received


def _timed(connection: socket.socket, deadline: float) -> socket.socket:
    connection.settimeout(_left(deadline))
    return connection


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left


class _Received:
    """What `HTTPResponse` takes for a socket."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _response(raw: bytes) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(_Received(raw))  # type: ignore[arg-type]
    response.begin()
    return response.status, response.read()
