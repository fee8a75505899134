"""The public page in Chromium: light, dark, forced colours, grey, on a phone, by keyboard, and without its script."""

import json
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page
from werkzeug import Response

from serve.public import palette
from tests.browser.looks import LOOKS, RULES, in_view, keep, pixel, rgb
from tests.support.platforms.public_platform import SHOWN
from tests.support.running.chromium import DESKTOP, PHONE, Open, serving
from tests.support.slowly import slowly

ADA = "/profile/ada"
CELLS = "document.querySelectorAll('td[class]').length"
SHOWN_DAY = "document.getElementById('day').textContent"
FOCUSED = "document.activeElement.textContent"


def swatches(page: Page) -> list[tuple[int, int, int]]:
    return [pixel(page, f".legend .l{level}") for level in range(5)]


# --- looks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", slowly(LOOKS, quick=2))
def test_no_rule_of_accessibility_is_broken(opened: Open, axe: str, look: str) -> None:
    with opened(ADA, **LOOKS[look]) as page:
        keep(page, look)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        page.evaluate(axe)
        found = page.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}}})")
        assert len(found["passes"]) > 10
        violations = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
        assert violations == []


def test_the_404_breaks_no_rule_of_accessibility_either(browser: Browser, site: str, axe: str) -> None:
    page = browser.new_page()
    page.goto(site + "/profile/ben")
    keep(page, "nobody")
    page.evaluate(axe)
    assert page.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}}})")["violations"] == []
    page.close()


@pytest.mark.parametrize(("scheme", "colours"), [("light", palette.LIGHT), ("dark", palette.DARK)])
def test_the_page_has_the_colours_that_its_reader_prefers(opened: Open, scheme: str, colours: dict[str, str]) -> None:
    with opened(ADA, color_scheme=scheme) as page:
        assert swatches(page) == [rgb(colours[f"l{level}"]) for level in range(5)]
        assert pixel(page, "td.l4") == rgb(colours["l4"])


@pytest.mark.parametrize(("scheme", "direction"), [("light", -1), ("dark", 1)])
def test_without_any_colour_the_levels_are_still_told_apart(opened: Open, scheme: str, direction: int) -> None:
    with opened(ADA, color_scheme=scheme) as page:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"})
        keep(page, f"grey {scheme}")
        greys = swatches(page)
        assert [max(grey) - min(grey) <= 2 for grey in greys] == [True] * 5
        steps = [direction * (greys[n + 1][0] - greys[n][0]) for n in range(4)]
        assert min(steps) >= 25


def test_where_colours_are_forced_every_level_has_a_mark_that_is_not_read_twice(opened: Open) -> None:
    with opened(ADA, forced_colors="active") as page:
        for level in range(5):
            mark = page.evaluate(f"getComputedStyle(document.querySelector('td.l{level}'), '::before').content")
            assert mark == ("none" if level == 0 else f'"{level}" / ""')


@pytest.mark.parametrize("look", ["light", "phone", "narrow"])
def test_nothing_moves_once_it_is_there(opened: Open, look: str) -> None:
    with opened(ADA, **LOOKS[look]) as page:
        shifted = page.evaluate(
            """() => new Promise(done => {
                let sum = 0;
                new PerformanceObserver(list => list.getEntries().forEach(entry => { sum += entry.value }))
                    .observe({type: 'layout-shift', buffered: true});
                setTimeout(() => done(sum), 200);
            })"""
        )
        before = page.locator(".legend").bounding_box()
        page.locator("td[class]", has_text="2025-12-31").hover()
        assert page.evaluate(SHOWN_DAY).startswith("Wednesday")  # the longest name
        assert page.locator(".legend").bounding_box() == before
        page.locator("td.unfinished").hover()
        assert page.evaluate(SHOWN_DAY).endswith("so far, not over yet")
        assert page.locator(".legend").bounding_box() == before
        assert shifted == 0


@pytest.mark.parametrize("width", slowly([320, 1280, 360, 768, 1000, 2560], quick=2))
def test_only_the_heatmap_scrolls_sideways(opened: Open, width: int) -> None:
    with opened(ADA, viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        scrolls = page.evaluate("(one => one.scrollWidth > one.clientWidth)(document.querySelector('.scroll'))")
        assert scrolls == (width < 1100)


# --- a phone ----------------------------------------------------------------------------------------------------------


def test_on_a_phone_the_newest_week_is_in_view_and_a_tap_shows_a_day(opened: Open) -> None:
    with opened(ADA, **PHONE) as page:
        newest = page.locator("td[class]", has_text="2026-01-06")
        assert in_view(newest)
        assert not in_view(page.locator("td[class]", has_text="2025-01-07"))
        yesterday, today = (page.locator("td[class]", has_text=f"2026-01-0{day}").bounding_box() for day in (5, 6))
        assert yesterday is not None
        assert today is not None
        assert today["y"] - yesterday["y"] >= 24  # WCAG 2.5.8
        page.locator("td[class]", has_text="2026-01-01").tap()
        assert page.evaluate(SHOWN_DAY).startswith("Thursday 2026-01-01, level ")
        keep(page, "phone after a tap")


# --- the keyboard -----------------------------------------------------------------------------------------------------


def test_the_keyboard_alone_reaches_every_day(opened: Open) -> None:
    with opened(ADA) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "scroll"
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED).startswith("2026-01-05, level ")  # the newest date that is over
        for key, day in [
            ("ArrowDown", "Tuesday 2026-01-06"),
            ("ArrowUp", "Monday 2026-01-05"),
            ("ArrowLeft", "Monday 2025-12-29"),
            ("ArrowDown", "Tuesday 2025-12-30"),
            ("ArrowRight", "Tuesday 2026-01-06"),
            ("ArrowRight", "Tuesday 2026-01-06"),
            ("PageUp", "Tuesday 2025-12-09"),
            ("PageDown", "Tuesday 2026-01-06"),
            ("Home", "Tuesday 2025-01-07"),
            ("ArrowUp", "Tuesday 2025-01-07"),
            ("End", "Tuesday 2026-01-06"),
        ]:
            page.keyboard.press(key)
            assert page.evaluate(SHOWN_DAY).startswith(f"{day}, level "), key
            assert page.evaluate(SHOWN_DAY).endswith(page.evaluate(FOCUSED))
        keep(page, "keyboard")
        assert page.evaluate("document.querySelectorAll('td[tabindex=\"0\"]').length") == 1
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.parentNode.open")


def test_the_day_is_announced_and_its_cell_has_the_words_for_it(opened: Open) -> None:
    with opened(ADA) as page:
        assert page.locator("#day").get_attribute("role") == "status"
        tree = page.locator("table").aria_snapshot()
        assert 'rowheader "Monday"' in tree
        assert 'columnheader "Week of 2025-12-28"' in tree
        assert 'columnheader "January 2026"' in tree
        assert 'cell "2026-01-06, level ' in tree


@pytest.mark.parametrize("look", slowly(["light", "phone", "dark", "forced colours"], quick=1))
def test_the_focus_is_seen_and_nothing_covers_it(opened: Open, look: str) -> None:
    """WCAG 2.4.7 and 2.4.11."""
    with opened(ADA, **LOOKS[look]) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        for key in ("ArrowUp", "Home", "ArrowRight", "End", *["ArrowLeft"] * 15):
            page.keyboard.press(key)
            focused = page.locator("td:focus")
            assert focused.evaluate("cell => getComputedStyle(cell).outlineStyle") == "solid"
            assert focused.evaluate("cell => parseFloat(getComputedStyle(cell).outlineWidth)") >= 2
            assert in_view(focused), key


def test_keys_that_belong_to_the_browser_stay_with_it(opened: Open) -> None:
    with opened(ADA) as page:
        page.locator("td[class]", has_text="2026-01-01").focus()
        for key in ("Control+ArrowLeft", "Shift+ArrowUp", "a", "Escape"):
            page.keyboard.press(key)
        assert page.evaluate(FOCUSED).startswith("2026-01-01, ")


# --- without the script -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", ["light", "phone"])
def test_without_the_script_nothing_is_missing(opened: Open, look: str) -> None:
    with opened(ADA, java_script_enabled=False, **LOOKS[look]) as page:
        keep(page, f"no script {look}")
        assert page.locator("td[class]").count() == 365
        box = page.locator("td[class]", has_text="2026-01-06").bounding_box()
        width = (page.viewport_size or DESKTOP)["width"]
        assert box is not None
        assert 0 < box["x"] < width - box["width"]
        first = page.locator("details").first
        assert not first.locator("li").first.is_visible()
        first.locator("summary").click()
        assert first.locator("li").first.inner_text().startswith("2026-01-")
        assert page.locator("#day").inner_text().startswith("Monday 2026-01-05, level ")


# --- names and pictures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", slowly([*SHOWN.values(), "idle"], quick=3), ids=[*SHOWN, "idle"])
def test_whatever_the_name_the_page_is_quiet_and_whole(opened: Open, name: str) -> None:
    with opened(f"/profile/{quote(name, safe='')}", **PHONE) as page:
        assert page.locator("h1").evaluate("one => one.textContent") == name
        assert page.evaluate(CELLS) == 365
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_the_picture_is_drawn_in_the_page_of_another_host(browser: Browser, site: str, theme: str) -> None:
    """Also in one that takes nothing from others which does not say that it may (COEP)."""
    picture = f"{site}/api/xp/public-profile/ada/pulse.svg?theme={theme}"
    page = browser.new_page(viewport={"width": 860, "height": 260}, color_scheme="dark")
    headers = {"Content-Type": "text/html", "Cross-Origin-Embedder-Policy": "require-corp"}
    elsewhere = Response(f'<!doctype html><title>x</title><img src="{picture}" alt="">', headers=headers)
    with serving(elsewhere) as address:
        page.goto(address.replace("127.0.0.1", "localhost"))
    page.wait_for_function("document.images[0].complete")
    assert page.evaluate("document.images[0].naturalWidth") > 700
    keep(page, f"picture {theme}")
    surface = palette.LIGHT if theme == "light" else palette.DARK
    spot = "position:fixed;left:200px;top:20px;width:2px;height:2px"
    page.evaluate(f"document.body.insertAdjacentHTML('beforeend', '<b style=\"{spot}\">')")
    assert pixel(page, "b") == rgb(surface["surface"])
    page.close()


def test_the_picture_opened_by_itself_is_quiet(opened: Open) -> None:
    with opened("/api/xp/public-profile/ada/pulse.svg", viewport={"width": 840, "height": 230}) as page:
        keep(page, "picture alone")
        assert page.evaluate("getComputedStyle(document.querySelector('rect.l4')).fill") == "rgb(36, 24, 88)"


# --- a date that is not over ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", slowly(["light", "dark", "forced colours", "forced dark colours", "phone"], quick=2))
def test_a_date_that_is_not_over_is_told_apart_and_is_not_the_one_that_is_shown_first(opened: Open, look: str) -> None:
    """FAULTS 68: it has an edge of dashes, and so has what the legend says of it."""
    with opened(ADA, **LOOKS[look]) as page:
        keep(page, f"not over {look}")
        assert page.evaluate(SHOWN_DAY) == "Monday 2026-01-05, level 4"
        assert page.locator("td.unfinished i").all_text_contents() == ["2026-01-06, level 0 so far, not over yet"]
        for selector in ("td.unfinished", ".legend .unfinished"):
            assert page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).borderStyle") == "dashed"
        assert page.locator(".legend").inner_text().endswith("not over yet, may still change")
        cell = page.locator("td.unfinished")
        cell.tap() if look == "phone" else cell.hover()
        assert page.evaluate(SHOWN_DAY) == "Tuesday 2026-01-06, level 0 so far, not over yet"


def test_where_every_date_is_over_nothing_is_marked_and_the_last_one_is_shown(opened: Open) -> None:
    """FAULTS 68: at UTC data through is midnight."""
    with opened("/profile/heir") as page:
        assert page.locator(".unfinished").count() == 0
        assert "not over" not in page.content()
        assert page.evaluate(SHOWN_DAY).startswith("Monday 2026-01-05, level ")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED).startswith("2026-01-05, level ")
