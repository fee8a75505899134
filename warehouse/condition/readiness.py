"""What must be right in a data folder before a run begins: else the run fails late or silently.

What a run reads later, it refuses when it reads it. What a switch of the pointer repairs is left alone (FAULTS 56).
"""

from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import links_below
from warehouse.erasure.erased import erased_of
from warehouse.errors import DamagedError
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse


def refuse_links(lake: Lake, warehouse: Warehouse) -> None:
    """Make sure that lake and versions hold no symbolic links: an erasure would leave the files behind them.

    The folders `lake`, `warehouse` and `versions` themselves may be links, and the pointer is one.

    Raises:
        DamagedError: something in them is a symbolic link.
        OSError: some of them may not be looked at.
    """
    for root in (lake.root, warehouse.root / "versions"):
        for link in links_below(root):
            raise DamagedError(
                f"{link} is a symbolic link, and what it names would outlast an erasure; put the files themselves in "
                "its place, or mount the other disk there"
            )


def refuse_unusable(configuration: Configuration) -> None:
    """Make sure that a run of a configuration can number, publish, and leave out who is erased.

    Raises:
        DamagedError: a file is a symbolic link, or the list of erased learners, the sequence or the pointer is damaged.
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
