"""`<learning-pulse>` in Chromium, on a page of another origin with a strict policy: looks, keyboard, states, words.

How its file is served is `tests/serve/public/test_element_file.py`'s. Learners are those of the demo.
"""

import json

import pytest
from playwright.sync_api import Page, Route

from serve.app import create_app
from serve.public import palette
from tests.browser.looks import LOOKS, RULES, in_view, keep, pixel, rgb
from tests.browser.own_page import ELEMENT, EXPIRED, Show, World, token, wait
from tests.support.running.chromium import PHONE, serving
from tests.support.slowly import slowly
from warehouse.configuration.configuration import load

FOCUSED = f"{ELEMENT}.shadowRoot.activeElement.textContent"


def day(page: Page) -> str:
    return str(page.locator(".day b").text_content())


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_it_shows_what_the_api_answers(show: Show, world: World) -> None:
    client = create_app(load(world.folder / "pulse.toml", ["auth", "serve"])).test_client()
    headers = {"Authorization": f"Bearer {token(world.ada)}"}
    pulse, streak, week = (
        client.get(f"/api/xp/{route}", headers=headers).get_json()
        for route in ("learning-pulse", "streak-status", "weekly-activity")
    )
    with show() as page:
        wait(page)
        cells = page.locator(".heatmap td[class]").evaluate_all(
            "cells => cells.map(cell => [cell.className, cell.textContent]).sort((a, b) => a[1] < b[1] ? -1 : 1)"
        )
        assert [name.split()[0] for name, _ in cells] == [f"l{entry['level']}" for entry in pulse["data"]]
        for (name, text), entry in zip(cells, pulse["data"], strict=True):
            assert text.startswith(f"{entry['date']}, level {entry['level']}")
            assert name.endswith(" unfinished") == ("not over yet" in text) == (entry["date"] == "2026-01-05")
            if entry["level"]:
                numbers = [f"{name} {entry[key]}" for name, key in (("XP", "xp_earned"), ("sessions", "sessions"))]
                numbers += [f"quizzes {entry['quizzes']}", f"quizzes passed {entry['quizzes_passed']}"]
                assert [number for number in numbers if f", {number}," not in f"{text},"] == []
                assert f"learning time {duration(entry['learning_time'])}, " in text
        rows = page.locator("details tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        active = [entry for entry in reversed(pulse["data"]) if entry["level"]]
        assert rows == [
            [entry["date"], str(entry["xp_earned"]), duration(entry["learning_time"])]
            + [str(entry[name]) for name in ("sessions", "quizzes", "quizzes_passed", "level")]
            for entry in active
        ]
        facts = dict(
            page.locator(".facts div").evaluate_all(
                "facts => facts.map(fact => [...fact.children].map(part => part.textContent))"
            )
        )
        assert facts["current streak"] == f"{streak['current_streak']} days"
        assert facts["longest streak"] == f"{streak['longest_streak']} days"
        assert facts["active days"] == str(len(active))
        assert facts["XP"] == f"{sum(entry['xp_earned'] for entry in active):,}"
        assert facts["learning time"] == duration(pulse["total_learning_time"])
        for name in ("sessions", "quizzes", "quizzes_passed"):
            assert facts[name.replace("_", " ")] == f"{pulse[f'total_{name}']:,}"
        assert streak["streak_at_risk"] == (page.locator("[part=risk]").count() == 1)
        assert page.locator("#week").text_content() == f"This week: {week['total_xp_earned']} XP"
        assert page.locator(".week td").all_text_contents()[1:] == ["255", "0", "", "", "", "", ""]


def duration(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours:,} hr {minutes} min" if hours else f"{minutes} min" if minutes or not seconds else f"{seconds} sec"


def test_without_a_profile_it_shows_the_pulse_alone(show: Show, world: World) -> None:
    text = (world.folder / "pulse.toml").read_text(encoding="utf-8")
    path = world.folder / "without.toml"
    path.write_text(text.replace("[pulse]\n", "[pulse]\nprofile = false\n"), encoding="utf-8")
    api = world.site.api
    with serving(create_app(load(path, ["auth", "serve"]))) as world.site.api, show() as page:
        wait(page)
        assert page.locator(".heatmap td[class]").count() == 365
        assert page.locator("h2").all_text_contents()[1:] == ["Activity by day", "Active days by month"]
    world.site.api = api


def test_answers_of_two_versions_are_asked_for_again(show: Show, world: World) -> None:
    asked: list[str] = []

    def later(route: Route) -> None:
        answer = route.fetch()
        asked.append(route.request.method)
        version = "pulse-2026-01-05-000002" if len(asked) == 1 else answer.headers["x-data-version"]
        route.fulfill(response=answer, headers=answer.headers | {"x-data-version": version})

    with show(token_from=None) as page:
        page.route("**/api/xp/streak-status", later)
        page.evaluate(f"token => {{ {ELEMENT}.token = token }}", token(world.ada))
        wait(page)
        assert asked == ["GET", "GET"]


# --- looks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", slowly(LOOKS, quick=2))
def test_no_rule_of_accessibility_is_broken(show: Show, axe: str, look: str) -> None:
    with show(LOOKS[look]) as page:
        wait(page)
        keep(page, f"element {look}")
        page.evaluate(f"{ELEMENT}.shadowRoot.querySelectorAll('details').forEach(one => {{ one.open = true }})")
        page.evaluate(axe)
        result = page.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}}})")
        assert len(result["passes"]) > 10
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in result["violations"]] == []


@pytest.mark.parametrize("state", ["loading", "expired", "offline", "empty"])
def test_no_rule_is_broken_in_the_other_states_either(show: Show, world: World, axe: str, state: str) -> None:
    world.site.tokens = [token("stranger" if state == "empty" else world.ada, EXPIRED if state == "expired" else 2**32)]
    with show(token_from={"loading": None, "offline": "/down.json"}.get(state, "/token.json")) as page:
        wait(page, state)
        keep(page, f"element {state}")
        page.evaluate(axe)
        assert page.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}}})")["violations"] == []
        assert page.locator("[part=status]").get_attribute("role") == "status"


@pytest.mark.parametrize(("scheme", "colours"), [("light", palette.LIGHT), ("dark", palette.DARK)])
def test_it_has_the_colours_that_its_page_has(show: Show, world: World, scheme: str, colours: dict[str, str]) -> None:
    expected = [rgb(colours[f"l{level}"]) for level in range(5)]
    with show({"color_scheme": scheme}) as page:
        wait(page)
        assert [pixel(page, f".legend .l{level}") for level in range(5)] == expected
    world.site.css = f":root{{color-scheme:{scheme}}}"
    with show({"color_scheme": "dark" if scheme == "light" else "light"}) as page:
        wait(page)  # a page that is only light stays so, whatever the reader prefers
        assert [pixel(page, f".legend .l{level}") for level in range(5)] == expected


def test_where_colours_are_forced_every_level_has_a_mark_that_is_not_read_twice(show: Show) -> None:
    with show({"forced_colors": "active"}) as page:
        wait(page)
        for level in range(5):
            mark = page.locator(f"td.l{level}").first.evaluate("cell => getComputedStyle(cell, '::before').content")
            assert mark == ("none" if level == 0 else f'"{level}" / ""')


def test_its_page_says_how_it_looks(show: Show, world: World) -> None:
    world.site.css = (
        "learning-pulse{--learning-pulse-l4:#ff0000;--learning-pulse-cell:16px}"
        "learning-pulse::part(heading){color:#00ff00}"
    )
    with show() as page:
        wait(page)
        assert pixel(page, ".legend .l4") == (255, 0, 0)
        assert page.locator("td.l4").first.evaluate("cell => cell.clientWidth") == 16
        assert page.locator("h2").first.evaluate("one => getComputedStyle(one).color") == "rgb(0, 255, 0)"
        assert page.locator("learning-pulse [style]").count() == 0


@pytest.mark.parametrize("width", slowly([360, 320, 768, 1280], quick=1))
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_only_tables_scroll_sideways_and_the_newest_week_is_in_view(
    show: Show, world: World, width: int, direction: str
) -> None:
    world.site.css = f":root{{direction:{direction}}}"
    with show({**PHONE, "viewport": {"width": width, "height": 800}}) as page:
        wait(page)
        keep(page, f"element {direction} {width}")
        page.evaluate(f"{ELEMENT}.shadowRoot.querySelectorAll('details').forEach(one => {{ one.open = true }})")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        newest = page.locator(".heatmap td[class]", has_text="2026-01-05")
        newest.scroll_into_view_if_needed()
        assert in_view(newest)
        newest.tap()
        assert day(page) == "Monday 2026-01-05, level 1 so far, not over yet"


# --- the keyboard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("direction", "older", "newer"), [("ltr", "Left", "Right"), ("rtl", "Right", "Left")])
def test_the_keyboard_alone_reaches_every_day(show: Show, world: World, direction: str, older: str, newer: str) -> None:
    world.site.css = f":root{{direction:{direction}}}"
    with show() as page:
        wait(page)
        page.keyboard.press("Tab")
        assert page.evaluate(f"{ELEMENT}.shadowRoot.activeElement.className") == "scroll"
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED).startswith("2026-01-04, level ")  # the newest date that is over
        for key, expected in [
            ("ArrowDown", "Monday 2026-01-05"),
            ("ArrowUp", "Sunday 2026-01-04"),
            (f"Arrow{older}", "Sunday 2025-12-28"),
            ("ArrowDown", "Monday 2025-12-29"),
            (f"Arrow{newer}", "Monday 2026-01-05"),
            (f"Arrow{newer}", "Monday 2026-01-05"),
            ("PageUp", "Monday 2025-12-08"),
            ("Home", "Monday 2025-01-06"),
            ("ArrowUp", "Monday 2025-01-06"),
            ("End", "Monday 2026-01-05"),
            ("Control+ArrowUp", "Monday 2026-01-05"),
        ]:
            page.keyboard.press(key)
            assert day(page).startswith(f"{expected}, level "), key
            focused = page.locator("td:focus")
            assert focused.evaluate("cell => getComputedStyle(cell).outlineStyle") == "solid"
            assert in_view(focused), key
        assert page.locator('td[tabindex="0"]').count() == 1
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.locator("details[open]").count() == 1


def test_the_tables_have_heads_and_the_day_is_announced(show: Show) -> None:
    with show() as page:
        wait(page)
        assert page.locator(".day").get_attribute("role") == "status"
        tree = page.locator(".heatmap").aria_snapshot()
        assert 'rowheader "Monday"' in tree
        assert 'columnheader "Week of 2025-12-28"' in tree
        assert 'columnheader "January 2026"' in tree
        assert 'cell "2026-01-04, level 4, XP 255, learning time 4 hr 26 min, sessions 4' in tree
        week = page.locator(".week").aria_snapshot()
        assert 'columnheader "Sunday 2026-01-04"' in week
        assert 'rowheader "XP"' in week
        page.locator("summary").first.click()
        month = page.locator("details table").first.aria_snapshot()
        assert 'rowheader "2026-01-04"' in month
        assert 'columnheader "quizzes passed"' in month
