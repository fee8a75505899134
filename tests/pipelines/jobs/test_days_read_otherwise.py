"""Days that a run in Dagster leaves alone, since their source has purged them, and days that it reads besides (R23)."""

from collections.abc import Callable
from datetime import date

import pytest

from assets.night.night import Night
from assets.orchestration.keys import lake_key
from tests.support.running.dagster_place import FIRST_DAY, LAST_DAY, Place, at_home
from warehouse.lake.days import DAY, days_between

OLDEST = LAST_DAY - 8 * DAY


def extracted(place: Place) -> dict[date, str]:
    """Return when each day of the stream was extracted that has a file, whether it counts or not."""
    landed = Night.of(place.configuration).landed
    return {day: landing.extracted_at for (stream, day), landing in landed.items() if stream == "xp_events"}


@pytest.mark.slow
def test_purged_days_stay_and_days_of_moved_events_are_shown(
    published: Place, copy_of: Callable[[Place], Place]
) -> None:
    """A backfill of purged days, the night of another mapping, and a night that finds an event where it was."""
    place = copy_of(published)
    before, numbers = extracted(place), place.logical_hash
    keys = 'keeps_days = 8\nmoves = true\nwhere = [{ column = "amount", not_null = true }]'
    place.replace("[streams.xp_events]", f"[streams.xp_events]\n{keys}")
    place.sql(f"delete from xp_events where created_at < '{OLDEST}'")
    with at_home(place) as instance:
        place.night(FIRST_DAY, FIRST_DAY + 4 * DAY, stream="xp_events")
        assert extracted(place) == before
        place.night()
        again = {day for day, at in extracted(place).items() if at != before[day]}
        assert again == {*days_between(OLDEST, LAST_DAY)}
        assert place.logical_hash == numbers
        place.sql(
            f"update xp_events set created_at = '{LAST_DAY} 12:00:00' where rowid = "
            f"(select min(rowid) from xp_events where created_at < '{OLDEST + DAY}')"
        )
        rows = Night.of(place.configuration).landings["xp_events", OLDEST].rows
        place.night()
        records = instance.fetch_materializations(lake_key("xp_events"), limit=100).records
        newest = next(record for record in records if record.partition_key == OLDEST.isoformat())
        assert newest.asset_materialization is not None
        assert newest.asset_materialization.metadata["dagster/partition_row_count"].value == rows - 1
