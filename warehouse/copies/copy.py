"""Copying what is published into another data folder, from which a server of another machine answers.

The order is that in which an interruption does no harm (docs/guide/publish.md): the list of erased learners, then the
public names, then the version and its manifest, then the pointer. A server there never has a version without a list
that knows of everybody whom this version left out. Then goes what is kept here no more: an erasure has withdrawn it.
What readers have verified and the receipts of erasures are of this folder, and stay.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from warehouse.configuration.configuration import Configuration
from warehouse.copies.targets import PIN, POINTER, VERSIONS, CopyTarget
from warehouse.disk import lock
from warehouse.erasure.erased import erased_of
from warehouse.erasure.suppression import Suppressed, parsed
from warehouse.errors import DamagedError, NoVersionError, PulseError
from warehouse.lake.footers import Footers
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse

LIST, PROFILES = "lake/suppressed.json", "lake/profiles.parquet"
MANIFEST = ".json"
SUFFIXES = (MANIFEST, ".duckdb", ".lookup")  # the manifest goes first, and comes last
WAIT_SECONDS = 3600.0  # for another copy


def publish_to(configuration: Configuration, target: CopyTarget) -> tuple[str | None, tuple[str, ...]]:
    """Copy the version that readers get, and what belongs to it; delete there what is kept here no more.

    Args:
        configuration: of this data folder.
        target: another one, of which we are the only source.

    Returns:
        The version, None if nothing is published, and the names of the versions that were deleted there.

    Raises:
        DamagedError: our list of erased learners cannot be read, or the other one is of another data folder.
        StorageError: the target cannot be reached or written; readers there have what they had, or all of it.
    """
    with _alone(configuration):
        copy_list(configuration, target)
        _copy_profiles(Lake.of(configuration), target)
        warehouse = Warehouse.of(configuration)
        version = warehouse.current()
        if version is None:
            target.delete("warehouse", [Path(POINTER).name])
        else:
            _copy_version(warehouse, warehouse.manifest(version), target)
            target.point_to(version)
        _copy_pin(warehouse, target)
        return version, _delete_withdrawn(warehouse, version, target)


def copy_list(configuration: Configuration, target: CopyTarget) -> None:
    """Copy the list of erased learners, unless the target has a later one.

    Raises:
        DamagedError, StorageError: as `publish_to`.
    """
    lake = Lake.of(configuration)
    own, copied = erased_of(lake, Warehouse.of(configuration)), _list_at(target)
    if own.hashes <= copied.hashes and (not own.hashes or own.salt == copied.salt):
        return
    if copied.hashes and (copied.salt != own.salt or copied.hashes - own.hashes):
        raise DamagedError(
            f"the list of erased learners at the target is not an earlier one of {lake.suppressed}: it is another data "
            "folder's, or ours is an older one; nothing was copied"
        )
    target.put(lake.suppressed, LIST)


@contextmanager
def _alone(configuration: Configuration) -> Iterator[None]:
    """Two copies at once could put an older list over a newer one."""
    with lock.exclusive(configuration.data_dir / "publish.lock", "publishing a copy", wait_seconds=WAIT_SECONDS):
        yield


def _list_at(target: CopyTarget) -> Suppressed:
    content = target.read(LIST)
    if content is None:
        return Suppressed()
    try:
        return parsed(json.loads(content))
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"the list of erased learners at the target cannot be read ({error}); delete it") from error


def _copy_profiles(lake: Lake, target: CopyTarget) -> None:
    """Copy who has a public page, unless the target has it of a later landing."""
    if not lake.profiles.exists():
        return
    content = target.read(PROFILES)
    # Of the same landing ours may have lost somebody since.
    if content is None or _landed_at(lake.profiles) >= _landed_at_of(content):
        target.put(lake.profiles, PROFILES)


def _landed_at_of(content: bytes) -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "profiles.parquet"
        file.write_bytes(content)
        try:
            return _landed_at(file)
        except PulseError:
            return ""  # whatever it is, what we have is better


def _landed_at(profiles: Path) -> str:
    """Return when learners landed last, UTC, ISO 8601: the newest snapshot of their streams."""
    streams = Footers().content(profiles).get("streams", {}).values()
    return max((str(stream.get("taken_at", "")) for stream in streams), default="")


def _copy_version(warehouse: Warehouse, manifest: Manifest, target: CopyTarget) -> None:
    version, copied = manifest.version, target.sizes(VERSIONS)
    files = [(warehouse.lookup_file(version), manifest.lookup_size)] if manifest.has_lookup_file else []
    files += [(warehouse.file(version), manifest.size)]
    for file, size in files:
        if copied.get(file.name) != size:
            if not file.exists():
                raise NoVersionError(f"version {version} was deleted while it was copied; copy again")
            target.put(file, f"{VERSIONS}/{file.name}")
    manifest_file = warehouse.manifest_file(version)
    if manifest_file.name not in copied:
        target.put(manifest_file, f"{VERSIONS}/{manifest_file.name}")


def _copy_pin(warehouse: Warehouse, target: CopyTarget) -> None:
    """Let the target say as well that the pointer stays, or that it does not."""
    if warehouse.pin_file.exists():
        target.put(warehouse.pin_file, PIN)
    else:
        target.delete("warehouse", [Path(PIN).name])


def _delete_withdrawn(warehouse: Warehouse, version: str | None, target: CopyTarget) -> tuple[str, ...]:
    """Delete what is kept here no more. Of what was replaced just now the manifest goes first (`Warehouse.prune`)."""
    kept = {*warehouse.kept(), *([version] if version else [])}
    copied = [Path(name) for name in target.sizes(VERSIONS) if name.startswith("pulse-")]
    surplus = [file for file in copied if file.stem not in kept]
    gone = [file for file in surplus if file.suffix == MANIFEST or not (warehouse.root / "versions" / file).exists()]
    for suffix in SUFFIXES:
        target.delete(VERSIONS, sorted(file.name for file in gone if file.suffix == suffix))
    return tuple(sorted({file.stem for file in gone}))
