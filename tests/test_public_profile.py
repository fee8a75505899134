"""What strangers see of a learner: the public profile as JSON, as a picture and as a page, and the one 404.

How the page looks and behaves in a browser is `tests/browser/`. Who has a page is `test_profiles.py`.
"""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve.app import create_app
from serve.public import palette
from serve.public.heatmap import WeekStart, heatmap
from serve.public.public_pulse import PublicPulse, runs
from tests import public_platform
from tests.public_platform import ADA, ADA_SECONDS, ADA_XP, COMPOSED, DECOMPOSED, LAST_DAY, NOBODY, PUBLIC, SHOWN
from tests.slowly import slowly
from warehouse.configuration.configuration import Configuration, load
from warehouse.versions.versions import Warehouse
from warehouse.zones import DAY

SVG = "{http://www.w3.org/2000/svg}"
DAYS = 30


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    configuration = public_platform.make(tmp_path_factory.mktemp("public") / "platform", DAYS)
    public_platform.publish(configuration)
    return configuration


@pytest.fixture(scope="module")
def client(published: Configuration) -> Iterator[FlaskClient]:
    """The app, for tests that change nothing."""
    with create_app(published).test_client() as client:
        yield client


@pytest.fixture
def own(published: Configuration, tmp_path: Path) -> Configuration:
    """A copy of what was published, for tests that change something."""
    folder = tmp_path / "platform"
    shutil.copytree(published.path.parent, folder, symlinks=True)
    path = folder / "pulse.toml"
    path.write_text(path.read_text().replace(str(published.path.parent), str(folder)))
    return load(path, uses=["sources", "auth", "serve"])


def profile_path(name: str) -> str:
    return f"/api/xp/public-profile/{quote(name, safe='')}"


def picture_path(name: str, query: str = "") -> str:
    return f"{profile_path(name)}/pulse.svg{query}"


def page_path(name: str) -> str:
    return f"/profile/{quote(name, safe='')}"


PATHS = {"profile": profile_path, "picture": picture_path, "page": page_path}


def texts(page: str) -> list[str]:
    """Every text of an HTML page, in order, without those of style and script."""
    found: list[str] = []

    class Parser(HTMLParser):
        inside = ""

        def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
            self.inside = tag

        def handle_data(self, data: str) -> None:
            if self.inside not in ("style", "script") and data.strip("\n"):
                found.append(data)

    Parser().feed(page)
    return found


def elements(page: str) -> list[tuple[str, list[str]]]:
    """Every element of an HTML page, in order, with the names of its attributes."""
    found: list[tuple[str, list[str]]] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, [name for name, _ in attrs]))

        def handle_comment(self, data: str) -> None:
            found.append((data, ["comment"]))

    Parser().feed(page)
    return found


# --- the profile ------------------------------------------------------------------------------------------------------


def test_the_profile_has_name_window_dates_with_levels_active_days_and_runs_and_nothing_else(
    client: FlaskClient,
) -> None:
    response = client.get(profile_path("ada"))
    body = json.loads(response.data)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    data = body.pop("data")
    assert body == {
        "username": "ada",
        "window_start": "2025-01-07",
        "window_end": "2026-01-06",  # in Berlin it is one already
        "active_days": 26,  # every ninth of 30 days is missing
        "active_days_in_a_row": {"current": 2, "longest": 8},
    }
    assert [entry["date"] for entry in data] == [str(date(2025, 1, 7) + n * DAY) for n in range(365)]
    assert {tuple(entry) for entry in data} == {("date", "level")}
    first_day = LAST_DAY - (DAYS - 1) * DAY
    active = {str(first_day + n * DAY) for n in range(DAYS) if n % 9}
    assert {entry["date"] for entry in data if entry["level"]} == active
    assert {entry["level"] for entry in data} == {0, 1, 2, 3, 4}


def test_the_profile_says_what_the_learners_own_endpoint_says(published: Configuration, client: FlaskClient) -> None:
    """R13."""
    import jwt

    assert published.auth is not None
    token = jwt.encode({"sub": ADA, "exp": 4_102_444_800}, published.auth.secrets[0], "HS256")
    own = client.get("/api/xp/learning-pulse", headers={"Authorization": f"Bearer {token}"}).get_json()
    entries = [{"date": entry["date"], "level": entry["level"]} for entry in own["data"]]
    assert client.get(profile_path("ada")).get_json()["data"] == entries


def test_a_public_learner_without_activity_has_a_window_of_his_own_zone_and_zeros(client: FlaskClient) -> None:
    body = client.get(profile_path("idle")).get_json()
    assert {entry["level"] for entry in body["data"]} == {0}
    assert (body["window_end"], body["active_days"]) == ("2026-01-05", 0)
    assert body["active_days_in_a_row"] == {"current": 0, "longest": 0}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_public_answers_may_be_kept_for_five_minutes_and_say_what_they_are_from(
    published: Configuration, client: FlaskClient, path: object
) -> None:
    headers = client.get(path("ada")).headers  # type: ignore[operator]
    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["X-Data-Version"] == Warehouse.of(published).current()
    assert headers["X-Data-Through"] == "2026-01-06T00:00:00Z"
    assert headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in headers
    assert "Authorization" not in headers.get("Vary", "")


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_credentials_are_ignored(client: FlaskClient, path: object) -> None:
    place = path("ada")  # type: ignore[operator]
    for headers in ({"Authorization": "Bearer forged"}, {"Authorization": "Bearer a", "X-API-Key": "b"}):
        response = client.get(place, headers=headers)
        assert (response.status_code, response.data) == (200, client.get(place).data)


def test_any_page_of_any_host_may_read_the_profile_and_embed_the_picture(client: FlaskClient) -> None:
    for place in (profile_path("ada"), profile_path("nobody"), picture_path("ada")):
        headers = client.get(place, headers={"Origin": "https://elsewhere.example"}).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in headers
    assert client.get(picture_path("ada")).headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_query_changes_nothing(client: FlaskClient) -> None:
    """FAULTS 38."""
    query = "?user_id=ben&username=ben&x=%00"
    for path in (profile_path, page_path, picture_path):
        assert client.get(path("ada") + query).data == client.get(path("ada")).data


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_wrong_method_is_405(client: FlaskClient, path: object) -> None:
    assert client.post(path("ada")).status_code == 405  # type: ignore[operator]


def test_before_anything_is_published_every_name_is_503(tmp_path: Path) -> None:
    configuration = public_platform.make(tmp_path / "platform", days=2)
    public_platform.land(configuration)
    client = create_app(configuration).test_client()
    for path in PATHS.values():
        assert [client.get(path(name)).status_code for name in ("ada", "ben", "nobody")] == [503] * 3


# --- runs of active days ----------------------------------------------------------------------------------------------

END = date(2026, 3, 1)
PULSE = PublicPulse("ada", END - 364 * DAY, END, {}, "own", "xp_earned", datetime(2026, 3, 1, tzinfo=UTC))


def active_ago(*ago: int) -> PublicPulse:
    """A learner who was active so many days before the window's end."""
    return replace(PULSE, levels={END - days * DAY: 2 for days in sorted(ago, reverse=True)})


RUNS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "nothing": ((), 0, 0),
    "the last date alone": ((0,), 1, 1),
    "the day before alone": ((1,), 1, 1),
    "the day before that is not current": ((2,), 0, 1),
    "up to the last date": ((0, 1, 2), 3, 3),
    "up to the day before": ((1, 2, 3, 4), 4, 4),
    "a gap yesterday": ((0, 2, 3), 1, 2),
    "a longer one earlier": ((0, 1, 10, 11, 12, 13), 2, 4),
    "two of one length": ((0, 1, 5, 6), 2, 2),
    "over the end of February": ((0, 1, 2, 3), 4, 4),
    "the first date of the window": ((364,), 0, 1),
    "the whole window": (tuple(range(365)), 365, 365),
    "all but the last date": (tuple(range(1, 365)), 364, 364),
}


@pytest.mark.parametrize(("ago", "current", "longest"), RUNS.values(), ids=RUNS)
def test_a_run_is_of_consecutive_dates_and_current_up_to_the_last_date_or_the_day_before(
    ago: tuple[int, ...], current: int, longest: int
) -> None:
    pulse = active_ago(*ago)
    assert (pulse.current_run, pulse.longest_run) == (current, longest)


def test_runs_are_told_by_their_last_date_and_length() -> None:
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert runs(days) == [(date(2024, 1, 1), 2), (date(2024, 3, 1), 3)]


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
    assert "streak" not in page.lower()
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
        "style-src": _hash_of("style", response.text),
        "script-src": _hash_of("script", response.text),
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


def _hash_of(tag: str, page: str) -> str:
    (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


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
    assert policy == f"default-src 'none'; style-src {_hash_of('style', response.text)}; sandbox"
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


# --- nobody -----------------------------------------------------------------------------------------------------------


def told(response: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that an answer tells, but the number of the request."""
    return response.status_code, response.data, [item for item in response.headers if item[0] != "X-Request-Id"]


# What the router itself does not let through: an empty name, one with a slash, and dots that a URL swallows.
ROUTED = {reason: name for reason, name in NOBODY.items() if name and "/" not in name}


@pytest.mark.parametrize("name", ROUTED.values(), ids=ROUTED)
def test_whatever_the_reason_it_is_one_and_the_same_404(client: FlaskClient, name: str) -> None:
    """FAULTS 41: private, unknown and nameless cannot be told apart."""
    for path in PATHS.values():
        response = client.get(path(name))
        assert response.status_code == 404
        assert told(response) == told(client.get(path("nobody")))
        assert response.headers["Cache-Control"] == "no-store"
        assert "X-Data-Version" not in response.headers


def test_json_and_picture_are_refused_as_json_and_the_page_as_a_page(client: FlaskClient) -> None:
    for path in (profile_path, picture_path):
        assert client.get(path("ben")).get_json() == {"detail": "No public profile by this name"}
    response = client.get(page_path("ben"))
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "There is no public page by this name." in texts(response.text)
    assert "script-src" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/profile/", "/profile/ada/", "/profile/ada/x", "/api/xp/public-profile/", "/profile"]
)
def test_a_path_around_it_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("raw", ["%ff", "ada%ff", "%c0%ae%c0%ae", "%ed%a0%80", "%e9", "%", "%zz"])
def test_a_name_that_is_not_utf8_is_nobodys(client: FlaskClient, raw: str) -> None:
    for prefix, suffix in (
        ("/profile/", ""),
        ("/api/xp/public-profile/", ""),
        ("/api/xp/public-profile/", "/pulse.svg"),
    ):
        assert client.get(prefix + raw + suffix).status_code == 404


# --- what is obeyed at once -------------------------------------------------------------------------------------------

GOODBYES = {
    "private": "update users set is_public = 0 where username = 'ada'",
    "undecided": "update users set is_public = null where username = 'ada'",
    "deleted": "update users set deleted_at = '2026-01-05' where username = 'ada'",
    "away": "delete from users where username = 'ada'",
    "of another name": "update users set username = 'anna' where username = 'ada'",
    "one of two": "update users set username = 'ada' where username = 'ben'",
}


@pytest.mark.parametrize("goodbye", slowly(GOODBYES.values(), quick=3), ids=GOODBYES)
def test_who_is_not_public_any_more_is_gone_with_the_landing_that_says_so_and_stays_so(
    own: Configuration, goodbye: str
) -> None:
    """FAULTS 41: the version in service still has the learner, and so has the one that a rollback brings back."""
    client, warehouse = create_app(own).test_client(), Warehouse.of(own)
    first = warehouse.current()
    seen = {name: told(client.get(path("nobody"))) for name, path in PATHS.items()}
    assert [client.get(path("ada")).status_code for path in PATHS.values()] == [200] * 3
    public_platform.change(own, goodbye)
    assert client.get(profile_path("ada")).status_code == 200  # nobody has told us yet
    public_platform.land(own)
    assert warehouse.current() == first
    assert {name: told(client.get(path("ada"))) for name, path in PATHS.items()} == seen
    second = public_platform.publish(own, "accept_shrink")  # much of the platform's XP is hers
    assert {name: told(client.get(path("ada"))) for name, path in PATHS.items()} == seen
    assert client.get(profile_path("heir")).headers["X-Data-Version"] == second
    warehouse.rollback()
    assert client.get(profile_path("heir")).headers["X-Data-Version"] == first
    assert {name: told(client.get(path("ada"))) for name, path in PATHS.items()} == seen
    restarted = create_app(own).test_client()
    assert {name: told(restarted.get(path("ada"))) for name, path in PATHS.items()} == seen


def test_who_becomes_public_is_shown_from_the_version_in_service(own: Configuration) -> None:
    client = create_app(own).test_client()
    public_platform.change(own, "update users set is_public = 1, username = 'benjamin' where id = 'ben'")
    public_platform.land(own)
    body = client.get(profile_path("benjamin")).get_json()
    assert (body["username"], body["active_days"]) == ("benjamin", 1)


def test_who_is_public_and_not_in_the_version_yet_is_404_like_everybody(own: Configuration) -> None:
    client = create_app(own).test_client()
    public_platform.change(own, "insert into users values ('new', 'newcomer', 'UTC', 1, null)")
    public_platform.land(own)
    for path in PATHS.values():
        assert told(client.get(path("newcomer"))) == told(client.get(path("nobody")))
    public_platform.publish(own)
    assert client.get(profile_path("newcomer")).get_json()["active_days"] == 0


def test_a_lake_from_before_there_were_profiles_shows_nobody(own: Configuration) -> None:
    client = create_app(own).test_client()
    (own.data_dir / "lake" / "profiles.parquet").unlink()
    assert client.get(page_path("ada")).status_code == 404


# --- leaks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_no_id_no_xp_no_seconds_and_no_zone_leave_the_house(client: FlaskClient, path: object) -> None:
    response = client.get(path("ada"))  # type: ignore[operator]
    everything = response.text + str(response.headers)
    secrets = [ADA, "6b1f", str(ADA_XP)[:4], str(ADA_SECONDS), "999999", "Europe", "Berlin", str(PUBLIC["heir"])]
    assert [secret for secret in secrets if secret in everything] == []
