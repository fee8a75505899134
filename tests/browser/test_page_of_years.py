"""The public page with calendar years and the level of XP in Chromium: links, looks, keyboard, without its script.

What the page is without them is `test_page.py`'s.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from serve.app import create_app
from tests.browser.looks import LOOKS, RULES, keep
from tests.browser.test_page import ADA, CELLS, FOCUSED, SHOWN_DAY
from tests.support.running.chromium import PHONE, Open, serving
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration

LAST_YEAR, THIS_YEAR = (f"{ADA}?year={year}" for year in (2025, 2026))
PAGES = {"with years": ADA, "last year": LAST_YEAR, "this year": THIS_YEAR}


@pytest.fixture(scope="module")
def site(published: Configuration) -> Iterator[str]:
    """The URL of a server that shows all that may be shown; its learner has days in 2025 and 2026."""
    allowed = {"public_years": True, "public_level": True}
    serve = published.serve.model_copy(update=allowed)
    with serving(create_app(published.model_copy(update={"serve": serve}))) as url:
        yield url


def followed(page: Page, text: str) -> None:
    """Follow a link of the page and forget that it asked for another one."""
    page.get_by_role("link", name=text, exact=True).click()
    page.wait_for_load_state()


@pytest.mark.parametrize("shown", PAGES)
@pytest.mark.parametrize("look", slowly(LOOKS, quick=2))
def test_no_rule_of_accessibility_is_broken(opened: Open, axe: str, look: str, shown: str) -> None:
    with opened(PAGES[shown], **LOOKS[look]) as page:
        keep(page, f"{shown} {look}")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        page.evaluate(axe)
        found = page.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}}})")
        assert len(found["passes"]) > 10
        violations = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
        assert violations == []


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}, PHONE], ids=["script", "no script", "phone"])
def test_a_link_leads_to_its_year_and_back(browser: Any, site: str, options: dict[str, Any]) -> None:
    page = browser.new_context(**options).new_page()
    page.goto(site + ADA)
    for text, query, heading, cells in (
        ("2025", "?year=2025", "Activity by day in 2025", 365),
        ("2026", "?year=2026", "Activity by day in 2026", 6),
        ("last 365 days", "?", "Activity by day", 365),
    ):
        followed(page, text)
        assert page.url == site + ADA + query
        assert page.locator("#heatmap").text_content() == heading
        assert page.locator("td[class]").count() == cells
        assert page.locator("nav [aria-current]").all_text_contents() == [text]
    page.context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_only_the_heatmap_scrolls_sideways(opened: Open, width: int) -> None:
    for path in PAGES.values():
        with opened(path, viewport={"width": width, "height": 800}) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_links_are_large_enough_for_a_finger_and_come_before_the_days(opened: Open) -> None:
    """WCAG 2.5.8."""
    with opened(LAST_YEAR, **PHONE) as page:
        for link in page.locator("nav a").all():
            box = link.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24
        reached = []
        for _ in range(5):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent").strip()[:16])
        assert reached[:3] == ["last 365 days", "2026", "2025"]
        assert reached[4].startswith("2025-12-31, leve")


def test_the_keyboard_stays_within_the_year(opened: Open) -> None:
    with opened(LAST_YEAR) as page:
        page.locator("td[class]", has_text="2025-12-30").focus()
        for key, day in (("ArrowDown", "2025-12-31"), ("ArrowDown", "2025-12-31"), ("Home", "2025-01-01")):
            page.keyboard.press(key)
            assert page.evaluate(FOCUSED).startswith(day)
        assert page.evaluate(SHOWN_DAY).startswith("Wednesday 2025-01-01, level ")
        assert page.evaluate(CELLS) == 365


def test_the_year_that_goes_on_marks_the_date_that_is_not_over(opened: Open) -> None:
    with opened(THIS_YEAR) as page:
        assert page.locator("td.unfinished i").all_text_contents() == ["2026-01-06, level 0 so far, not over yet"]
        assert page.evaluate(SHOWN_DAY).startswith("Monday 2026-01-05, level ")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_a_year_has_all_its_texts_side_by_side(opened: Open, theme: str) -> None:
    path = f"/api/xp/public-profile/ada/pulse.svg?theme={theme}&year=2025"
    with opened(path, viewport={"width": 840, "height": 230}) as page:
        keep(page, f"picture of a year {theme}")
        boxes = page.evaluate(
            "[...document.querySelectorAll('text')].map(text => {const b = text.getBBox();"
            " return [b.x, b.y, b.x + b.width, b.y + b.height]})"
        )
        for number, (left, top, right, bottom) in enumerate(boxes):
            assert 0 < left < right < 806
            for other in boxes[number + 1 :]:
                assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
