"""Dates that are not over are told from days without activity: in SQL, headers, page and picture (FAULTS 68, R12).

What the numbers are in every zone is compared with the oracle in `tests/assets/step4_roll_up/test_zones.py` and
`tests/oracle/test_against_oracle.py`; versions of the schema before are `test_schema_upgrade.py`'s.
"""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from flask import render_template
from flask.testing import FlaskClient

from serve.app import create_app
from serve.public.heatmap import heatmap
from serve.public.public import SCRIPT, STYLE, WORDS
from serve.public.public_pulse import PublicPulse
from serve.version.open_version import last_complete_date, open_version
from serve.version.pulse import learning_pulse
from tests.oracle import oracle
from tests.support.platforms import public_platform, small_platform
from tests.support.platforms.small_platform import ANA, FIRST, IDLE, KIM, PATH, SECOND, UNKNOWN, bearer
from tests.support.platforms.sources import USERS_TYPES, XP_TYPES, night, published, sqlite_platform
from warehouse.configuration.configuration import Configuration
from warehouse.erasure.suppression import suppress
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse
from warehouse.zones import names, zone_info

DAY = timedelta(days=1)
HEADER = "X-Pulse-Complete-Through"
# The second night's data through is 2026-01-01T00:00Z: New Year in Kiritimati since 14 hours, in Tokyo since 9.
LAST_OVER = {ANA: "2025-12-31", KIM: "2025-12-31", IDLE: "2025-12-30", "nobody": "2025-12-31"}
SPECIAL_DAYS = [
    *(date(2011, 12, 29), date(2011, 12, 30), date(2011, 12, 31)),  # Apia
    *(date(2024, 2, 29), date(2025, 12, 31), date(2026, 3, 29), date(2026, 4, 5), date(2026, 4, 24)),
    *(date(2026, 10, 25), date(2026, 11, 1), date(1999, 12, 31), date(2037, 11, 1)),
]


# --- own answers ------------------------------------------------------------------------------------------------------


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    return small_platform.copied(nights, tmp_path, SECOND)


@pytest.mark.parametrize("learner", LAST_OVER)
def test_an_own_answer_says_which_date_is_over_where_its_learner_is(configuration: Configuration, learner: str) -> None:
    """FAULTS 68: who is not known has the default zone, Tokyo's; looked up, read again, and kept."""
    client = create_app(configuration).test_client()
    for method in (client.get, client.get, client.get, client.head):
        assert method(PATH, headers=bearer(learner)).headers[HEADER] == LAST_OVER[learner]


def test_who_is_erased_is_answered_in_the_default_zone(configuration: Configuration) -> None:
    """FAULTS 42, 68: the header must not tell where the learner lived."""
    suppress(Lake.of(configuration).suppressed, IDLE)
    response = create_app(configuration).test_client().get(PATH, headers=bearer(IDLE))
    assert (response.headers[HEADER], response.headers["X-Pulse-Learner"]) == ("2025-12-31", "unknown")
    assert response.get_json() == UNKNOWN[SECOND]


def test_the_header_is_what_the_table_says_of_every_learner(configuration: Configuration) -> None:
    """FAULTS 68; R13."""
    rows = published(configuration, "select user_id, last_complete_date from pulse_totals")
    client = create_app(configuration).test_client()
    assert len(rows) == len(small_platform.USERS)
    for learner, last in rows:
        assert client.get(PATH, headers=bearer(learner)).headers[HEADER] == str(last)


def test_pages_of_listed_origins_may_read_the_header(configuration: Configuration) -> None:
    configured = small_platform.configure(configuration, cors_origins=["https://www.example.com"])
    headers = {**bearer(), "Origin": "https://www.example.com"}
    response = create_app(configured).test_client().get(PATH, headers=headers)
    assert HEADER in response.headers["Access-Control-Expose-Headers"].split(", ")


def test_what_a_browser_kept_of_the_release_before_is_not_still_right(configuration: Configuration) -> None:
    """FAULTS 41, 68: it has no such header, and a 304 would bring none; an answer of this release is."""
    client = create_app(configuration).test_client()
    body_format_before = hashlib.sha256(f"1\0{SECOND}\0{ANA}".encode()).hexdigest()[:32]
    before = f'W/"{body_format_before}"'
    now = client.get(PATH, headers=bearer()).headers["ETag"]
    statuses = [client.get(PATH, headers={**bearer(), "If-None-Match": tag}).status_code for tag in (before, now)]
    assert statuses == [200, 304]


def test_no_answer_asks_the_version_for_more_because_of_the_header(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes of zone and data through, once per zone, and of no query."""
    version = open_version(Warehouse.of(configuration), SECOND, cache_bytes=1_000_000)
    zones = [learning_pulse(version, learner).timezone for learner in (ANA, KIM, IDLE, "nobody")]
    version.connection.close()
    found = [version.complete_through(zone) for zone in zones]
    assert found == list(LAST_OVER.values())
    monkeypatch.setattr(version, "complete_to", lambda _: pytest.fail("worked out again"))
    assert [version.complete_through(zone) for zone in zones] == found
    version.close()


def test_a_zone_that_the_servers_zone_data_do_not_know_is_read_as_utc(configuration: Configuration) -> None:
    version = open_version(Warehouse.of(configuration), FIRST)
    assert version.complete_through("Mars/Phobos") == version.complete_through("UTC") == "2025-12-30"
    version.close()


@pytest.mark.parametrize("newest", SPECIAL_DAYS, ids=str)
def test_in_every_zone_the_server_and_the_oracle_agree(newest: date) -> None:
    """FAULTS 25, 26, 68: where clocks change, and where a date was left out."""
    data_through = datetime.combine(newest + DAY, time(), tzinfo=UTC)
    found = {zone: last_complete_date(data_through.astimezone(zone_info(zone))) for zone in names()}
    assert found == {zone: oracle.last_complete_date(zone, newest) for zone in names()}
    assert set(found.values()) <= {newest - DAY, newest}


# --- SQL --------------------------------------------------------------------------------------------------------------

EAST, UTC_ITSELF, WEST = ["Pacific/Kiritimati", "Europe/Berlin"], ["UTC"], ["America/New_York", "Pacific/Pago_Pago"]
DAILY = "select activity_date, count(*) from daily_activity where {} group by activity_date order by activity_date"


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """Five learners all around the world who earn XP every hour of four UTC days, the last of which is 4 June."""
    source = sqlite_platform(tmp_path_factory.mktemp("hourly"))
    zones = [*EAST, *UTC_ITSELF, *WEST]
    hours = [datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(4 * 24)]
    source.make("users", USERS_TYPES, [(zone, zone) for zone in zones])
    source.make("xp", XP_TYPES, [(f"{zone} {hour}", zone, hour.isoformat(), 1) for zone in zones for hour in hours])
    configuration = source.configuration()
    assert night(configuration, date(2026, 6, 4)) is not None
    return configuration


def test_daily_active_learners_do_not_fall_up_to_the_last_date_that_is_over_for_everybody(
    hourly: Configuration,
) -> None:
    """FAULTS 68: they did, to the two who had a 5 June by then."""
    counts = dict(published(hourly, DAILY.format("activity_date between '2026-06-02' and '2026-06-30'")))
    assert counts == {date(2026, 6, 2): 5, date(2026, 6, 3): 5, date(2026, 6, 4): 5, date(2026, 6, 5): 2}
    whole = DAILY.format("activity_date <= (select complete_through from version_info)")
    assert published(hourly, "select complete_through from version_info") == [(date(2026, 6, 3),)]
    assert published(hourly, whole)[-2:] == [(date(2026, 6, 2), 5), (date(2026, 6, 3), 5)]


def test_of_each_learner_the_dates_that_are_over_have_all_their_hours(hourly: Configuration) -> None:
    """FAULTS 68: XP is 24 on every date that is over, and less on each that is not; nothing is over too late."""
    query = (
        "select user_id, max(activity_date) filter (is_complete), min(xp_earned) filter (is_complete), "
        "max(xp_earned) filter (not is_complete), count(*) filter (not is_complete) "
        "from learning_pulse_calendar where activity_date >= '2026-06-02' group by user_id"
    )
    fourth, third = date(2026, 6, 4), date(2026, 6, 3)
    assert {user_id: found for user_id, *found in published(hourly, query)} == {
        "Pacific/Kiritimati": [fourth, 24, 14, 1],
        "Europe/Berlin": [fourth, 24, 2, 1],
        "UTC": [fourth, 24, None, 0],
        "America/New_York": [third, 24, 20, 1],
        "Pacific/Pago_Pago": [third, 24, 13, 1],
    }


# --- page and picture -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A server of public profiles; data through is 2026-01-06T00:00Z."""
    configuration = public_platform.make(tmp_path_factory.mktemp("public") / "platform", days=30)
    public_platform.publish(configuration)
    return create_app(configuration).test_client()


def headline(page: str) -> str:
    (text,) = re.findall(r'<p id="day" role="status">(.*?)</p>', page)
    return str(text)


@pytest.mark.parametrize(
    ("name", "newest", "unfinished"),
    [
        ("ada", "Monday 2026-01-05", "2026-01-06, level 0 so far, not over yet"),  # in Berlin
        ("idle", "Sunday 2026-01-04", "2026-01-05, level 0 so far, not over yet"),  # in Pago Pago
        ("heir", "Monday 2026-01-05", None),  # at UTC
    ],
)
def test_the_page_headlines_the_newest_date_that_is_over_and_marks_the_one_that_is_not(
    client: FlaskClient, name: str, newest: str, unfinished: str | None
) -> None:
    """FAULTS 68: a learner with many days in a row was told of a date of one hour, without activity."""
    response, weekday_and_date = client.get(f"/profile/{name}"), newest.split(" ")
    data = client.get(f"/api/xp/public-profile/{name}").get_json()["data"]
    (level,) = [entry["level"] for entry in data if entry["date"] == weekday_and_date[1]]
    assert headline(response.text) == f"{newest}, level {level}"
    assert (level > 0) == (name != "idle")
    marked = re.findall(r'<td class="l\d unfinished"><i>(.*?)</i></td>', response.text)
    assert marked == ([unfinished] if unfinished else [])
    assert (WORDS["unfinished"] in response.text) == (unfinished is not None)
    assert response.headers[HEADER] == weekday_and_date[1]


@pytest.mark.parametrize(("name", "unfinished"), [("ada", "2026-01-06"), ("idle", "2026-01-05"), ("heir", None)])
def test_the_picture_marks_the_date_that_is_not_over_and_says_which(
    client: FlaskClient, name: str, unfinished: str | None
) -> None:
    """FAULTS 68: to those who see it, and to those who have it read out."""
    picture = client.get(f"/api/xp/public-profile/{name}/pulse.svg").text
    assert len(re.findall(r'<rect class="l\d unfinished"', picture)) == (unfinished is not None)
    assert re.findall(r"; (\S+) is not over yet</text>", picture) == ([unfinished] if unfinished else [])
    assert re.findall(r" (\S+) is not over yet, its level may still change\.</desc>", picture) == (
        [unfinished] if unfinished else []
    )


@pytest.mark.parametrize("path", ["/profile/ada", "/api/xp/public-profile/ada", "/api/xp/public-profile/ada/pulse.svg"])
def test_no_public_answer_says_more_than_dates_and_levels_of_a_date_that_is_not_over(
    client: FlaskClient, path: str
) -> None:
    """FAULTS 68, docs/guide/embed.md: no XP, no seconds, no zone; the header is the day before the one that runs."""
    response = client.get(path)
    assert response.headers[HEADER] == "2026-01-05"
    for secret in (str(public_platform.ADA_XP), str(public_platform.ADA_SECONDS), "Europe/Berlin", public_platform.ADA):
        assert secret not in response.text
        assert secret not in str(response.headers)


def test_a_date_that_is_not_over_is_said_to_be_so_among_the_active_days_too(client: FlaskClient) -> None:
    """FAULTS 68: the list by month is what is read where a table is not."""
    end = date(2026, 3, 1)
    pulse = PublicPulse(
        "ada", end - 364 * DAY, end, {end - DAY: 2, end: 3}, "own", "xp_earned", datetime(2026, 3, 1, 13, tzinfo=UTC)
    )
    with client.application.test_request_context():
        page, over = (
            render_template(
                "profile.html", pulse=one, grid=heatmap(one, "sunday"), words=WORDS, style=STYLE, script=SCRIPT
            )
            for one in (pulse, replace(pulse, complete_to=datetime(2026, 3, 2, tzinfo=UTC)))
        )
    assert "<li>2026-03-01, level 3 so far, not over yet</li>" in page
    assert "<li>2026-02-28, level 2</li>" in page
    assert headline(page) == "Saturday 2026-02-28, level 2"
    assert "<li>2026-03-01, level 3</li>" in over
    assert headline(over) == "Sunday 2026-03-01, level 3"
