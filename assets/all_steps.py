"""The steps in their order, each handing on a `Night`: for `pulse build`, erasing, reconciling and tests.

The job `nightly` runs the very same steps as assets; their order is then Dagster's matter.
"""

from assets.night.night import Night
from assets.step0_plan.clock_ahead import refuse_ahead, set_aside
from assets.step0_plan.plan import Run
from assets.step2_land.land import land_run
from assets.step3_users.users import land_users
from assets.step4_roll_up.activity import roll_up
from assets.step5_build.build import DRIFTED, build
from assets.step6_check.check import PipelineFaultError
from assets.step7_publish.publish import publish
from warehouse.versions.manifest import Manifest

ASKED_FOR = "it was asked for"


def run_night(night: Night, run: Run) -> Manifest | None:
    """Extract, roll up, build, check and publish.

    Args:
        night: whose sources and data folder.
        run: the days and streams, as `planned`.

    Returns:
        The manifest of what was published; None before every stream has `first_day` (R25).

    Raises:
        PulseError: a step failed; nothing was published.
    """
    set_aside(night)
    return publish_lake(extract(night.read_again(), run), run.accepted)


def extract(night: Night, run: Run) -> Night:
    """Land the days of a run and, where R3 says so, the learners; return the night read again.

    Raises:
        PulseError: a stream could not be landed; those before it have been.
    """
    for stream in night.configuration.event_streams:
        land_run(night, run, stream)
        night = night.read_again()
    if not run.streams:
        land_users(night, run.last)
    return night.read_again()


def publish_lake(night: Night, accepted: tuple[str, ...] = (), *, is_in_full: bool = False) -> Manifest | None:
    """Roll up what is stale, build a version from the lake alone, check and publish it.

    Args:
        night: whose data folder.
        accepted: guards that an operator lets through.
        is_in_full: whether nothing of the version before is kept.

    Returns:
        As `run_night`.

    Raises:
        CheckFailedError: a landing is ahead of our clock; a run over the sources moves it away.
    """
    refuse_ahead(night)
    return publish_whatever_is_ahead(night, accepted, is_in_full=is_in_full)


def publish_whatever_is_ahead(
    night: Night, accepted: tuple[str, ...] = (), *, is_in_full: bool = False
) -> Manifest | None:
    """Do as `publish_lake`, also where a clock was ahead: an erasure must not wait, and it asks no source."""
    roll_up(night)
    return build_and_publish(night.read_again(), accepted, in_full=ASKED_FOR if is_in_full else "")


def build_and_publish(
    night: Night, accepted: tuple[str, ...] = (), *, in_full: str = "", doubt: str = ""
) -> Manifest | None:
    """Build a version from activity that is up to date, check and publish it.

    Publishing runs every check, so none runs before it here. In Dagster the build runs them too, to show them at the
    tables. If a check of the pipeline itself fails for a version that kept rows, one that is built in full takes its
    place.

    Args:
        night: whose data folder.
        accepted: guards that an operator lets through.
        in_full: why nothing of the version before is kept; empty if something may be.
        doubt: as `build`.

    Returns:
        As `run_night`.
    """
    built = build(night, in_full, doubt)
    if built is None:
        return None
    try:
        return publish(night, built.version, accepted=accepted)
    except PipelineFaultError as fault:
        if not built.remarks.kept_from:
            raise
        again = build(night, DRIFTED, fault.doubt)
        return None if again is None else publish(night, again.version, accepted=accepted)
