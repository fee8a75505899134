"""`<learning-pulse>` in Chromium: tokens, what it shows without numbers, words, and hostile texts."""

import json
import re
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from pipelines.command_line.options import LOCALHOST
from pipelines.demo.page import DemoPage
from serve.app import create_app
from tests.browser.looks import keep
from tests.browser.own_page import ELEMENT, EXPIRED, FILE, Show, World, opened, token, wait
from tests.support.running.chromium import serving
from tests.support.slowly import slowly
from warehouse.configuration.configuration import load
from warehouse.versions.versions import Warehouse

FIELDS = ["date", "level", "headers", "xp_earned", "quizzes_passed", "current_streak", "covered"]
HOSTILE = "</span><img src=x onerror=alert(1)><script>alert(2)</script>"
GERMAN = {
    "lang": "de",
    "heatmap": "Aktivität nach Tag",
    "day": "{date}, Stufe {level}",
    "learning_time": "Lernzeit",
    "week_of": "Woche vom {date}",
}


def status(page: Page) -> str:
    return str(page.locator("[part=status]").text_content())


def cells(page: Page) -> int:
    return page.locator(".heatmap td[class]").count()


# --- the token --------------------------------------------------------------------------------------------------------


def test_the_page_is_asked_for_a_token_with_its_own_cookies(show: Show, world: World) -> None:
    with show() as page:
        wait(page)
        assert world.site.asked == [{"session": "of-the-learner"}]


def test_an_expired_token_is_asked_for_once_more(show: Show, world: World) -> None:
    world.site.tokens = [token(world.ada, EXPIRED), token(world.ada)]
    with show() as page:
        wait(page)
        assert len(world.site.asked) == 2


def test_a_second_one_that_is_expired_too_says_so_and_a_button_tries_again(show: Show, world: World) -> None:
    world.site.tokens = [token(world.ada, EXPIRED)]
    with show() as page:
        wait(page, "expired")
        assert len(world.site.asked) == 2
        assert status(page) == "You are signed out. Sign in again to see your activity."
        assert cells(page) == 0
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("learning-pulse[state=loading]", state="detached")
        wait(page, "expired")
        assert page.evaluate(f"{ELEMENT}.shadowRoot.activeElement.textContent") == "Try again"
        world.site.tokens = [token(world.ada)]
        page.keyboard.press("Enter")
        wait(page)
        assert status(page) == ""
        assert page.evaluate(f"{ELEMENT}.shadowRoot.activeElement.className") == "scroll"  # nobody loses the focus


def test_a_page_that_hands_out_no_token_has_nobody_signed_in(show: Show, world: World) -> None:
    world.site.tokens = []
    with show() as page:
        wait(page, "expired")


@pytest.mark.parametrize("given", [None, "", 5, {}])
def test_what_is_no_token_is_not_sent(show: Show, world: World, given: Any) -> None:
    world.site.tokens = [given]
    with show() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        wait(page, "expired")
        assert [url for url in asked if "/api/" in url] == []


def test_a_text_as_token_is_used_as_it_is_and_once(show: Show, world: World) -> None:
    with show(token_from=None) as page:
        wait(page, "loading")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.headers.get("authorization", "")))
        page.evaluate(f"token => {{ {ELEMENT}.token = token }}", token(world.ada, EXPIRED))
        wait(page, "expired")
        assert sent == [f"Bearer {token(world.ada, EXPIRED)}"] * 3
        page.evaluate(f"token => {{ {ELEMENT}.token = token }}", token(world.ada))
        wait(page)
        assert world.site.asked == []


def test_a_function_as_token_is_called_once_more_after_a_refusal(show: Show, world: World) -> None:
    with show(token_from=None) as page:
        page.evaluate(
            f"tokens => {{ {ELEMENT}.token = async () => tokens.shift() }}",
            [token(world.ada, EXPIRED), token(world.ada), "not asked for"],
        )
        wait(page)
        page.evaluate(f"() => {{ {ELEMENT}.token = () => {{ throw new Error('no token today') }} }}")
        wait(page, "offline")


def test_a_token_that_was_set_before_the_file_is_loaded_counts(show: Show, world: World) -> None:
    with show(token_from=None) as page:
        world.site.html = re.sub("<script.*?</script>", "", world.site.html)
        page.reload()
        page.evaluate(f"token => {{ {ELEMENT}.token = token }}", token(world.ada))
        page.evaluate("url => import(url)", world.site.api + FILE)
        wait(page)
        page.evaluate("url => import(url)", world.site.api + FILE + "?again")  # a second copy does nothing


def test_another_learners_token_leaves_nothing_of_the_first(show: Show) -> None:
    with show() as page:
        wait(page)
        page.evaluate(f"() => {{ {ELEMENT}.token = () => new Promise(() => {{}}) }}")
        wait(page, "loading")
        assert cells(page) == 0
        page.evaluate(f"token => {{ {ELEMENT}.token = token }}", token("stranger"))
        wait(page, "empty")
        assert page.locator(".facts dd").all_text_contents()[2:] == ["0", "0", "0 min", "0", "0", "0"]


def test_a_page_whose_origin_is_not_listed_reads_nothing(show: Show, world: World) -> None:
    with show(origin=world.origin.replace("localhost", "127.0.0.1")) as page:
        wait(page, "offline")
        assert cells(page) == 0


def test_the_page_of_the_demo_shows_it_with_the_token_that_stands_in_it(browser: Browser, world: World) -> None:
    page = DemoPage(LOCALHOST)
    path = world.folder / "demo.toml"
    path.write_text((world.folder / "pulse.toml").read_text(encoding="utf-8").replace(world.origin, page.origin))
    with closing(page), serving(create_app(load(path, ["auth", "serve"]))) as api:
        page.show(api, "ada & co", token(world.ada))
        with opened(browser, page.origin + "/", (page.origin, api)) as shown:
            wait(shown)
            keep(shown, "element demo")
            assert cells(shown) == 365
            assert shown.locator("h1").text_content() == "ada & co"


# --- without numbers --------------------------------------------------------------------------------------------------


def test_a_learner_without_activity_is_told_so_beside_an_empty_table(show: Show, world: World) -> None:
    world.site.tokens = [token("stranger")]
    with show() as page:
        wait(page, "empty")
        assert status(page) == "No activity in this time yet."
        assert (cells(page), page.locator("td.l0").count()) == (365, 365)
        assert page.locator("details").count() == 0
        assert "because you have few yet" in str(page.locator("#compares").text_content())


def test_while_nothing_is_published_it_says_so_until_something_is(show: Show, world: World) -> None:
    configuration = load(world.folder / "pulse.toml", ["auth", "serve"])
    warehouse, api = Warehouse.of(configuration), world.site.api
    version = warehouse.current()
    assert version is not None
    warehouse.pointer.unlink()
    try:
        with serving(create_app(configuration)) as world.site.api, show() as page:
            wait(page, "offline")
            assert status(page) == "Your activity cannot be shown right now."
            warehouse.point_to(version)
            page.get_by_role("button", name="Try again").click()
            wait(page)
    finally:
        world.site.api = api
        if not warehouse.pointer.exists():
            warehouse.point_to(version)


def test_without_a_network_it_says_so_and_tries_again_when_asked(show: Show) -> None:
    with show() as page:
        wait(page)
        states = f"states => {{ {ELEMENT}.addEventListener('state', event => states.push(event.detail)) }}"
        page.evaluate(f"window.states = []; ({states})(window.states)")
        page.context.set_offline(True)
        page.evaluate(f"{ELEMENT}.load()")
        wait(page, "offline")
        page.context.set_offline(False)
        page.get_by_role("button").click()
        wait(page)
        assert page.evaluate("window.states") == ["loading", "offline", "loading", "ready"]
        page.evaluate(f"{ELEMENT}.remove()")  # in the middle of a request
        page.evaluate("document.querySelector('main').append(document.createElement('learning-pulse'))")
        wait(page, "loading")


# --- words ------------------------------------------------------------------------------------------------------------


def test_words_are_those_of_the_attribute_and_names_and_numbers_follow_their_language(show: Show) -> None:
    with show(words=json.dumps(GERMAN)) as page:
        wait(page)
        assert page.locator("#heatmap").text_content() == "Aktivität nach Tag"
        assert page.locator(".day b").text_content() == "Sonntag 2026-01-04, Stufe 4"
        assert "Lernzeit 4 Std. 26 Min." in str(page.locator(".day span").text_content())
        assert page.locator(".box").get_attribute("lang") == "de"
        assert page.locator("#totals").text_content() == "2025-01-06 to 2026-01-05"  # a word that is not given
        tree = page.locator(".heatmap").aria_snapshot()
        assert 'rowheader "Sonntag"' in tree
        assert 'columnheader "Januar 2026"' in tree
        page.evaluate(f"{ELEMENT}.removeAttribute('words')")
        page.wait_for_selector(".box[lang=en] .heatmap")


@pytest.mark.parametrize("words", ["{", "[]", "null", '{"lang": "no language!"}', '{"day": 5, "lang": null}'])
def test_words_that_are_none_leave_ours(show: Show, words: str) -> None:
    with show(words=words) as page:
        wait(page)
        assert page.locator(".day b").text_content() == "Sunday 2026-01-04, level 4"


# --- hostile texts ----------------------------------------------------------------------------------------------------


def elements(page: Page) -> list[str]:
    """The names of all elements that are drawn, each once."""
    tags = f"[...{ELEMENT}.shadowRoot.querySelectorAll('*')].map(one => one.localName)"
    return sorted(set(page.evaluate(tags)))


def test_hostile_words_are_text(show: Show) -> None:
    names = ("day", "heatmap", "none", "retry", "week", "level_1")
    hostile = dict.fromkeys(names, f"{HOSTILE}{{date}}{{__proto__}}")
    with show() as page:
        wait(page)
        usual = elements(page)
        page.evaluate(f"words => {ELEMENT}.setAttribute('words', words)", json.dumps(hostile))
        page.locator("#heatmap", has_text="<img").wait_for()
        wait(page)
        assert elements(page) == usual
        assert HOSTILE in str(page.locator("#heatmap").text_content())


@pytest.mark.parametrize("field", slowly(FIELDS, quick=3))
def test_hostile_answers_are_text_or_are_not_shown(show: Show, field: str) -> None:
    def hostile(route: Route) -> None:
        answer = route.fetch()
        body, headers = answer.json(), dict(answer.headers)
        for entry in body.get("data", []):
            if field in entry:
                entry[field] = HOSTILE
        if field in body:
            body[field] = HOSTILE
        if field == "covered" and "freeze_covered_dates" in body:
            body["freeze_covered_dates"] = [HOSTILE, body["data"][0]["date"]]
        if field == "headers":
            headers |= {f"x-pulse-{name}": HOSTILE for name in ("complete-through", "metric", "population")}
        route.fulfill(status=200, headers=headers, body=json.dumps(body))

    with show() as page:
        wait(page)
        usual = elements(page)
        page.route("**/api/xp/*", hostile)
        page.evaluate(f"{ELEMENT}.load()")
        page.wait_for_selector("learning-pulse:not([state=loading])")
        assert set(elements(page)) <= {*usual, "small"}
        assert page.locator(".week small").all_text_contents() == (["saver"] if field == "covered" else [])
        assert page.locator("learning-pulse").get_attribute("state") in {"ready", "empty", "offline"}
