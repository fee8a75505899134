"""Taking versions back for good: their files, manifests and receipts are deleted, and the pointer never names one.

Pruning deletes what nobody needs. Here is deleted what nobody may have, even the current version or a pinned one. A
server that has such a file open reads on until it follows the pointer. What it may answer until then is said in
`warehouse/erasure/suppression.py`.
"""

from collections.abc import Collection
from contextlib import suppress

from warehouse.crash_points import reached
from warehouse.disk import lock
from warehouse.disk.files import sync
from warehouse.versions.versions import Warehouse


def keep_only(warehouse: Warehouse, version: str) -> list[str]:
    """Point to a version, whatever is pinned, and delete every other.

    Args:
        warehouse: whose versions.
        version: one that is in its place.

    Returns:
        The names of those that are gone, oldest first.
    """
    with lock.pointer_lock(warehouse.root, f"keeping only {version}"):
        warehouse.unpin()
        if warehouse.current() != version:
            warehouse.point_to(version)
        reached("erase: pointer switched")
        return _delete(warehouse, _all_versions(warehouse) - {version})


def withdraw(warehouse: Warehouse, versions: Collection[str]) -> list[str]:
    """Delete versions; if the current one is among them, the newest of the rest is current then, or none.

    Args:
        warehouse: whose versions.
        versions: their names.

    Returns:
        The names of those that are gone, oldest first.
    """
    with lock.pointer_lock(warehouse.root, "withdrawing versions"):
        pin, current = warehouse.pin, warehouse.current()
        if pin is not None and pin.version in versions:
            warehouse.unpin()
        if current in versions:
            rest = [name for name in warehouse.kept() if name not in versions]
            if rest:
                warehouse.point_to(rest[-1])
            else:
                warehouse.pointer.unlink()
                sync(warehouse.root)
        return _delete(warehouse, set(versions))


def _all_versions(warehouse: Warehouse) -> set[str]:
    """Return the name of everything in the versions' folder, whole or not."""
    return {file.name.split(".")[0] for file in (warehouse.root / "versions").glob("pulse-*")}


def _delete(warehouse: Warehouse, versions: set[str]) -> list[str]:
    folder = warehouse.root / "versions"
    names = sorted(versions, key=lambda name: (name.rpartition("-")[2], name))
    for name in names:
        warehouse.manifest_file(name).unlink(missing_ok=True)  # before the files that it describes
        for file in folder.glob(f"{name}.*"):
            file.unlink()
        with suppress(OSError):
            warehouse.receipt(name).unlink(missing_ok=True)
            warehouse.lookup_receipt(name).unlink(missing_ok=True)
        reached("erase: one version deleted")
    if names:
        sync(folder)
    return names
