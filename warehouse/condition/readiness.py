"""What has to be right about a data folder before a run begins: what it could only fail over at its end, or in silence.

What a run reads on its way it refuses there; what a switch of the pointer mends stays as it is (FAULTS 56).
"""

from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import links_below
from warehouse.erasure.erased import erased_of
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse


def refuse_links(lake: Lake, warehouse: Warehouse) -> None:
    """Make sure that lake and versions hold files and no names of others: an erasure would leave what they name.

    The folders `lake`, `warehouse` and `versions` themselves may be links, and the pointer is one.

    Raises:
        DamagedError: something in them is a symbolic link.
        OSError: some of them may not be looked at.
    """
    for root in (lake.root, warehouse.root / "versions"):
        for place in links_below(root):
            message = (
                f"{place} is a symbolic link, and what it names would outlast an erasure; put the files themselves in "
                "its place, or mount the other disk there"
            )
            raise DamagedError(message)


def refuse_unusable(configuration: Configuration) -> None:
    """Make sure that a run of a configuration can number, publish, and leave out who is erased.

    Raises:
        DamagedError: the list of erased learners, the sequence or the pointer's place is in the way, or a
            symbolic link stands where a file of ours should.
        OSError: one of them may not be looked at.
    """
    lake, warehouse = Lake.of(configuration), Warehouse.of(configuration)
    refuse_links(lake, warehouse)
    erased_of(lake, warehouse)
    lake.last_sequence()
    try:
        warehouse.current()
    except DamagedError:
        if warehouse.pointer.is_dir() and not warehouse.pointer.is_symlink():
            raise
