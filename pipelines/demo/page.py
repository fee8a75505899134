"""The page of a learner that `pulse demo` serves beside the API: what a platform would build around `<learning-pulse>`.

It is on a port of its own, so it is of another origin, and has a strict Content-Security-Policy, as a platform's page.
The token of an invented learner stands in it. That is for the demo alone: docs/guide/embed.md has a platform's way.
"""

import base64
import hashlib
import html
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template

TEMPLATE = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))


class DemoPage:
    """A page whose origin is known from the beginning, and that is shown once there is something to show.

    Args:
        host: the address to listen on; the port is any that is free.
    """

    def __init__(self, host: str) -> None:
        self._server = ThreadingHTTPServer((host, 0), BaseHTTPRequestHandler)
        self.origin = f"http://{host}:{self._server.server_port}"

    def show(self, server: str, name: str, token: str) -> None:
        """Serve the page until the process ends.

        Args:
            server: the URL of the API.
            name: the learner's.
            token: the learner's.
        """
        text = TEMPLATE.substitute(server=html.escape(server), name=html.escape(name), token=json.dumps(token))
        self._server.RequestHandlerClass = _handler(text.encode(), policy_of(text, server))
        threading.Thread(target=self._server.serve_forever, name="demo page", daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def policy_of(page: str, server: str) -> str:
    """Return the policy of a page that shows `<learning-pulse>`: what stands in it, and the API, and nothing else.

    Args:
        page: its HTML.
        server: the URL of the API.
    """
    style, script = (_hash(page, tag) for tag in ("style", "script"))
    return (
        f"default-src 'none'; style-src {style}; script-src {server} {script}; connect-src {server}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash(page: str, tag: str) -> str:
    (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _handler(body: bytes, policy: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_page = self.path == "/"
            self.send_response(200 if is_page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body if is_page else b"")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            """Say nothing: the terminal is the server's."""

    return Handler
