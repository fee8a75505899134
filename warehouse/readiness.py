"""What has to be right about a data folder before a run begins: what it could only fail over at its end, or in silence.

What a run reads on its way it refuses there; what a switch of the pointer mends stays as it is (FAULTS 56).
"""

from warehouse.configuration import Configuration
from warehouse.erased import erased_of
from warehouse.errors import DamagedError
from warehouse.lake import Lake
from warehouse.versions import Warehouse


def refuse_unusable(configuration: Configuration) -> None:
    """Make sure that a run of a configuration can number, publish, and leave out who is erased.

    Raises:
        DamagedError: the list of erased learners, the sequence or the pointer's place is in the way.
        OSError: one of them may not be looked at.
    """
    lake, warehouse = Lake.of(configuration), Warehouse.of(configuration)
    erased_of(lake, warehouse)
    lake.last_sequence()
    try:
        warehouse.current()
    except DamagedError:
        if warehouse.pointer.is_dir() and not warehouse.pointer.is_symlink():
            raise
