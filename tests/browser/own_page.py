"""A learner's own page on a site of another origin, with a strict policy: what the platform builds, for the tests."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jwt
from playwright.sync_api import Browser, Page
from werkzeug import Request, Response

from assets.all_steps import run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from pipelines.demo.platform import Platform, demo_configuration, make_platform
from tests.support.platforms.small_platform import FAR_EXPIRY
from tests.support.running.chromium import DESKTOP, YEAR
from warehouse.configuration.configuration import Configuration, load

SECRET = "the secret of the platform that has an own page"
FILE = "/embed/learning-pulse.js"
ELEMENT = "document.querySelector('learning-pulse')"
LAST_DAY = date(2026, 1, 4)  # in Berlin the next date has begun
EXPIRED = 1_000_000_000  # 2001
# What Chromium says of an answer that is an error or that a page may not read, and the element of what makes no sense.
EXPECTED = ("Failed to load resource", "Access to fetch", "learning-pulse: ")
PLAIN = ":root{color-scheme:light dark}body{margin:1rem;font-family:system-ui,sans-serif}"


def token(learner: object, expires: int = FAR_EXPIRY) -> str:
    return jwt.encode({"sub": learner, "exp": expires}, SECRET, algorithm="HS256")


class Site:
    """The platform's own site: one page, its style, and a URL that hands out tokens.

    Args:
        api: the URL of the server of the pulse; set before a page is opened.
    """

    api = ""

    def __init__(self) -> None:
        self.html, self.css = "", ""
        self.tokens: list[str] = []  # that are handed out; the last one again and again
        self.asked: list[dict[str, str]] = []  # the cookies of each request for a token

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/token.json":
            self.asked.append(dict(request.cookies))
            if not self.tokens:
                return Response("{}", 401, mimetype="application/json")
            given = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
            return Response(json.dumps({"token": given}), mimetype="application/json")
        if request.path == "/down.json":
            return Response("{}", 503, mimetype="application/json")
        if request.path == "/page.css":
            return Response(self.css, mimetype="text/css")
        policy = f"default-src 'none'; script-src {self.api}; connect-src 'self' {self.api}; style-src 'self'"
        policy += "; require-trusted-types-for 'script'; trusted-types 'none'"
        headers = {"Content-Security-Policy": policy, "Set-Cookie": "session=of-the-learner; SameSite=Lax"}
        headers["Cross-Origin-Embedder-Policy"] = "require-corp"
        return Response(self.html, mimetype="text/html", headers=headers)

    def show(self, **attributes: str | None) -> None:
        """Let the page show one element with these attributes, but for those that are None."""
        named = {"src": self.api, **{name.replace("_", "-"): value for name, value in attributes.items()}}
        written = " ".join(f'{name}="{escape(value)}"' for name, value in named.items() if value is not None)
        self.html = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>My page</title>"
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css">'
            f'<script type="module" src="{self.api}{FILE}"></script>'
            f"<main><h1>My page</h1><learning-pulse {written}></learning-pulse></main></html>"
        )


def published(folder: Path, origin: str) -> tuple[Configuration, Platform]:
    """Publish a year of a demo's platform, whose API pages of an origin may call."""
    made = make_platform(folder / "platform.sqlite", users=6, days=YEAR, last_day=LAST_DAY)
    text = demo_configuration("var", f"sqlite:///{folder}/platform.sqlite", made.first_day, SECRET, origin)
    path = folder / "pulse.toml"
    path.write_text(text + 'rate_limit = ""\n', encoding="utf-8")
    configuration = load(path, uses=["sources", "auth", "serve"])
    assert run_night(Night.of(configuration), Run(made.first_day, LAST_DAY)) is not None
    return configuration, made


class World(NamedTuple):
    """A site, its origin, the folder of the server that it asks, and a learner whom that knows."""

    site: Site
    origin: str
    folder: Path
    ada: str


class Show(Protocol):
    """Opens the page with the element and these attributes."""

    def __call__(
        self, options: dict[str, Any] | None = None, origin: str = "", **attributes: str | None
    ) -> AbstractContextManager[Page]: ...


def wait(page: Page, state: str = "ready") -> None:
    page.wait_for_selector(f"learning-pulse[state={state}]")


@contextmanager
def opened(browser: Browser, url: str, allowed: tuple[str, ...], **options: Any) -> Iterator[Page]:
    """Open a page; one that complains, opens a dialog, or asks somebody who is not allowed is a failure."""
    context = browser.new_context(**{"viewport": DESKTOP, **options})
    page, complaints = context.new_page(), list[str]()

    def hear(text: str) -> None:
        if not text.startswith(EXPECTED):
            complaints.append(text)

    page.on("console", lambda message: hear(message.text))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: None if request.url.startswith(allowed) else complaints.append(request.url))
    page.goto(url)
    yield page
    context.close()
    assert complaints == []
