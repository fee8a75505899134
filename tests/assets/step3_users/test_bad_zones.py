"""Names of zones that nobody knows, as a whole column of them may hold (R4)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platforms.sources import FIRST, PLATFORMS, XP_TYPES, Platform, night, platform_of, published

TYPES = {"user_id": "text", "username": "text", "timezone": "text"}


@pytest.fixture(params=PLATFORMS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as found:
        yield found


def warned(source: Platform, zones: list[str | None]) -> tuple[str, ...]:
    users = [(f"id{n}", f"name{n}", zone) for n, zone in enumerate(zones)]
    source.make("users", TYPES, users)
    source.make("xp", XP_TYPES, [])
    manifest = night(source.configuration(), FIRST, "accept_shrink")
    assert manifest is not None
    return manifest.warnings


@pytest.mark.slow
def test_more_than_half_of_the_given_zones_unreadable_is_a_warning_with_examples(source: Platform) -> None:
    """FAULTS 51: nulls and empty texts are not given; ids, names and addresses are no examples."""
    assert warned(source, ["UTC", "Berlin"]) == ()
    long = "x" * 60
    bad = ["Eastern Time (US & Canada)"] * 3 + ["Berlin"] * 2 + [long]
    (line,) = warned(source, [*bad, "UTC", None, None, "", "", ""])
    assert line.startswith("stream users: 6 of 7 learners who give a timezone give no IANA name")
    assert f'(such as "Eastern Time (US & Canada)", "Berlin", "{long[:40]}")' in line
    (line,) = warned(source, ["name0", "ID1", "ann@example.org"])
    assert "such as" not in line
    assert not [secret for secret in ("name0", "ID1", "ann@") if secret in json.dumps(line)]


def test_where_no_timezone_is_mapped_nobody_is_bad(source: Platform) -> None:
    """FAULTS 51."""
    source.make("users", {"user_id": "text"}, [("ann",)])
    source.make("xp", XP_TYPES, [])
    configuration = source.configuration()
    manifest = night(configuration, FIRST)
    assert manifest is not None
    assert manifest.warnings == ()
    assert published(configuration, "select bad_zones, timezone from version_info, users") == [(0, "UTC")]
