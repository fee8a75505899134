"""What strangers see of a learner as a page and as a picture: every date, the name as it is, and nothing that runs.

The profile itself, and who has none, is `test_public_profile.py`'s; how the page behaves in a browser,
`tests/browser/`.
"""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from serve.public import palette
from serve.public.heatmap import WeekStart, heatmap
from tests.serve.public.public_answers import (
    END,
    PATHS,
    PULSE,
    SVG,
    elements,
    hash_of,
    page_path,
    picture_path,
    profile_path,
    texts,
)
from tests.support.platforms.public_platform import COMPOSED, DECOMPOSED, SHOWN
from warehouse.configuration.configuration import Configuration, load
from warehouse.zones import DAY

# --- the grid ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("week_start", ["sunday", "monday"])
@pytest.mark.parametrize("later", range(7))
def test_every_date_stands_once_in_the_column_of_its_week_and_the_row_of_its_weekday(
    week_start: WeekStart, later: int
) -> None:
    end = END + later * DAY
    pulse = replace(PULSE, window_start=end - 364 * DAY, window_end=end, levels={end: 3})
    grid = heatmap(pulse, week_start)
    found = {cell.day: (row, week) for row, cells in enumerate(grid.rows) for week, cell in enumerate(cells) if cell}
    assert sorted(found) == pulse.days
    for day, (row, week) in found.items():
        assert day.weekday() == grid.weekdays[row]
        assert grid.weeks[week] + row * DAY == day
    assert grid.weekdays[0] == {"sunday": 6, "monday": 0}[week_start]
    assert sum(weeks for _, weeks in grid.months) == len(grid.weeks) == len(grid.rows[0]) in (53, 54)
    assert [(month, [cell.level for cell in cells]) for month, cells in grid.active] == [(end.replace(day=1), [3])]


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_is_complete_without_a_script(client: FlaskClient) -> None:
    response = client.get(page_path("ada"))
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    page, found = response.text, [text.strip() for text in texts(response.text)]
    *data, last = client.get(profile_path("ada")).get_json()["data"]
    for entry in data:
        assert f'<td class="l{entry["level"]}"><i>{entry["date"]}, level {entry["level"]}</i></td>' in page
    assert last == {"date": "2026-01-06", "level": 0}  # an hour old
    assert '<td class="l0 unfinished"><i>2026-01-06, level 0 so far, not over yet</i></td>' in page
    for text in ("26", "active days in a row, current", "2", "active days in a row, longest", "8", "complete to"):
        assert text in found
    assert "2026-01-06 01:00 UTC+01:00" in found  # midnight UTC in Berlin
    assert "January 2026" in found
    assert "Week of 2025-12-28" in found
    assert any("own active days in this time" in text for text in found)
    for text, number in (("XP streak, current", "2"), ("XP streak, longest ever", "8")):
        assert found[found.index(text) + 1] == number
    assert '<meta name="robots" content="noindex">' in page


def test_the_page_says_when_levels_compare_with_everybody(client: FlaskClient) -> None:
    """R16: one active day is fewer than five."""
    assert any("the active days of all learners" in text for text in texts(client.get(page_path("heir")).text))


def test_weeks_start_on_the_configured_day(own: Configuration) -> None:
    text = own.path.read_text()
    for week_start in ("sunday", "monday"):
        own.path.write_text(f'{text}\n[serve]\nweek_start = "{week_start}"\n')
        page = create_app(load(own.path, uses=["auth", "serve"])).test_client().get(page_path("ada")).text
        rows = re.findall(r'<th scope="row">.*?<span class="hidden">(\w+)</span>', page)
        assert rows[0] == week_start.capitalize()
        assert len(rows) == 7


def test_nothing_but_our_own_style_and_script_may_run_and_nobody_may_frame_the_page(client: FlaskClient) -> None:
    response = client.get(page_path("ada"))
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": hash_of("style", response.text),
        "script-src": hash_of("script", response.text),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert re.findall(r"https?://", response.text) == []
    assert re.findall(r" (?:on\w+|style|src|href)=", response.text) == []


def test_pages_that_may_frame_it_are_those_of_the_configuration(own: Configuration) -> None:
    with own.path.open("a") as file:
        file.write("\n[serve]\nframe_ancestors = \"'self' https://school.example\"\n")
    client = create_app(load(own.path, uses=["auth", "serve"])).test_client()
    for name in ("ada", "nobody"):
        policy = client.get(page_path(name)).headers["Content-Security-Policy"]
        assert policy.endswith("; frame-ancestors 'self' https://school.example")


def test_the_page_of_a_full_year_is_below_60_kilobytes_whatever_the_name(published: Configuration) -> None:
    from flask import render_template

    from serve.public.public import SCRIPT, STYLE, WORDS

    pulse = replace(PULSE, username="&" * 1024, levels=dict.fromkeys(PULSE.days, 4))
    with create_app(published).test_request_context():
        grid = heatmap(pulse, "sunday")
        page = render_template("profile.html", pulse=pulse, grid=grid, words=WORDS, style=STYLE, script=SCRIPT)
    assert 40_000 < len(page.encode()) < 60_000


# --- the picture ------------------------------------------------------------------------------------------------------


def picture(client: FlaskClient, name: str, query: str = "") -> ET.Element:
    response = client.get(picture_path(name, query))
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("image/svg+xml")
    return ET.fromstring(response.data)  # noqa: S314 - our own


def test_the_picture_shows_every_date_at_its_level(client: FlaskClient) -> None:
    data = client.get(profile_path("ada")).get_json()["data"]
    drawn = [rect.get("class", "").partition(" ")[0] for rect in picture(client, "ada").iter(f"{SVG}rect")]
    for level in range(5):
        expected = sum(entry["level"] == level for entry in data) + 1  # and one in the legend
        assert drawn.count(f"l{level}") == expected


def test_the_picture_has_a_title_and_a_description_and_is_one_image(client: FlaskClient) -> None:
    root = picture(client, "ada")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    assert root.findtext(f"{SVG}title") == "Learning Pulse of ada"
    description = root.findtext(f"{SVG}desc") or ""
    assert "26 active days; active days in a row: 2 current, 8 longest." in description
    assert "XP streak: 2 current, 8 longest ever." in description
    assert "XP streak: 2 current, 8 longest ever" in [text.text for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("query", "colours", "follows"),
    [
        ("", palette.LIGHT, True),
        ("?theme=auto", palette.LIGHT, True),
        ("?theme=light", palette.LIGHT, False),
        ("?theme=dark", palette.DARK, False),
        ("?theme=dark&theme=light", palette.DARK, False),
        ("?theme=", palette.LIGHT, True),
        ("?theme=DARK", palette.LIGHT, True),
        ("?theme=%3C/style%3E%3Cscript%3E", palette.LIGHT, True),
        ("?theme=%ff%00", palette.LIGHT, True),
        ("?color=dark", palette.LIGHT, True),
    ],
)
def test_a_theme_that_there_is_not_follows_what_the_reader_prefers(
    client: FlaskClient, query: str, colours: dict[str, str], *, follows: bool
) -> None:
    style = picture(client, "ada", query).findtext(f"{SVG}style") or ""
    assert f".l4{{fill:{colours['l4']}}}" in style.partition("@media")[0]
    assert ("prefers-color-scheme" in style) == follows


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_the_picture_runs_no_script_and_takes_nothing_from_anywhere(client: FlaskClient, theme: str) -> None:
    response = client.get(picture_path("ada", f"?theme={theme}"))
    policy = response.headers["Content-Security-Policy"]
    assert policy == f"default-src 'none'; style-src {hash_of('style', response.text)}; sandbox"
    tags = {element.tag.removeprefix(SVG) for element in picture(client, "ada", f"?theme={theme}").iter()}
    assert tags == {"svg", "title", "desc", "style", "rect", "text"}
    assert re.findall(r"(?:href|url\(|@import|on\w+=)", response.text) == []


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_levels_are_told_apart_by_lightness_and_stand_out_from_the_surface(colours: dict[str, str]) -> None:
    """WCAG 1.4.11, and 1.4.3 for text."""
    levels = [colours[f"l{level}"] for level in range(5)]
    steps = [contrast(colours["surface"], level) for level in levels]
    assert steps == sorted(steps)
    assert [contrast(levels[n], levels[n + 1]) > 1.55 for n in range(4)] == [True] * 4
    assert min(steps[1:]) >= 3
    for background in ("page", "surface"):
        assert contrast(colours["quiet"], colours[background]) >= 4.5
        assert contrast(colours["focus"], colours[background]) >= 3


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN.values(), ids=SHOWN)
def test_a_name_comes_out_as_it_is_and_never_as_anything_else(client: FlaskClient, name: str) -> None:
    assert client.get(profile_path(name)).get_json()["username"] == name
    assert picture(client, name).findtext(f"{SVG}title") == f"Learning Pulse of {name}"
    page = client.get(page_path(name)).text
    assert f"{name} · Learning Pulse" in texts(page)
    assert name in texts(page)
    assert elements(page) == elements(client.get(page_path("ada" if name == "ada" else "heir")).text)


def test_a_name_may_be_asked_for_in_either_normalization(client: FlaskClient) -> None:
    for path in PATHS.values():
        assert client.get(path(DECOMPOSED)).data == client.get(path(COMPOSED)).data
    assert client.get(profile_path(DECOMPOSED)).get_json()["username"] == COMPOSED
