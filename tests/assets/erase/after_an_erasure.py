"""What an erasure of the woven world has to have left, counted by hand, and what a rerun makes of one that died."""

from typing import Any

from assets.erase.receipt import unfinished
from tests.support.erasing.woven_lake import FIRST, SECOND, places_with, pulse, receipts
from tests.support.erasing.woven_world import GONE, WOVEN, without
from tests.support.running import replay
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

PAGE = "/profile/gone"
OWN = "/api/xp/learning-pulse"
# What the receipt has to say, counted by hand in `tests/support/erasing/woven_world.py`.
IN_LAKE = {
    "accepted_quarantine": 6,  # two of them without a day
    "activity": 4,  # two UTC days of one date each, one of them with a session over midnight, and one more
    "basis": 1,
    "profiles": 1,
    "quiz_attempts": 1,
    "quiz_attempts, undated": 0,
    "restatements": 0,
    "retired": 1,
    "retired, undated": 1,
    "savers": 4,
    "savers, deleted": 2,  # he gave them back
    "savers, duplicates": 1,
    "savers, quarantine": 1,
    "savers, undated": 1,
    "sessions": 2,
    "sessions, quarantine": 1,
    "sessions, undated": 0,
    "sums": 0,  # only learners who are not shown are named there
    "users": 1,
    "xp_events": 5,
    "xp_events, duplicates": 2,
    "xp_events, quarantine": 2,
    "xp_events, undated": 1,
    "zones": 1,
}
# The week began on Sunday, 1 March; all four dates that are his own are in it.
OF_PROFILE = {"streaks": 1, "weekly_activity": 3, "xp_totals": 1, "yearly_totals": 1, "zones_over_time": 1}


def counts(receipt: dict[str, Any], when: str) -> dict[str, int]:
    return {place: count[when] for place, count in receipt["lake"].items()}


def assert_gone_after_a_rerun(configuration: Configuration) -> None:
    assert pulse(configuration, "erase", GONE) == 0
    (receipt,) = receipts(configuration)
    assert counts(receipt, "before").items() >= IN_LAKE.items()
    assert set(counts(receipt, "after").values()) == {0}
    assert {FIRST, SECOND} <= set(receipt["versions_deleted"])
    assert Warehouse.of(configuration).kept() == [receipt["version"]]
    assert unfinished(Lake.of(configuration)) == []
    replay.assert_equals_the_oracle(without(WOVEN, GONE), configuration)
    assert places_with(configuration) == []
