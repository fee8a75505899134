"""Before step 7: which version an earlier run has built, and whether it may still be published.

Only Dagster's asset of the warehouse can be run without what comes before it.
"""

from pathlib import Path

from assets.night.night import Night
from assets.step4_roll_up.activity import ingredients
from assets.step4_roll_up.lookups import used_lookups
from warehouse.errors import CheckFailedError

WAY_OUT = "materialize the version's tables first, or run `pulse build`"


def version_built(night: Night) -> str:
    """Return the name of the version that waits in the building folder.

    Args:
        night: where lake and warehouse are.

    Raises:
        CheckFailedError: there is none that has been built to its end, or the lake has changed since it was.
    """
    warehouse = night.warehouse
    folder = warehouse.building("*").parent
    waiting = sorted(folder.glob("pulse-*.duckdb"))
    if not waiting:
        raise CheckFailedError(f"no version that was built to its end waits in {folder} to be published; {WAY_OUT}")
    version = waiting[-1].stem
    basis = warehouse.building_basis(version)
    is_whole = all(file.exists() for file in warehouse.building_files(version))  # not one of an older release
    if not is_whole or _is_outdated(night, basis):
        raise CheckFailedError(f"version {version} in {folder} was built from another state of the lake; {WAY_OUT}")
    return version


def _is_outdated(night: Night, basis: Path) -> bool:
    """Say whether a version would be made from other landings now, or from more or fewer days."""
    days_built_from = night.lake.footers.content(basis, "days")["days"]
    built_from = {day: of_day["made_from"] for day, of_day in days_built_from.items()}
    days = {day for _, day in night.landings if night.newest_day is not None and day <= night.newest_day}
    with night.connect() as connection:
        used = used_lookups(connection, night)
    made_from = {day.isoformat(): ingredients(night.configuration, night.landings, day, used) for day in days}
    return bool(built_from != made_from)
