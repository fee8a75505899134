"""Beside the nights, after a reconciliation: whether activity and kept rows are what their landings say (R24).

A night proves one of 32 ranges of keys. Here all ranges are proven at once, and a version is built twice, as a night
does and in full, and the hashes are compared. One in eight days of activity is made again from its landings; the week
decides which. What differs is made again, and published with a warning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assets.all_steps import build_and_publish
from assets.night.night import Night
from assets.step4_roll_up.activity import made_days, make_zones_in_force, roll_up
from assets.step5_build.build import DRIFTED, build, throw_away
from assets.step7_publish.publish import publish
from warehouse import clock, engine
from warehouse.disk.files import sync
from warehouse.lake.days import days_between
from warehouse.versions.manifest import Manifest

DIFFERING_DAYS = Path(__file__).with_name("differing_days.sql")
ONE_IN = 8
DAYS_OF_WEEK = 7
COMPARED = "it is compared with one that kept rows"
HASHES_DIFFER = "a version that kept rows has other rows or sums than one in full; the version was built in full"


@dataclass(frozen=True)
class Healed:
    """What was done about what had drifted.

    Args:
        rolled: the days whose activity was made again, with the rows of each.
        manifest: of the version that was made.
    """

    rolled: Mapping[date, int]
    manifest: Manifest | None


def prove_lake(night: Night, accepted: tuple[str, ...] = ()) -> Healed | None:
    """Prove one in eight days of activity, and all that a version keeps of the one before.

    Args:
        night: whose lake.
        accepted: guards that an operator lets through, where something has to be published.

    Returns:
        What was done; None if nothing differs, or nothing has been built yet. Then nothing is published.

    Raises:
        PulseError: a step failed; nothing was published.
    """
    newest = night.newest_day
    if newest is None or not night.lake.users.exists():
        return None
    roll_up(night)
    night = night.read_again()
    days = [day for day in days_between(night.configuration.pulse.first_day, newest) if is_in_turn(day)]
    differing = differing_days(night, days)
    if differing:
        for day in differing:
            night.lake.activity(day).unlink()
        sync(night.lake.activity(differing[0]).parent)
        rolled = roll_up(night.read_again()).days
        doubt = f"activity of {', '.join(map(str, differing))} was not what its landings say; it was made again"
        return Healed(rolled, build_and_publish(night.read_again(), accepted, in_full=DRIFTED, doubt=doubt))
    manifest = _build_both_ways(night, accepted)
    return None if manifest is None else Healed({}, manifest)


def is_in_turn(day: date) -> bool:
    """Say whether the activity of a UTC day is made again this week: that of each day is, once in eight weeks."""
    week = clock.now().date().toordinal() // DAYS_OF_WEEK
    return day.toordinal() % ONE_IN == week % ONE_IN


def differing_days(night: Night, days: Sequence[date]) -> list[date]:
    """Return the days whose activity, made again from its landings, has other rows than its file.

    Args:
        night: whose lake, with activity that is up to date.
        days: UTC days in order, up to the newest day.
    """
    configuration, differing = night.configuration, []
    with night.connect() as connection, night.progress.step("activity", len(days)) as summarize:
        make_zones_in_force(connection, night.lake, configuration.pulse.default_timezone, configuration.zone_names)
        for chunk in made_days(connection, night, days):
            engine.view_files(connection, "written", [night.lake.activity(day) for day in chunk])
            differing += [day for (day,) in connection.execute(engine.sql(DIFFERING_DAYS)).fetchall()]
            night.progress.advance(len(chunk))
        summarize(f"{len(days)} days made again from their landings, {len(differing)} differ")
    return differing


def _build_both_ways(night: Night, accepted: tuple[str, ...]) -> Manifest | None:
    """Build as a night does and in full; publish only if they differ."""
    kept = build(night, is_proven_whole=True)
    if kept is not None and kept.remarks.drift:
        return publish(night, kept.version, accepted=accepted)
    if kept is not None and kept.remarks.kept_from:
        whole = build(night, COMPARED)
        if whole is None or (whole.logical_hash, whole.sums_hash) != (kept.logical_hash, kept.sums_hash):
            return build_and_publish(night, accepted, in_full=DRIFTED, doubt=HASHES_DIFFER)
    throw_away(night)
    return None
