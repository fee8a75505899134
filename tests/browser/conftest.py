"""A real Chromium on a real page: the app on a port of its own, and pages that must stay quiet.

Without Chromium, or without what npm brings, these tests are skipped and say so; with `CI=true` they fail instead.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from serve.app import create_app
from tests.browser import own_page
from tests.browser.own_page import PLAIN, Show, Site, World, token
from tests.support.platforms import public_platform
from tests.support.running.chromium import ARGUMENTS, AXE, CHROMIUM, DESKTOP, YEAR, Open, missing, serving
from warehouse.configuration.configuration import Configuration


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """A learner of a full year, published once for every file here."""
    configuration = public_platform.make(tmp_path_factory.mktemp("browser") / "platform", days=YEAR)
    public_platform.publish(configuration)
    return configuration


@pytest.fixture(scope="module")
def site(published: Configuration) -> Iterator[str]:
    """The URL of a server that knows the learner."""
    with serving(create_app(published)) as url:
        yield url


@pytest.fixture(scope="module")  # and no longer: its event loop would be in the way of Dagster's
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        missing("no Chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.exists():
        missing("no axe-core here; run `npm ci` in tests/browser")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture
def opened(browser: Browser, site: str) -> Open:
    """Give a way to open pages; one that complains, opens a dialog, or asks another host is a failure."""

    @contextmanager
    def open_path(path: str, **options: Any) -> Iterator[Page]:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        page, complaints = context.new_page(), list[str]()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: complaints.append(request.url) if request.url != site + path else None)
        page.goto(site + path)
        yield page
        context.close()
        assert complaints == []

    return open_path


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A site of one origin, and a server of another that has published a year."""
    folder, site = tmp_path_factory.mktemp("own"), Site()
    with serving(site) as address:
        origin = address.replace("127.0.0.1", "localhost")
        configuration, made = own_page.published(folder, origin)
        with serving(create_app(configuration)) as site.api:
            yield World(site, origin, folder, made.showcase_id)


@pytest.fixture
def show(browser: Browser, world: World) -> Show:
    """Give a way to open the site's page; it hands out good tokens, and counts them from none on."""
    site = world.site
    site.css, site.tokens, site.asked = PLAIN, [token(world.ada)], []

    def opened(
        options: dict[str, Any] | None = None, origin: str = "", **attributes: str | None
    ) -> AbstractContextManager[Page]:
        site.show(**{"token_from": "/token.json", **attributes})
        at = origin or world.origin
        return own_page.opened(browser, at + "/", (at, site.api), **(options or {}))

    return opened
