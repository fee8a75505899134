"""The list of erased learners, as every landing and every build reads it (docs/guide/erase.md).

A lost list looks like one that is still empty, and an older list looks like a good one. Two things remember more: the
receipts of erasures, which `suppression.py` reads beside the list, and the manifests. These say how many learners were
on it.
"""

from contextlib import suppress

from warehouse.erasure.suppression import Suppressed, read_list
from warehouse.errors import NoVersionError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse


def erased_of(lake: Lake, warehouse: Warehouse) -> Suppressed:
    """Return the list of erased learners of a lake.

    Raises:
        DamagedError: it cannot be read, is gone, or is an older one.
        OSError: what knows of it may not be looked at.
    """
    return read_list(lake.suppressed, fewest=most_erased(warehouse))


def most_erased(warehouse: Warehouse) -> int:
    """Return how many erased learners were on the list when a kept version was made, the most of them."""
    most = 0
    for version in warehouse.kept():
        with suppress(NoVersionError):  # one that cannot be read is no reason to stop a run
            most = max(most, warehouse.manifest(version).erased)
    return most
