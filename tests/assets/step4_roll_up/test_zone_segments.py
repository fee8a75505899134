"""The segments that SQL joins, in every zone: they have the offsets of `zoneinfo` and of the zone's own file (R4).

What becomes of a learner's activity is `test_zones.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.assets.step4_roll_up.every_zone import A_FEW, LAST_LISTED_YEAR, UNLIKE, ZONES, any_day, plain
from tests.assets.step4_roll_up.zone_files import listed_changes
from tests.oracle.oracle import DAY, HOUR, day_start, offset
from warehouse import zones

if TYPE_CHECKING:
    from collections.abc import Iterable


def assert_segments_are_those_of_the_zone(zone: str, start: int, end: int, samples: Iterable[int]) -> None:
    """They follow each other without gap or overlap, and every instant has the offset that `zoneinfo` gives it."""
    found = zones.segments(zone, plain(start), plain(end))
    assert [found[0].from_utc, found[-1].until_utc] == [plain(start), plain(end)]
    assert all(one.from_utc < one.until_utc == other.from_utc for one, other in pairwise(found))
    borders = [(segment.from_utc - plain(0)) // timedelta(microseconds=1) for segment in found]
    at_the_borders = [at for border in borders for at in (border, border - 1) if at >= start]
    for at in {*at_the_borders, *samples, end - 1}:
        segment = found[bisect_left(borders, at + 1) - 1]
        assert segment.offset == timedelta(microseconds=offset(zone, at)), (zone, plain(at))
    if plain(end).year <= LAST_LISTED_YEAR:
        listed = [change.at for change in listed_changes(zone) if start < change.at < end]
        assert {*listed} <= {*borders}, zone


@A_FEW
@given(any_day, st.integers(1, 400), st.lists(st.integers(0, 400 * DAY), max_size=12))
def test_segments_of_every_zone_cover_time_with_the_offsets_of_zoneinfo(
    first: date, length: int, samples: list[int]
) -> None:
    """FAULTS 25, 26; R4: without gap or overlap, from 1900 to years that no file lists."""
    start = day_start(first)
    end = start + length * DAY
    for zone in ZONES:
        assert_segments_are_those_of_the_zone(zone, start, end, [start + at for at in samples if start + at < end])


@pytest.mark.slow
@pytest.mark.thorough
def test_segments_of_every_zone_since_1900_have_every_change() -> None:
    """FAULTS 25, 26; R4: the borders within the listed years are exactly the changes that the files list."""
    start, end, last_listed = (day_start(date(year, 1, 1)) for year in (1900, 2051, LAST_LISTED_YEAR + 1))
    for zone in UNLIKE:
        assert_segments_are_those_of_the_zone(zone, start, end, range(start, end, 11 * DAY + 7 * HOUR))
        borders = [segment.from_utc for segment in zones.segments(zone, plain(start), plain(last_listed))][1:]
        changes = listed_changes(zone)
        listed = [plain(change.at) for change in changes if start < change.at < last_listed]
        by_rule = [border for border in borders if border not in listed]
        assert set(listed) <= set(borders), zone
        assert not by_rule or not changes or min(by_rule) > plain(changes[-1].at), zone
