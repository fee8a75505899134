"""Every zone of the `tzdata` wheel, those of them that are unlike each other, and days on which one of them changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

from hypothesis import settings
from hypothesis import strategies as st

from tests.assets.step4_roll_up.zone_files import content_of, listed_changes
from tests.oracle import oracle
from tests.oracle.oracle import EPOCH, utc_day

ZONES = sorted(oracle.zone_names())
UNLIKE = sorted({content_of(zone): zone for zone in ZONES}.values())  # of names that mean the same zone, one
EXAMPLES = settings().max_examples
A_FEW = settings(max_examples=max(1, EXAMPLES // 10))  # each example goes through all zones
LAST_LISTED_YEAR = 2037  # no zone file lists a change after it


def plain(at: int) -> datetime:
    """An instant as DuckDB's TIMESTAMP takes it: UTC without a zone."""
    return (EPOCH + timedelta(microseconds=at)).replace(tzinfo=None)


@cache
def changing_days() -> list[date]:
    """Every UTC day since 1900 on which some zone's file lists a change of its offset."""
    found = {utc_day(change.at) for zone in ZONES for change in listed_changes(zone)}
    return sorted(day for day in found if day.year >= 1900)


any_day = st.sampled_from(changing_days()) | st.dates(date(1900, 1, 2), date(2199, 12, 30))
