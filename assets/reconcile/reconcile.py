"""Reconciliation (R23) in one call, without Dagster: compare, then extract drifted days by the ordinary steps.

Then the lake and what is kept of older versions are proven (`prove.py`). The job `reconcile` does the same and reports
it to Dagster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from assets.all_steps import build_and_publish, extract
from assets.night.night import Night
from assets.reconcile.compare import Comparison, compare
from assets.reconcile.prove import prove_lake
from assets.step0_plan.clock_ahead import set_aside
from assets.step4_roll_up.activity import roll_up
from warehouse.lake.landing import Landing
from warehouse.versions.manifest import Manifest


@dataclass(frozen=True)
class Restated:
    """What was done about days that had drifted, and about what of ours had.

    Args:
        landings: those that were extracted again, as they are now.
        rolled: the days whose activity was made again, with the rows of each.
        manifest: of the version that was made last.
    """

    landings: Sequence[Landing]
    rolled: Mapping[date, int]
    manifest: Manifest | None


def reconcile(night: Night, accepted: tuple[str, ...] = ()) -> tuple[Comparison, Restated | None]:
    """Compare every landing with its source, extract again what has drifted, prove the rest, and publish.

    Args:
        night: whose sources and data folder.
        accepted: guards that an operator lets through.

    Returns:
        What was found, and what was done about it; None if nothing was: then nothing is published.

    Raises:
        PulseError: a source could not be asked, or a step failed; nothing was published.
    """
    set_aside(night)
    night = night.read_again()
    comparison = compare(night)
    return comparison, restate_and_prove(night, comparison, accepted)


def restate_and_prove(night: Night, comparison: Comparison, accepted: tuple[str, ...] = ()) -> Restated | None:
    """Do as `restate` if something has drifted, then prove the lake and what is kept of older versions.

    Returns:
        What was done; None if nothing had to be.

    Raises:
        PulseError: a step failed; what an earlier one has published stays.
    """
    restated = restate(night, comparison, accepted) if comparison.drifts else None
    healed = prove_lake(night.read_again(), accepted)
    if healed is None:
        return restated
    if restated is None:
        return Restated([], healed.rolled, healed.manifest)
    return Restated(restated.landings, {**restated.rolled, **healed.rolled}, healed.manifest)


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
