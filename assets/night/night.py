"""The whole way in one call without Dagster: the steps in their order, for tests, benchmarks and `pulse build`.

The `nightly` job runs the very same steps as assets.
"""

from assets.step0_plan.ahead import refuse_ahead, set_aside
from assets.step0_plan.plan import Run, days_to_extract
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from assets.step4_roll_up.activity import roll_up
from assets.step5_build.build import build
from assets.step7_publish.publish import publish
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import Manifest


def run_night(configuration: Configuration, run: Run) -> Manifest | None:
    """Extract, roll up, build, check and publish.

    Args:
        configuration: whose sources and data folder.
        run: the days and streams, as `planned`.

    Returns:
        The manifest of what was published; None before every stream has `first_day` (R25).

    Raises:
        PulseError: a step failed; nothing was published.
    """
    set_aside(configuration)
    extract(configuration, run)
    return publish_lake(configuration, run.accepted)


def extract(configuration: Configuration, run: Run) -> None:
    """Land the days of a run and, where R3 says so, the learners.

    Raises:
        PulseError: a stream could not be landed; those before it have been.
    """
    for stream in configuration.event_streams:
        days = days_to_extract(configuration, run, stream, Lake.of(configuration).landings(configuration))
        if days:
            land(configuration, stream, days, accept_shrink="accept_shrink" in run.accepted)
    if not run.streams:
        land_users(configuration, run.last)


def publish_lake(configuration: Configuration, accepted: tuple[str, ...] = ()) -> Manifest | None:
    """Roll up what is stale, build a version from the lake alone, check and publish it.

    Returns:
        As `run_night`.

    Raises:
        CheckFailedError: a landing is ahead of our clock; a run over the sources moves it away.
    """
    refuse_ahead(configuration)
    return publish_whatever_is_ahead(configuration, accepted)


def publish_whatever_is_ahead(configuration: Configuration, accepted: tuple[str, ...] = ()) -> Manifest | None:
    """Do as `publish_lake`, also where a clock was ahead: nothing may hold an erasure back, and it asks no source."""
    roll_up(configuration)
    return build_and_publish(configuration, accepted)


def build_and_publish(configuration: Configuration, accepted: tuple[str, ...] = ()) -> Manifest | None:
    """Build a version from activity that is up to date, check and publish it.

    Publishing runs every check, so none runs before it here; in Dagster the build shows what they find beside tables.

    Returns:
        As `run_night`.
    """
    built = build(configuration)
    return None if built is None else publish(configuration, built.version, accepted=accepted)
