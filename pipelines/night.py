"""The whole way in one call without Dagster: the steps in their order, for tests, benchmarks and `pulse build`.

The `nightly` job runs the very same steps as assets.
"""

from collections.abc import Callable

from assets.step0_plan import Run, days_to_extract
from assets.step2_land import land
from assets.step3_users import land_users
from assets.step4_activity import roll_up
from assets.step5_build import build
from assets.step6_check import check, refuse_failures
from assets.step7_publish import publish
from warehouse.configuration import Configuration
from warehouse.lake import Lake
from warehouse.versions import Manifest

Report = Callable[[str], None]


def run_night(configuration: Configuration, run: Run, report: Report = lambda _: None) -> Manifest | None:
    """Extract, roll up, build, check and publish.

    Args:
        configuration: whose sources and data folder.
        run: the days and streams, as `planned`.
        report: is told what has been done, a line at a time.

    Returns:
        The manifest of what was published; None before every stream has `first_day` (R25).

    Raises:
        PulseError: a step failed; nothing was published.
    """
    for stream in configuration.event_streams:
        days = days_to_extract(configuration, run, stream, Lake.of(configuration).landings(configuration))
        if days:
            landed = land(configuration, stream, days, accept_shrink="accept_shrink" in run.accepted)
            report(f"{stream.name}: {len(landed.landings)} days, {sum(one.rows for one in landed.landings)} rows")
    users = None if run.streams else land_users(configuration, run.last)
    if users:
        report(f"{configuration.users_stream.name}: {users.users} learners")
    return publish_lake(configuration, run.accepted, report)


def publish_lake(
    configuration: Configuration,
    accepted: tuple[str, ...] = (),
    report: Report = lambda _: None,
) -> Manifest | None:
    """Roll up what is stale, build a version from the lake alone, check and publish it.

    Returns:
        As `run_night`.
    """
    rolled = roll_up(configuration)
    report(f"activity: {len(rolled.days)} days")
    built = build(configuration)
    if built is None:
        report("not every stream has first_day yet, so there is nothing to publish")
        return None
    report(f"{built.version}: {built.rows['pulse_totals']} learners, {built.rows['daily_activity']} active days")
    accept_quarantine = "accept_quarantine" in accepted
    refuse_failures(
        built.version, check(configuration, built.version, built.newest_day, accept_quarantine=accept_quarantine)
    )
    return publish(configuration, built.version, accepted=accepted)
