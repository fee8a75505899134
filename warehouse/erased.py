"""Whether anybody has been erased, so that a list of erased learners that was lost is noticed (README.md, Erasure).

A list that is gone looks like one that nobody has been put on yet. Two things know better: the receipts of erasures,
which `suppression.py` looks for beside the list, and the manifests, which say how many were on it.
"""

from contextlib import suppress

from warehouse.configuration import Configuration
from warehouse.errors import NoVersionError
from warehouse.lake import Lake
from warehouse.suppression import Suppressed, read_list
from warehouse.versions import Warehouse


def erased_learners(configuration: Configuration) -> Suppressed:
    """Return the list of erased learners, as whoever takes in rows or builds has to obey it.

    Raises:
        PulseError: it cannot be read, or is gone.
    """
    return read_list(Lake.of(configuration).suppressed, has_been=has_erased(configuration))


def has_erased(configuration: Configuration) -> bool:
    """Tell whether the manifest of a kept version says that somebody had been erased."""
    warehouse = Warehouse.of(configuration)
    for version in warehouse.kept():
        with suppress(NoVersionError):  # one that cannot be read is no reason to stop a run
            if warehouse.manifest(version).erased:
                return True
    return False
