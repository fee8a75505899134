"""One JSON line per request on stdout, without query, headers or token.

It is the outermost layer of the app, so that it logs what was sent. It also sets what other code needs of a request:
its id, its client and when it began. And it adds the headers that every answer has: there they are a plain list.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from serve.http import log_lines
from serve.http.clients import Clients

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# In the environment of a request; `AT` is by the clock, `BEGAN` by one that never runs backwards.
REQUEST_ID, CLIENT, AT, BEGAN = "pulse.request_id", "pulse.client", "pulse.at", "pulse.began"
EVERYWHERE = {  # headers of every answer that has no other of that name
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PLAIN_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
LONGEST_PATH = 512  # characters of a path that are logged


class AccessLog:
    """A WSGI application around another.

    Args:
        application: what answers.
        clients: who tells a request's client.
        clock: gives seconds since 1970.
        timer: gives seconds that never run backwards.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        clients: Clients,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._application, self._clients, self._clock, self._timer = application, clients, clock, timer

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Let the application answer, and log it."""
        self.begin(environ)
        statuses = [500]  # if the application fails, that is what the server answers

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401 - WSGI's
            statuses.append(int(status.split(" ", 1)[0]))
            return start_response(status, self.completed(headers, environ), exc_info)

        content = b""
        try:
            content = _whole(self._application(environ, started))
        finally:
            self.end(environ, statuses[-1], len(content))
        return [content]

    def begin(self, environ: "WSGIEnvironment") -> None:
        """Set what other code needs of a request, unless it has begun already."""
        if BEGAN not in environ:
            environ[AT], environ[BEGAN] = self._clock(), self._timer()
            environ[REQUEST_ID], environ[CLIENT] = self._request_id(environ), self._clients.address(environ)

    def completed(self, headers: list[tuple[str, str]], environ: "WSGIEnvironment") -> list[tuple[str, str]]:
        """Return headers with those that keep browsers careful, and the id under which the log has the request."""
        present = {name for name, _ in headers}
        careful = [header for header in EVERYWHERE.items() if header[0] not in present]
        return [*headers, *careful, ("X-Request-Id", environ[REQUEST_ID])]

    def end(self, environ: "WSGIEnvironment", status: int, size: int) -> None:
        """Log a request that has been answered.

        Args:
            environ: of the request.
            status: of the answer.
            size: bytes of its body.
        """
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        line = {
            "time": datetime.fromtimestamp(environ[AT], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request_id": environ[REQUEST_ID],
            "method": environ["REQUEST_METHOD"][:LONGEST_PATH],
            "path": path[:LONGEST_PATH],
            "status": status,
            "ms": round((self._timer() - environ[BEGAN]) * 1000, 3),
            "bytes": size,
            "client": environ[CLIENT],
        }
        log_lines.write(f"{log_lines.Formatter.line_of(line)}\n")

    def _request_id(self, environ: "WSGIEnvironment") -> str:
        """Return the id that our own proxy gave a request, if it is a plain one, else a new one."""
        given = environ.get("HTTP_X_REQUEST_ID")
        if given and PLAIN_ID.fullmatch(given) and self._clients.is_behind_proxy(environ):
            return str(given)
        return secrets.token_hex(8)


def _whole(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        if close := getattr(chunks, "close", None):
            close()
