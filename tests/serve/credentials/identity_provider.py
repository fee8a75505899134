"""A provider of key sets over https, whose answers a test may choose; its keys, a clock, whether a token is good."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from serve.credentials.bearer import Bearer
from serve.credentials.credentials import Credentials
from serve.credentials.jwks import KeySet
from serve.http.errors import RefusedError
from tests.serve.credentials.signers import Signer, key_set
from tests.support.platforms.small_platform import ANA
from warehouse.configuration.authentication import Auth

OLD, NEW = Signer("EdDSA", "old"), Signer("EdDSA", "new")
AUTH = Auth(algorithms=["EdDSA"], jwks="jwks.json")
ALL = ("RS256", "ES256", "EdDSA")
DAY = 24 * 3600.0


@dataclass
class Clock:
    """Seconds that grow when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Request(BaseHTTPRequestHandler):
    """A request to a provider, of which each test has its own."""

    provider: "Provider"

    def do_GET(self) -> None:
        self.provider.asked.append({"path": self.path, **dict(self.headers)})
        self.provider.answer(self)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    """A server that keeps quiet when its client hangs up."""

    def handle_error(self, *_: object) -> None:
        """Keep quiet."""


Answer = Callable[[Request], object]


@dataclass
class Provider:
    """An identity provider: what it answers, and how often it was asked."""

    server: Server
    answer: Answer
    asked: list[dict[str, str]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.server_port}/jwks?of=pulse"

    def publish(self, *signers: Signer) -> None:
        self.answer = lambda request: send(request, 200, key_set(*signers))


def send(request: Request, status: int, content: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)


def is_good(keys: KeySet, signer: Signer, **header: object) -> bool:
    """Tell whether a signer's token is let through; a set that is not there is neither yes nor no."""
    try:
        caller = Credentials(Bearer(AUTH, keys)).caller({"Authorization": f"Bearer {signer.token(header=header)}"})
    except RefusedError:
        return False
    return caller.learner == ANA
