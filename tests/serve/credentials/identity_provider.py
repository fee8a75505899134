"""A provider of key sets over https, whose answers a test may choose."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.serve.credentials.signers import Signer, key_set


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
