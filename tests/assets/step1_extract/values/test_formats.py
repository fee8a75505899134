"""Instants that are texts of a format, and lengths that say their own unit, the same of every database (R1)."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.step1_extract.values.mapped_values import read_length
from tests.support.platforms.sources import FIRST, PLATFORMS, USERS_TYPES, Platform, night, platform_of, published
from warehouse.configuration.configuration import Configuration, load
from warehouse.configuration.formats import InstantFormat
from warehouse.errors import ConfigurationError, SourceDriftError
from warehouse.lake.days import DAY

KOLIBRI = "%Y-%m-%d %H:%M:%S.%f(%Z)"


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (KOLIBRI, "2026-06-01 10:00:00.5(UTC)", "2026-06-01T10:00:00.500000"),
        (KOLIBRI, "2026-06-01 10:00:00.123456789(Europe/Berlin)", "2026-06-01T08:00:00.123456"),
        (KOLIBRI, "2026-06-01 10:00:00.5(CEST)", None),
        (KOLIBRI, "2026-06-01 10:00:00.5", None),
        (KOLIBRI, "2026-6-1 10:00:00.5(UTC)", None),
        (KOLIBRI, "2026-02-30 10:00:00.5(UTC)", None),
        (KOLIBRI, " 2026-06-01 10:00:00.5(UTC)", None),
        (KOLIBRI, "2026-06-01 10:00:00.5(UTC)\n", None),
        ("%Y%m%dT%H%M%S%z", "20260601T003000+0200", "2026-05-31T22:30:00"),
        ("%Y%m%dT%H%M%S%z", "20260601T003000Z", "2026-06-01T00:30:00"),
        ("%Y%m%dT%H%M%S%z", "00010101T003000+02:00", None),
        ("%d.%m.%Y", "01.06.2026", "2026-06-01T00:00:00"),
        ("100%% [%Y]-(%m)^%d\\", "100% [2026]-(06)^01\\", "2026-06-01T00:00:00"),
    ],
)
def test_a_text_is_read_by_its_format_to_the_letter(form: str, text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match=r"\w"):
            InstantFormat.of(form).read(text, "UTC")
    else:
        assert InstantFormat.of(form).read(text, "UTC").isoformat() == expected


def test_a_text_without_a_zone_is_in_that_of_its_stream() -> None:
    assert InstantFormat.of("%Y-%m-%d %H:%M").read("2026-06-01 00:30", "Asia/Kolkata") == datetime(2026, 5, 31, 19, 0)


@pytest.mark.parametrize(
    ("form", "mistake"),
    [
        ("%Y-%m-%d %b", "%b is not known"),
        ("%y-%m-%d", "%y is not known"),
        ("%Y-%m-%d %", "% is not known"),
        ("%Y-%m", "it needs %d"),
        ("%H:%M %Y-%m-%d %M", "%M twice"),
        ("%Y-%m-%d %M", "%M needs %H"),
        ("%H:%M:%S.%f %Y-%m-%d", "it needs %Y, and before %f"),
        ("%Y-%m-%d%z%Z", "%z and %Z both"),
        ("", "it needs %Y"),
    ],
)
def test_a_format_that_tells_no_day_is_a_mistake(form: str, mistake: str) -> None:
    with pytest.raises(ValueError, match=re.escape(mistake)):
        InstantFormat.of(form)


FORMS = (KOLIBRI, "%Y/%m/%d", "%Y%m%dT%H%M%S%z", "%d.%m.%Y %H:%M", "%m|%d|%Y?")
digits = st.sampled_from(("0", "00", "01", "02", "06", "12", "13", "28", "29", "30", "31", "24", "59", "60"))


@given(st.sampled_from(FORMS), st.lists(digits, min_size=6, max_size=6), st.sampled_from(("2026", "2024", "0000")))
def test_what_a_database_is_sure_of_can_be_read(form: str, numbers: list[str], year: str) -> None:
    """Whatever else there is, our code is asked; so no row is lost between the two."""
    of = InstantFormat.of(form)
    values = {"%Y": year, "%f": numbers[5], "%z": "+0200", "%Z": "UTC"}
    values |= dict(zip(("%m", "%d", "%H", "%M", "%S"), numbers, strict=False))
    text = "".join(values.get(part, part) for part in of.parts)
    if re.fullmatch(of.sure, text):
        of.read(text, "UTC")


@given(st.dates(date(1000, 1, 1), date(9999, 12, 30)))
def test_texts_of_a_format_that_begins_with_the_day_are_in_its_order(day: date) -> None:
    of = InstantFormat.of(KOLIBRI)
    text = f"{day:%Y-%m-%d} 23:59:59.9(UTC)"
    assert of.text_of(day) <= text < of.text_of(day + timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT90S", 90), ("PT1H30M5.5S", 5405.5), ("P1DT2H", 93_600), ("P2W", 1_209_600), ("PT0,5S", 0.5), ("-PT5S", -5)],
)
def test_a_length_of_iso_8601(text: str, seconds: float) -> None:
    assert read_length(text) == int(seconds * 1_000_000)


@pytest.mark.parametrize("text", ["P", "PT", "P1Y", "P1M", "90", "PT90", "P1DT", "PT1M1H", "", "PT٣S"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(ValueError, match="no length"):
        read_length(text)


# --- of databases -----------------------------------------------------------------------------------------------------

ROWS = [
    ("1", "ann", "2026-06-01 00:00:00.0(UTC)", "01.06.2026 00:00", 1),
    ("2", "ann", "2026-06-01 23:59:59.999999(UTC)", "01.06.2026 23:59", 10),
    ("3", "ann", "2026-06-02 01:00:00.0(Europe/Berlin)", "01.06.2026 12:00", 100),  # on the first by its zone
    ("4", "ann", "2026-05-31 23:59:59.9(UTC)", "31.05.2026 23:59", 1000),  # of the day before
    ("5", "ann", "2026-06-31 10:00:00.0(UTC)", "31.06.2026 10:00", 10_000),  # no such day
    ("6", "ann", "2026-06-01 10:00:00.0(utc)", "1.6.2026 10:00", 100_000),  # no such zone, and not the format
    ("7", "ann", None, None, 1_000_000),
    ("8", "ann", "soon", "soon", 10_000_000),
    ("9", "ann", "2026-06-30 10:00:00.0(UTC)\n", "30.06.2026 10:00\n", 100_000_000),
]


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as source:
        yield source


def configured(platform: Platform, old: str, new: str) -> Configuration:
    file = platform.configuration(quarantine_budget=1.0).path
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return load(file, uses=["sources"])


@pytest.mark.parametrize(("number", "form"), [(2, KOLIBRI), (3, "%d.%m.%Y %H:%M")])
def test_every_row_has_its_day_or_is_in_quarantine(platform: Platform, number: int, form: str) -> None:
    """R1, R2, R19: also where the format is not in the order of days, and after other days have landed."""
    text = "varchar(100)" if platform.is_mariadb else "text"
    types = {"event_id": text, "user_id": text, "occurred_at": text, "amount": "bigint"}
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("xp", types, [(row[0], row[1], row[number], row[4]) for row in ROWS])
    configuration = configured(platform, '"occurred_at"', f"{{ column = 'occurred_at', format = '{form}' }}")
    assert night(configuration, FIRST + DAY, "accept_quarantine") is not None
    days = "select activity_date, xp_earned from daily_activity order by all"
    assert published(configuration, days) == [(FIRST, 111)]
    quarantined = published(configuration, "select event_id from quarantine where reason = 'missing_time' order by 1")
    assert quarantined == [(number,) for number in "56789"]
    assert compare(Night.of(configuration)).drifts == []
    platform.run("update {xp} set amount = 2 where event_id = '2'")
    assert {drift.landing.day for drift in compare(Night.of(configuration)).drifts} >= {FIRST}


LENGTHS = {
    "sqlite": ("text", ["PT1H", "PT0.5S", None, "soon"]),
    "postgresql": ("interval", ["01:00:00", "0.5 seconds", None, "-1 second"]),
    "mariadb": ("time(6)", ["01:00:00", "00:00:00.5", None, "-00:00:01"]),
}


def test_a_length_that_says_itself_what_it_is(platform: Platform) -> None:
    kind, lengths = LENGTHS["sqlite" if platform.is_sqlite else "mariadb" if platform.is_mariadb else "postgresql"]
    types = {"event_id": "text", "user_id": "text", "started_at": "timestamptz", "duration": kind}
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    rows = [(str(number), "ann", "2026-06-01T10:00:00Z", length) for number, length in enumerate(lengths)]
    platform.make("sessions", types, rows)
    configuration = configured(
        platform, 'started_at = "started_at"', 'started_at = "started_at", duration = "duration"'
    )
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert published(configuration, "select learning_time, sessions from daily_activity") == [(3600, 3)]
    assert published(configuration, "select count(*) from quarantine") == [(1,)]


def test_a_number_without_a_unit_is_no_length(tmp_path: Path) -> None:
    """FAULTS 20."""
    platform = Platform(f"sqlite:///{tmp_path}/platform.db", tmp_path)
    types = {"event_id": "text", "user_id": "text", "started_at": "timestamptz", "duration": "integer"}
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("sessions", types, [("1", "ann", "2026-06-01T10:00:00Z", 90)])
    configuration = configured(
        platform, 'started_at = "started_at"', 'started_at = "started_at", duration = "duration"'
    )
    with pytest.raises(SourceDriftError, match="a number needs a unit, for duration"):
        night(configuration, FIRST)


def test_a_mistake_of_a_format_names_its_role(tmp_path: Path) -> None:
    platform = Platform(f"sqlite:///{tmp_path}/platform.db", tmp_path)
    platform.make("users", USERS_TYPES)
    platform.make("xp", {"event_id": "text", "user_id": "text", "occurred_at": "text", "amount": "bigint"})
    new = '{ column = "occurred_at", format = "%d/%m/%y" }'
    with pytest.raises(ConfigurationError, match=r"streams\.xp\.columns\.occurred_at\.format: .*%y is not known"):
        configured(platform, '"occurred_at",', f"{new},")
