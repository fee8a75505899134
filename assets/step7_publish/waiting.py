"""Before step 7, where the version was built by an earlier run: which one waits to be published, and if it still may.

Only Dagster's asset of the warehouse can be run without what comes before it.
"""

import json
from pathlib import Path

from assets.step4_roll_up.activity import ingredients
from warehouse.configuration.configuration import Configuration
from warehouse.errors import CheckFailedError
from warehouse.lake.lake import Lake, about, newest_day
from warehouse.versions.versions import Warehouse

WAY_OUT = "materialize the version's tables first, or run `pulse build`"


def version_built(configuration: Configuration) -> str:
    """Return the name of the version that waits in the building place.

    Args:
        configuration: where lake and warehouse are.

    Raises:
        CheckFailedError: there is none that has been built to its end, or the lake has changed since it was.
    """
    warehouse = Warehouse.of(configuration)
    folder = warehouse.building("*").parent
    waiting = sorted(folder.glob("pulse-*.duckdb"))
    if not waiting:
        message = f"no version that was built to its end waits in {folder} to be published; {WAY_OUT}"
        raise CheckFailedError(message)
    version = waiting[-1].stem
    basis = warehouse.building_basis(version)
    is_whole = basis.exists() and warehouse.building_remarks(version).exists()  # not one of an older release
    if not is_whole or _is_outdated(configuration, basis):
        message = f"version {version} in {folder} was built from another state of the lake; {WAY_OUT}"
        raise CheckFailedError(message)
    return version


def _is_outdated(configuration: Configuration, basis: Path) -> bool:
    """Say whether a version would be made from other landings now, or from more or fewer days."""
    built_from = {day: said["made_from"] for day, said in json.loads(about([basis])[basis])["days"].items()}
    landings = Lake.of(configuration).landings(configuration)
    newest = newest_day(configuration, landings)
    days = {day for _, day in landings if newest is not None and day <= newest}
    return built_from != {day.isoformat(): ingredients(configuration, landings, day) for day in days}
