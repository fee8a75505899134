"""Reconciliation (R23) in one call, without Dagster: compare, and take days that have drifted the ordinary way.

The job `reconcile` does the very same and tells Dagster what it did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from assets.night.night import build_and_publish, extract
from assets.reconcile.compare import Comparison, compare
from assets.step0_plan.ahead import set_aside
from assets.step4_roll_up.activity import roll_up
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake, Landing
from warehouse.versions.manifest import Manifest


@dataclass(frozen=True)
class Restated:
    """What was done about days that had drifted.

    Args:
        landings: those that were extracted again, as they are now.
        rolled: the days whose activity was made again, with the rows of each.
        manifest: of the version that was made.
    """

    landings: Sequence[Landing]
    rolled: Mapping[date, int]
    manifest: Manifest | None


def reconcile(configuration: Configuration, accepted: tuple[str, ...] = ()) -> tuple[Comparison, Restated | None]:
    """Compare every landing with its source, extract again what has drifted, and publish that.

    Args:
        configuration: whose sources and data folder.
        accepted: guards that an operator lets through.

    Returns:
        What was found, and what was done about it; None if nothing had drifted: then nothing is published.

    Raises:
        PulseError: a source could not be asked, or a step failed; nothing was published.
    """
    set_aside(configuration)
    comparison = compare(configuration)
    return comparison, restate(configuration, comparison, accepted) if comparison.drifts else None


def restate(configuration: Configuration, comparison: Comparison, accepted: tuple[str, ...] = ()) -> Restated:
    """Extract again the days that have drifted, roll up, build, check and publish.

    Args:
        configuration: as for `reconcile`.
        comparison: what was found; something has drifted.
        accepted: as for `reconcile`.

    Raises:
        PulseError: a step failed; nothing was published.
    """
    extract(configuration, comparison.run(accepted))
    rolled = roll_up(configuration).days
    manifest = build_and_publish(configuration, accepted)
    there = Lake.of(configuration).landings(configuration)
    drifted = [(drift.landing.stream, drift.landing.day) for drift in comparison.drifts]
    return Restated([there[key] for key in drifted], rolled, manifest)
