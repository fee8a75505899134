"""Those who are told: a web server that takes JSON, and a mail server, each on a port of this machine."""

from __future__ import annotations

import socketserver
import threading
import time
from contextlib import contextmanager
from email import message_from_string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message


class Listener:
    """What a server has been sent, and how it behaves.

    Args:
        port: where it listens.
        bodies: what it has taken, as text.
    """

    def __init__(self) -> None:
        self.port = 0
        self.bodies: list[str] = []
        self.status = 200
        self.pause_seconds = 0.0

    def mails(self) -> list[Message]:
        return [message_from_string(body) for body in self.bodies]


@contextmanager
def webhook() -> Iterator[Listener]:
    """Run a server that takes JSON; with another `status` it refuses, and 302 sends elsewhere."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            time.sleep(listener.pause_seconds)
            if listener.status < 300:
                listener.bodies.append(body)
            self.send_response(listener.status)
            if listener.status == 302:
                self.send_header("Location", f"http://127.0.0.1:{listener.port}/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler), listener):
        yield listener


@contextmanager
def mailbox() -> Iterator[Listener]:
    """Run a mail server without TLS that keeps what it takes; with `status` 550 it refuses every recipient."""
    listener = Listener()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            time.sleep(listener.pause_seconds)
            self._say("220 here")
            while line := self.rfile.readline().decode().strip():
                verb = line.partition(" ")[0].upper()
                if verb == "DATA":
                    self._say("354 go on")
                    lines = []
                    while (each := self.rfile.readline().decode()) != ".\r\n":
                        lines.append(each.removeprefix(".") if each.startswith("..") else each)
                    listener.bodies.append("".join(lines))
                    self._say("250 taken")
                elif verb == "RCPT" and listener.status != 200:
                    self._say(f"{listener.status} no")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 good")

        def _say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler), listener):
        yield listener


@contextmanager
def _serving(server: socketserver.ThreadingTCPServer | ThreadingHTTPServer, listener: Listener) -> Iterator[None]:
    server.daemon_threads = True
    server.block_on_close = False
    listener.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
