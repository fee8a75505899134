"""Reconciliation (R23) in one call, without Dagster: compare, then extract drifted days by the ordinary steps.

The job `reconcile` does the same and reports it to Dagster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from assets.all_steps import build_and_publish, extract
from assets.night.night import Night
from assets.reconcile.compare import Comparison, compare
from assets.step0_plan.clock_ahead import set_aside
from assets.step4_roll_up.activity import roll_up
from warehouse.lake.landing import Landing
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


def reconcile(night: Night, accepted: tuple[str, ...] = ()) -> tuple[Comparison, Restated | None]:
    """Compare every landing with its source, extract again what has drifted, and publish that.

    Args:
        night: whose sources and data folder.
        accepted: guards that an operator lets through.

    Returns:
        What was found, and what was done about it; None if nothing had drifted: then nothing is published.

    Raises:
        PulseError: a source could not be asked, or a step failed; nothing was published.
    """
    set_aside(night)
    night = night.read_again()
    comparison = compare(night)
    return comparison, restate(night, comparison, accepted) if comparison.drifts else None


def restate(night: Night, comparison: Comparison, accepted: tuple[str, ...] = ()) -> Restated:
    """Extract again the days that have drifted, roll up, build, check and publish.

    Args:
        night: as for `reconcile`.
        comparison: what was found; something has drifted.
        accepted: as for `reconcile`.

    Raises:
        PulseError: a step failed; nothing was published.
    """
    night = extract(night, comparison.run(accepted))
    rolled = roll_up(night)
    night = night.read_again()
    manifest = build_and_publish(night, accepted)
    drifted = [(drift.landing.stream, drift.landing.day) for drift in comparison.drifts]
    return Restated([night.landings[key] for key in drifted], rolled.days, manifest)
