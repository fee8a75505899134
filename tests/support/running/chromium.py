"""What the browser tests share: which Chromium, what it shows pages on, and how an app is served to it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import pytest
from playwright.sync_api import Page
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.repository import IS_CI, ROOT

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
AXE = ROOT / "tests" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
YEAR = 366
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]
DESKTOP = {"width": 1280, "height": 900}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}


class Open(Protocol):
    """Opens a path of the site in a browser of its own."""

    def __call__(self, path: str, **options: Any) -> AbstractContextManager[Page]: ...


def missing(what: str) -> NoReturn:
    if IS_CI:
        pytest.fail(what)
    pytest.skip(what)


class Quiet(WSGIRequestHandler):
    """Says nothing; the app has its own log."""

    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def serving(app: "WSGIApplication") -> Iterator[str]:
    """Serve an app and give its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
