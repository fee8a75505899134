"""What strangers see beside a learner's days where it is allowed: calendar years, and the level of XP.

What is shown anyway, and to whom, is `test_public_profile.py`'s. The platform's 30 days lie in 2025 and 2026.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve.app import create_app
from serve.public.heatmap import heatmap
from tests.serve.public.public_answers import (
    GOODBYES,
    PATHS,
    PULSE,
    SVG,
    elements,
    page_path,
    picture_path,
    profile_path,
    texts,
)
from tests.support.platforms import public_platform
from tests.support.platforms.public_platform import ADA, ADA_SECONDS, ADA_XP, NOBODY
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration, load
from warehouse.erasure import suppression
from warehouse.lake.lake import Lake

PathOf = Callable[[str], str]
every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
LAST_YEAR = "?year=2025"
NOTHING: dict[str, object] = {"level": None, "year": None, "years": []}
# Nothing of Ada has one of these years, or they are no years at all.
ELSEWHERE = (
    "2024",
    "2027",
    "9999",
    "0000",
    "",
    "25",
    "02025",
    "-2025",
    "2025.0",
    "%EF%BC%92025",
    "%00",
    "2025&year=2026",
)


def app_of(configuration: Configuration, **serve: Any) -> Flask:
    allowed = {"public_years": True, "public_level": True, "rate_limit_public": "", **serve}
    return create_app(configuration.model_copy(update={"serve": configuration.serve.model_copy(update=allowed)}))


@pytest.fixture(scope="module")
def open_client(published: Configuration) -> Iterator[FlaskClient]:
    with app_of(published).test_client() as client:
        yield client


def content(response: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that an answer says, but the number of the request."""
    return response.status_code, response.data, [item for item in response.headers if item[0] != "X-Request-Id"]


# --- the profile ------------------------------------------------------------------------------------------------------


def test_a_year_has_its_own_dates_and_levels_and_nothing_of_today(
    published: Configuration, open_client: FlaskClient
) -> None:
    """R30: 25 days from 7 December on, every ninth without activity, and 8 in a row; streaks are of all history."""
    import jwt

    body = open_client.get(profile_path("ada") + LAST_YEAR).get_json()
    data = body.pop("data")
    assert body == {
        "username": "ada",
        "window_start": "2025-01-01",
        "window_end": "2025-12-31",
        "active_days": 22,
        "active_days_in_a_row": {"current": None, "longest": 8},
        "current_streak": 2,
        "longest_streak": 8,
        "level": 1,
        "year": 2025,
        "years": [2025, 2026],
    }
    assert published.auth is not None
    token = jwt.encode({"sub": ADA, "exp": 4_102_444_800}, published.auth.secrets[0], "HS256")
    location = f"/api/xp/learning-pulse{LAST_YEAR}"
    own = open_client.get(location, headers={"Authorization": f"Bearer {token}"}).get_json()["data"]
    assert data == [{"date": entry["date"], "level": entry["level"]} for entry in own]
    assert len(data) == 365
    assert {entry["level"] for entry in data} == {0, 1, 2, 3, 4}


def test_the_year_that_goes_on_ends_with_the_window(open_client: FlaskClient) -> None:
    body = open_client.get(profile_path("ada") + "?year=2026").get_json()
    assert (body["window_start"], body["window_end"], body["year"]) == ("2026-01-01", "2026-01-06", 2026)
    assert [entry["date"][-2:] for entry in body["data"]] == ["01", "02", "03", "04", "05", "06"]


def test_without_a_year_it_is_the_window_with_years_to_ask_for(open_client: FlaskClient) -> None:
    body = open_client.get(profile_path("ada")).get_json()
    assert (body["window_end"], body["year"], body["years"]) == ("2026-01-06", None, [2025, 2026])
    assert body["active_days_in_a_row"] == {"current": 2, "longest": 8}


@pytest.mark.parametrize(("name", "years"), [("heir", [2026]), ("idle", [2026])])
def test_years_begin_with_the_first_active_one(open_client: FlaskClient, name: str, years: list[int]) -> None:
    """Who was never active has the present one; an earlier one of the platform is all zeros, as in own answers."""
    assert open_client.get(profile_path(name)).get_json()["years"] == years
    body = open_client.get(profile_path(name) + LAST_YEAR).get_json()
    assert (body["year"], body["active_days"], len(body["data"])) == (2025, 0, 365)


@every_path
@pytest.mark.parametrize("year", ELSEWHERE)
def test_any_other_year_is_the_answer_without_it(open_client: FlaskClient, path: PathOf, year: str) -> None:
    assert content(open_client.get(f"{path('ada')}?year={year}")) == content(open_client.get(path("ada")))


@every_path
def test_without_permission_a_year_changes_nothing_and_none_is_shown(published: Configuration, path: PathOf) -> None:
    client = app_of(published, public_years=False, public_level=False).test_client()
    plain = client.get(path("ada"))
    assert content(client.get(path("ada") + LAST_YEAR)) == content(plain)
    assert "year=" not in plain.text
    assert "2025</a>" not in plain.text
    if path is profile_path:
        assert {name: plain.get_json()[name] for name in ("level", "year", "years")} == NOTHING


def test_the_level_of_xp_is_that_of_the_learners_own_answer(own: Configuration) -> None:
    """R29: her 26 days of 77,177 XP and more, and a loud row, are beyond three millions."""
    with own.path.open("a") as file:
        file.write("\n[xp]\nlevel_thresholds = [0, 1000000, 3000000, 4000000]\n")
    changed = load(own.path, uses=["sources", "auth", "serve"])
    public_platform.publish(changed)
    client = app_of(changed, public_years=False).test_client()
    assert client.get(profile_path("ada")).get_json()["level"] == 3
    shown = [text.strip() for text in texts(client.get(page_path("ada")).text)]
    assert shown[shown.index("XP level") + 1] == "3"
    client = app_of(changed, public_level=False).test_client()
    assert client.get(profile_path("ada")).get_json()["level"] is None
    assert "XP level" not in client.get(page_path("ada")).text


@pytest.mark.parametrize("is_left_out_by", ["the version", "the server"])
def test_without_a_profile_there_are_no_streaks_no_level_and_no_years(
    published: Configuration, own: Configuration, is_left_out_by: str
) -> None:
    text = own.path.read_text().replace("[pulse]\n", "[pulse]\nprofile = false\n")
    if is_left_out_by == "the version":
        own.path.write_text(text)
        public_platform.publish(load(own.path, uses=["sources", "auth", "serve"]))
        configuration = own
    else:
        configuration = own.model_copy(update={"pulse": own.pulse.model_copy(update={"profile": False})})
    client, complete = app_of(configuration).test_client(), app_of(published).test_client()
    answered = client.get(profile_path("ada")).get_json()
    nothing = {"current_streak": None, "longest_streak": None, **NOTHING}
    assert answered == complete.get(profile_path("ada")).get_json() | nothing
    for path in PATHS.values():
        assert client.get(path("ada") + LAST_YEAR).data == client.get(path("ada")).data
        assert "streak" not in re.sub(r'"\w+_streak":null', "", client.get(path("ada")).text)
        assert "year=" not in client.get(path("ada")).text


@pytest.mark.parametrize("name", ["ada", "heir", "idle", "lea"])
def test_by_look_up_file_and_from_the_tables_it_is_one_answer(published: Configuration, name: str) -> None:
    clients = [app_of(published, lookup=lookup).test_client() for lookup in ("file", "warehouse")]
    for location in (path(name) + query for path in PATHS.values() for query in ("", LAST_YEAR, "?year=2026")):
        by_file, by_tables = (content(client.get(location)) for client in clients)
        assert by_file[0] == 200
        assert by_file == by_tables


# --- page and picture -------------------------------------------------------------------------------------------------


def links(page: str) -> list[tuple[str, str, bool]]:
    """The links of a page: address, text, and whether it is that of the page itself."""
    return [
        (address, text, bool(current))
        for address, current, text in re.findall(r'<a href="([^"]*)"( aria-current="page")?>([^<]*)</a>', page)
    ]


def test_the_page_links_to_its_years_and_says_which_it_shows(open_client: FlaskClient) -> None:
    window, year = (open_client.get(page_path("ada") + query).text for query in ("", LAST_YEAR))
    addresses = [("?", "last 365 days"), ("?year=2026", "2026"), ("?year=2025", "2025")]
    assert links(window) == [(*link, number == 0) for number, link in enumerate(addresses)]
    assert links(year) == [(*link, number == 2) for number, link in enumerate(addresses)]
    shown = [text.strip() for text in texts(year)]
    for text in ("ada in 2025 · Learning Pulse", "Activity by day in 2025", "2025-01-01 to 2025-12-31"):
        assert text in shown
        assert text not in texts(window)
    assert "active days in a row, current" not in shown
    assert year.count('<td class="l') == 365
    assert "not over" not in re.sub("<script>.*</script>", "", year, flags=re.DOTALL)
    assert len(re.findall(r" (?:on\w+|style|src|href)=", year)) == len(addresses)
    for page in (window, year):
        assert {address for address, *_ in links(page)} == {address for address, _ in addresses}


def test_a_link_of_the_page_leads_to_what_it_says(open_client: FlaskClient) -> None:
    page = page_path("ada")
    for address, text, _ in links(open_client.get(page).text):
        heading = "Activity by day" if text == "last 365 days" else f"Activity by day in {text}"
        assert heading in texts(open_client.get(page + address).text)


def test_the_picture_says_which_year_it_shows(open_client: FlaskClient) -> None:
    root = ET.fromstring(open_client.get(picture_path("ada", f"{LAST_YEAR}&theme=dark")).data)  # noqa: S314 - our own
    assert root.findtext(f"{SVG}title") == "Learning Pulse of ada in 2025"
    shown = [text.text for text in root.iter(f"{SVG}text")]
    for text in ("22 active days in 2025", "active days in a row: 8 longest", "XP streak: 2 current, 8 longest ever"):
        assert text in shown
    assert sum(rect.get("width") == "11" for rect in root.iter(f"{SVG}rect")) == 365 + 5


def test_a_year_that_has_only_begun_is_as_wide_a_picture(open_client: FlaskClient) -> None:
    widths = [
        ET.fromstring(open_client.get(picture_path("ada", query)).data).get("width")  # noqa: S314 - our own
        for query in (LAST_YEAR, "?year=2026")
    ]
    assert widths == ["806", "806"]


def test_a_year_of_which_no_date_is_over_shows_its_first_one() -> None:
    """R12: east of UTC, in the last night of a year."""
    first = date(2026, 1, 1)
    pulse = replace(
        PULSE, window_start=first, window_end=first, year=2026, complete_to=PULSE.complete_to.replace(2026, 1)
    )
    grid = heatmap(pulse, "sunday")
    assert (grid.newest.day, grid.newest.is_complete) == (first, False)
    assert [cell.day for cell in grid.unfinished] == [first]


def test_a_leap_year_has_its_29_february_in_the_grid() -> None:
    pulse = replace(PULSE, window_start=date(2024, 1, 1), window_end=date(2024, 12, 31), year=2024)
    cells = [cell.day for cells in heatmap(pulse, "monday").rows for cell in cells if cell]
    assert (len(cells), date(2024, 2, 29) in cells) == (366, True)


# --- what is kept, and tags -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_allowed", "answers"), [(True, 3), (False, 1)])
def test_no_query_makes_more_answers_than_there_are_years(
    published: Configuration, *, is_allowed: bool, answers: int
) -> None:
    """FAULTS 78: years that nobody has, and parameters that are not known, are one answer, made once."""
    fresh, names = app_of(published, public_years=is_allowed), list[str]()

    def note(_: Flask, template: Any, **__: object) -> None:
        names.append(template.name)

    with template_rendered.connected_to(note, fresh):
        client = fresh.test_client()
        for query in ("", *(f"?year={year}" for year in range(1900, 2100)), f"{LAST_YEAR}&x=1", "?year=2026&year=1"):
            assert client.get(page_path("ada") + query).status_code == 200
    assert names == ["profile.html"] * answers  # the window; 2025 and 2026 where they are shown


def test_years_never_take_each_others_place_and_have_tags_of_their_own(open_client: FlaskClient) -> None:
    queries = ("", LAST_YEAR, "?year=2026")
    for path in PATHS.values():
        answers = [open_client.get(path("ada") + query) for query in (*queries, *reversed(queries))]
        assert [answer.data for answer in answers[:3]] == [answer.data for answer in reversed(answers[3:])]
        assert len({answer.data for answer in answers}) == len({answer.headers["ETag"] for answer in answers}) == 3
        for query, answer in zip(queries, answers, strict=False):
            held = {"If-None-Match": answer.headers["ETag"]}
            statuses = [open_client.get(path("ada") + other, headers=held).status_code for other in queries]
            assert statuses == [304 if other == query else 200 for other in queries]


# --- nobody -----------------------------------------------------------------------------------------------------------

ROUTED = {reason: name for reason, name in NOBODY.items() if name and "/" not in name}


@pytest.mark.parametrize("name", slowly(ROUTED.values(), quick=6), ids=ROUTED)
def test_whatever_the_year_it_is_the_same_404(open_client: FlaskClient, name: str) -> None:
    """FAULTS 41."""
    for path in PATHS.values():
        expected = content(open_client.get(path("nobody")))
        for query in ("", LAST_YEAR, "?year=1999", "?year=x&year=y"):
            assert content(open_client.get(path(name) + query)) == expected


@pytest.mark.parametrize("goodbye", [*slowly(GOODBYES.values(), quick=2), "erased"], ids=[*GOODBYES, "erased"])
def test_who_is_not_public_any_more_has_no_years_either(own: Configuration, goodbye: str) -> None:
    """FAULTS 41: also to those who hold a year, and though a worker has kept it."""
    client = app_of(own).test_client()
    locations = [path("ada") + query for path in PATHS.values() for query in ("", LAST_YEAR)]
    tags = {location: client.get(location).headers["ETag"] for location in locations}
    if goodbye == "erased":
        suppression.suppress(Lake.of(own).suppressed, ADA)
    else:
        public_platform.change(own, goodbye)
        public_platform.land(own)
    for location, tag in tags.items():
        expected = content(client.get(location.replace("ada", "nobody")))
        assert expected[0] == 404
        for sent in (tag, "*", '"x"'):
            assert content(client.get(location, headers={"If-None-Match": sent})) == expected


@every_path
@pytest.mark.parametrize("query", ["", LAST_YEAR, "?year=2026"])
def test_no_id_no_xp_no_seconds_and_no_zone_leave_with_a_year(
    open_client: FlaskClient, path: PathOf, query: str
) -> None:
    response = open_client.get(path("ada") + query)
    everything = response.text + str(response.headers)
    secrets = [ADA, "6b1f", str(ADA_XP)[:4], str(ADA_SECONDS), "999999", "Europe", "Berlin", "heir"]
    assert [secret for secret in secrets if secret in everything] == []


def test_a_name_makes_no_other_page_of_a_year(open_client: FlaskClient) -> None:
    hostile = '" onload="alert(1)'
    pages = [open_client.get(page_path(name) + "?year=2026").text for name in (hostile, "heir")]
    assert elements(pages[0]) == elements(pages[1])


def test_the_keys_are_read_from_the_file(own: Configuration) -> None:
    with own.path.open("a") as file:
        file.write("\n[serve]\npublic_years = true\npublic_level = true\n")
    client = create_app(load(own.path, uses=["sources", "auth", "serve"])).test_client()
    body = json.loads(client.get(profile_path("ada") + LAST_YEAR).data)
    assert (body["year"], body["level"]) == (2025, 1)
