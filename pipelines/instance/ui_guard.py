"""Requests to Dagster's webserver that a page of another site may have sent are refused (FAULTS 69).

Dagster has no login and runs mutations that come by GET, from any origin and under any host. Listening on 127.0.0.1
keeps other machines out, not the engineer's own browser. This middleware is the outermost one, so it stands before
every route and before the websocket's handshake. It knows HTTP and nothing of Dagster but the paths that give data.

- `Host` has to be this machine, or one of `[pulse] ui_hosts`; else a name that is made to point here (DNS rebinding)
  would be an origin of its own.
- `Origin`, if it is sent, has to be that host and port; `Sec-Fetch-Site` has to be the same origin or nobody.
- Only following a link to a page is open to everybody: it shows, and cannot be framed.
- What changes something is `application/json`, which a page of another site cannot send without being asked first.
- GET `/graphql` gives the HTML page, whatever the query says.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORTS = {"http": 80, "https": 443}
READING = {"GET", "HEAD"}
GRAPHQL = "/graphql"
# What gives data or files and is no page: a link to it may be followed from a page of Dagster's own only.
NO_PAGES = (
    "/dagit/notebook",
    "/dagit_info",
    "/download_debug",
    "/logs",
    "/notebook",
    "/report_asset_check",
    "/report_asset_materialization",
    "/report_asset_observation",
    "/server_info",
)
NOT_FRAMED = [(b"x-frame-options", b"DENY"), (b"content-security-policy", b"frame-ancestors 'none'")]


class RefusedRequestError(Exception):
    """A request that is not passed on.

    Args:
        status: of the answer.
        reason: its body: what is wrong and what would be right.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


class UiGuard:
    """The middleware.

    Args:
        app: what it stands before.
        hosts: names beside those of this machine under which the UI is reached, without a port.
    """

    def __init__(self, app: App, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = THIS_MACHINE | {host.lower().rstrip(".") for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:  # the server's own start and end
            await self._app(scope, receive, send)
            return
        try:
            refuse_foreign(scope, self._hosts)
        except RefusedRequestError as error:
            await _refuse(scope, error, send)
            return
        await self._app(_as_page_request(scope), receive, _without_frames(send))


def refuse_foreign(scope: Scope, hosts: frozenset[str]) -> None:
    """Refuse what a page of another site may have asked.

    Args:
        scope: of an HTTP request or a websocket's handshake, as ASGI has it.
        hosts: the names under which the UI is reached, in lower case and without ports.

    Raises:
        RefusedRequestError: it is not passed on.
    """
    host = _host_of(scope, hosts)
    origin = _single_header(scope, b"origin")
    is_reading = scope["type"] == "http" and scope["method"] in READING
    is_link = is_reading and _single_header(scope, b"sec-fetch-mode") == "navigate" and not _is_data(scope["path"])
    if origin is not None and not _has_host_and_port(origin, host):
        raise RefusedRequestError(403, f"a page of {_printable(origin)} may not ask this; open the UI itself")
    if _single_header(scope, b"sec-fetch-site") not in {None, "same-origin", "none"} and not is_link:
        raise RefusedRequestError(403, "a page of another site may not ask this; open the UI itself")
    if scope["type"] == "http" and not is_reading and _media_type(scope) != "application/json":
        raise RefusedRequestError(415, "what changes something is sent as application/json")


def _host_of(scope: Scope, hosts: frozenset[str]) -> SplitResult:
    """Return `Host`, whose name is one of `hosts`."""
    host = _single_header(scope, b"host") or ""
    parts = _split(f"http://{host}")
    if parts is None or _name(parts) not in hosts:
        raise RefusedRequestError(
            403, f"the host {_printable(host)} is not known; if the UI is reached so, name it in [pulse] ui_hosts"
        )
    return parts


def _has_host_and_port(origin: str, host: SplitResult) -> bool:
    """Tell whether an origin has the host's name and port. A port that is left out is that of the origin's scheme."""
    parts = _split(origin)
    if parts is None:
        return False
    default = DEFAULT_PORTS[parts.scheme]
    return _name(parts) == _name(host) and (parts.port or default) == (host.port or default)


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL that has a name and perhaps a port; None for any other text, such as `null`."""
    try:
        parts = urlsplit(url)
        is_bare = url == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return None
    return parts if is_bare and parts.hostname and parts.scheme in DEFAULT_PORTS else None


def _name(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _single_header(scope: Scope, name: bytes) -> str | None:
    """Return a header's value, None without it.

    Raises:
        RefusedRequestError: it is sent twice; programs differ in which one counts.
    """
    values = [value for key, value in scope["headers"] if key.lower() == name]
    if len(values) > 1:
        raise RefusedRequestError(400, f"the header {name.decode()} may be there once")
    return values[0].decode("latin-1").strip() if values else None


def _media_type(scope: Scope) -> str:
    return (_single_header(scope, b"content-type") or "").partition(";")[0].strip().lower()


def _is_data(path: str) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in NO_PAGES)


def _as_page_request(scope: Scope) -> Scope:
    """Ask for the HTML page where GraphQL is asked by GET: Dagster would run a query, and a mutation, that comes so."""
    if scope["type"] != "http" or scope["path"].rstrip("/") != GRAPHQL or scope["method"] not in READING:
        return scope
    headers = [(key, value) for key, value in scope["headers"] if key.lower() != b"accept"]
    return {**scope, "query_string": b"", "headers": [*headers, (b"accept", b"text/html")]}


def _without_frames(send: Send) -> Send:
    """Add to every answer the headers by which no page may frame it."""

    async def send_unframed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *NOT_FRAMED]}
        await send(message)

    return send_unframed


async def _refuse(scope: Scope, error: RefusedRequestError, send: Send) -> None:
    if scope["type"] == "websocket":  # before it is accepted: the server answers the handshake with 403
        await send({"type": "websocket.close", "code": 1008, "reason": error.reason})
        return
    body = f"{error.reason}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *NOT_FRAMED,
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _printable(text: str) -> str:
    return ascii(text)[:80]
