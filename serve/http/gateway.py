"""The way from Granian into the Flask app: every header as it was sent, none whose name has a `_`.

See docs/guide/operate.md.

Granian's own WSGI gives `X_Forwarded_For` and `X-Forwarded-For` one name, and the later one wins. So a client could
overwrite a proxy's header. Its ASGI gives names and bytes as they came. So this is a small ASGI application that calls
a WSGI one on its own threads. It passes no body, because no route takes one, and sends every answer whole.
"""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
NAMES_REMEMBERED = 128  # of headers in answers
UNPREFIXED = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE", "HTTP_CONTENT_LENGTH": "CONTENT_LENGTH"}


class Answer(NamedTuple):
    """What a WSGI application answered, in the words of ASGI."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes


AtOnce = Callable[[dict[str, Any]], Answer | None]


class Gateway:
    """An ASGI application in front of a WSGI one.

    Args:
        application: the WSGI application.
        threads: how many requests it works on at once; more wait their turn.
        separate_paths: beginnings of paths whose requests have their own threads, so that they delay no others.
        separate_threads: how many those are.
        at_once: gives, on the loop, the answers that nothing has to be waited for; None for all others.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        threads: int,
        separate_paths: tuple[bytes, ...] = (),
        separate_threads: int = 1,
        at_once: AtOnce | None = None,
    ) -> None:
        self._application, self._separate_paths, self._at_once = application, separate_paths, at_once
        self._separate_threads = ThreadPoolExecutor(separate_threads, thread_name_prefix="request apart")
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._kept: list[asyncio.Task[None]] = []

    def run_beside(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run something on the loop that requests come in on, as long as that runs."""
        self._kept.append(asyncio.get_event_loop().create_task(coroutine))

    async def __call__(self, scope: Scope, _receive: object, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        environment = environ(scope)
        answer = self._at_once(environment) if self._at_once is not None else None
        if answer is None:
            threads = self._separate_threads if scope["raw_path"].startswith(self._separate_paths) else self.threads
            answer = await asyncio.get_running_loop().run_in_executor(threads, self._answer, environment)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.content})

    def _answer(self, environment: dict[str, Any]) -> Answer:
        started: list[tuple[int, list[tuple[bytes, bytes]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
            started.append((int(status.split(" ", 1)[0]), encoded(headers)))
            return _write

        chunks: Iterable[bytes] = self._application(environment, start_response)
        try:
            content = b"".join(chunks)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        return Answer(*started[-1], content)


def encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return headers in the words of ASGI."""
    return [(_lower(name), value.encode("latin-1")) for name, value in headers]


@lru_cache(NAMES_REMEMBERED)
def _lower(name: str) -> bytes:
    return name.lower().encode("latin-1")


def _write(_: bytes) -> None:
    raise NotImplementedError("answers are returned and not written")


def environ(scope: Scope) -> dict[str, Any]:
    """Return the WSGI environment of a request; a header that was sent twice is one with a comma in between."""
    server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    environment: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "REQUEST_URI": scope["raw_path"].decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name:
            continue
        name = "HTTP_" + raw_name.decode("latin-1").upper().replace("-", "_")
        name, value = UNPREFIXED.get(name, name), raw_value.decode("latin-1")
        environment[name] = f"{environment[name]},{value}" if name in environment else value
    return environment
