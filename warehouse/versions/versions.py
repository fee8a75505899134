"""Published versions and the pointer: finding, publishing, rolling back, pinning, pruning.

A version is one immutable DuckDB file under a name that is never used again. Beside it are a manifest and a look-up
file, immutable as well (`lookup_file.py`). The pointer is a relative symlink that is switched by a rename. So a reader
sees the old version or the new one.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

from warehouse import clock
from warehouse.configuration.configuration import Configuration
from warehouse.crash_points import reached
from warehouse.disk import lock, modes
from warehouse.disk.files import entries, make_folder, regular_file, sync, writing, written_beside
from warehouse.errors import DamagedError, NoVersionError, PulseError
from warehouse.versions.manifest import VERSION_NAME, Manifest, sequence_of
from warehouse.versions.pin import Pin
from warehouse.versions.schema import SERVED, is_served


@dataclass(frozen=True)
class Warehouse:
    """The warehouse folder of a data folder.

    Args:
        root: `data_dir/warehouse`.
    """

    root: Path

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """Return the warehouse of a configuration."""
        return cls(configuration.data_dir / "warehouse")

    @property
    def pointer(self) -> Path:
        """The symlink that names the current version."""
        return self.root / "pulse.duckdb"

    def file(self, version: str) -> Path:
        """Return the path of a version's file."""
        return self.root / "versions" / f"{version}.duckdb"

    def lookup_file(self, version: str) -> Path:
        """Return the path of a version's look-up file; versions of schema 4 and before have none."""
        return self.root / "versions" / f"{version}.lookup"

    def building(self, version: str) -> Path:
        """Return the path at which a version is built and checked."""
        return self.root / "building" / f"{version}.duckdb"

    def building_lookup_file(self, version: str) -> Path:
        """Return the path of the look-up file of a version in the building folder."""
        return self.root / "building" / f"{version}.lookup"

    def building_basis(self, version: str) -> Path:
        """Return the path of the basis of a version in the building folder (`basis.py`)."""
        return self.root / "building" / f"{version}.basis.parquet"

    def building_sums(self, version: str) -> Path:
        """Return the path of the sums by day of a version in the building folder (`assets/step5_build/sums`)."""
        return self.root / "building" / f"{version}.sums.parquet"

    def building_remarks(self, version: str) -> Path:
        """Return the path of the remarks of a version in the building folder (`remarks.py`)."""
        return self.root / "building" / f"{version}.remarks.json"

    def building_files(self, version: str) -> list[Path]:
        """Return the path of everything that a version has in the building folder."""
        paths_of = (
            self.building,
            self.building_lookup_file,
            self.building_sums,
            self.building_basis,
            self.building_remarks,
        )
        return [path_of(version) for path_of in paths_of]

    def manifest_file(self, version: str) -> Path:
        """Return the path of a version's manifest."""
        return self.root / "versions" / f"{version}.json"

    @property
    def pin_file(self) -> Path:
        """The file of the pin; there is none while the pointer is free."""
        return self.root / "pin"

    @property
    def pin(self) -> Pin | None:
        """What the pointer is pinned to, None while it is free."""
        return Pin.read(self.pin_file)

    @property
    def receipts(self) -> Path:
        """Where readers note what they have verified (`verification.py`); it may be deleted."""
        return self.root / "receipts"

    def receipt(self, version: str) -> Path:
        """Return the path of the receipt of a version's file."""
        return self.receipts / f"{version}.json"

    def lookup_receipt(self, version: str) -> Path:
        """Return the path of the receipt of a version's look-up file."""
        return self.receipts / f"{version}.lookup.json"

    def current(self) -> str | None:
        """Return the name of the version that the pointer names, None while nothing is published.

        Raises:
            DamagedError: the pointer is no link to a version of ours.
            OSError: it may not be looked at.
        """
        try:
            link = self.pointer.readlink()
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            kind = "a folder" if self.pointer.is_dir() else "a file"
            raise DamagedError(f"{self.pointer} is {kind} and no link to a version; {self._repair_hint()}") from None
        if (self.root / link).parent != self.root / "versions" or not VERSION_NAME.fullmatch(link.stem):
            raise DamagedError(
                f"{self.pointer} is a link to {link}, which is no version of ours; {self._repair_hint()}"
            )
        return link.stem

    def current_if_known(self) -> str | None:
        """Return what `current` does, None also where the pointer is damaged: the next switch sets it again."""
        try:
            return self.current()
        except DamagedError:
            return None

    def _repair_hint(self) -> str:
        """Return the way out of a damaged pointer: a switch replaces a file or a link, but never a folder."""
        first = "move it away, then " if self.pointer.is_dir() and not self.pointer.is_symlink() else ""
        newest = max(self.kept(), key=sequence_of, default=None)
        choice = f"`pulse rollback {newest}`" if newest else "`pulse build`"
        return f"{first}run {choice}, which sets it anew"

    def kept(self) -> list[str]:
        """Return the versions that have file and manifest, in the order in which they were made.

        Raises:
            OSError: the folder may not be looked at; that is not the same as having none.
        """
        names = set(entries(self.root / "versions"))
        stems = [name.removesuffix(".duckdb") for name in names if name.endswith(".duckdb")]
        whole = [stem for stem in stems if VERSION_NAME.fullmatch(stem) and f"{stem}.json" in names]
        return sorted(whole, key=sequence_of)

    def manifest(self, version: str) -> Manifest:
        """Read a version's manifest.

        Raises:
            NoVersionError: there is none, or it cannot be read.
        """
        path = self.manifest_file(version)
        try:
            return Manifest.from_json(regular_file(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError, KeyError) as error:
            message = f"version {version}: its manifest {path} cannot be read ({error}); `pulse versions` lists others"
            raise NoVersionError(message) from error

    def point_to(self, version: str) -> None:
        """Switch the pointer to a version that is in its place, whatever stands in the way of publishing it.

        Raises:
            StorageError: that cannot be made durable; the pointer is what it was.
        """
        with (
            self._pointer_held(f"switching to {version}"),
            writing(self.pointer),
            self._link("before", self.current_if_known()) as back,
            self._link("unfinished", version) as beside,
        ):
            reached("publish: link made")
            beside.replace(self.pointer)
            reached("publish: switched")
            try:
                sync(self.root)
            except OSError:
                back.replace(self.pointer) if back.is_symlink() else self.pointer.unlink()
                raise

    @contextmanager
    def _link(self, suffix: str, version: str | None) -> Iterator[Path]:
        """Make a link to a version beside the pointer, so that switching, forth and back, is one rename."""
        link = self.pointer.with_name(f".{self.pointer.name}.{suffix}")
        link.unlink(missing_ok=True)
        if version is not None:
            link.symlink_to(Path("versions") / f"{version}.duckdb")
        try:
            yield link
        finally:
            link.unlink(missing_ok=True)

    def advance_to(self, version: str) -> Pin | None:
        """Switch the pointer to a version that has just been put in place, unless a pin holds it back.

        Returns:
            The pin that holds it back, None if the pointer was switched.

        Raises:
            PulseError: a newer version is there; this run slept while another went by.
        """
        with self._pointer_held(f"publishing {version}"):
            self.refuse_overtaken(version)
            pin = self.pin
            if pin is None:
                self.point_to(version)
            return pin

    def refuse_overtaken(self, version: str) -> None:
        """Make sure that a version to be published is newer than every other.

        Raises:
            PulseError: it is not.
        """
        newest = self.newest()
        if newest is not None and sequence_of(newest) > sequence_of(version):
            raise PulseError(
                f"version {version} is not published: {newest} is newer, another run went by while this one slept; "
                "nothing was switched, run `pulse build` for a version of the present lake"
            )

    def newest(self) -> str | None:
        """Return the version that was made last, of the current one and those that are kept; None without any."""
        current = self.current_if_known()
        return max([*self.kept(), *([current] if current else [])], key=sequence_of, default=None)

    @contextmanager
    def _pointer_held(self, purpose: str) -> Iterator[None]:
        with lock.pointer_lock(self.root, purpose):
            yield

    def put_in_place(self, version: str, manifest: Manifest) -> None:
        """Give checked files their final names, read-only, with their manifest beside them; the pointer stays.

        Raises:
            StorageError: one of them could not be written; none is left.
        """
        file = self.file(version)
        moves = [(self.building(version), file)]
        if manifest.has_lookup_file:
            moves.insert(0, (self.building_lookup_file(version), self.lookup_file(version)))
        make_folder(file.parent)
        with suppress(OSError):  # or servers read for themselves
            make_folder(self.receipts)
        try:
            for building, target in moves:
                with writing(target):
                    modes.give_file(building, target)
                    sync(building)
            reached("publish: durable")
            for building, target in moves:
                with writing(target):
                    building.rename(target)
                reached("publish: one put in place")
            with writing(file):
                sync(file.parent)
            reached("publish: put in place")
            with written_beside(self.manifest_file(version)) as unfinished:
                unfinished.write_text(manifest.to_json(), encoding="utf-8")
        except OSError:
            for leftover in (self.manifest_file(version), *(path for move in moves for path in move)):
                leftover.unlink(missing_ok=True)
            raise
        reached("publish: manifest written")

    def prune(self, keep: int, *, replaced: str | None = None) -> list[str]:
        """Delete the versions that the next one repeats, and the oldest beyond `keep`; return their names.

        Versions in a row that have one schema and one logical hash count as one: the newest is kept (R24). So reruns of
        a night leave something to roll back to. A version whose manifest cannot be read equals no other. The current
        and the pinned one stay.

        Args:
            keep: how many versions stay.
            replaced: the version that the pointer named until a moment ago. Somebody may have followed the link and not
                yet opened the file, so of it the manifest alone is deleted. The next run removes the rest.
        """
        pin = self.pin
        in_use = {self.current_if_known(), pin.version if pin else None}
        kept = self.kept()
        contents = [self._content(name) for name in kept]
        repeated = [name for name, (older, newer) in zip(kept, pairwise(contents), strict=False) if older == newer]
        newest = [name for name in kept if name not in repeated][-keep:]
        surplus = [name for name in kept if name not in newest and name not in in_use]
        for name in surplus:
            self.manifest_file(name).unlink()
            reached("publish: one manifest pruned")
            if name != replaced:
                self.file(name).unlink()
                self.lookup_file(name).unlink(missing_ok=True)
        self._forget_pruned()
        return surplus

    def _content(self, version: str) -> tuple[object, ...]:
        """Return what is equal for two versions with the same content; without a manifest it is the name."""
        try:
            manifest = self.manifest(version)
        except NoVersionError:
            return (version,)
        return manifest.schema_version, manifest.logical_hash

    def _forget_pruned(self) -> None:
        """Delete the receipts of files that are gone. Those of a server of another user may stay; they do no harm."""
        for receipt in self.receipts.glob("pulse-*.json"):
            if not self.file(receipt.name.partition(".")[0]).exists():
                with suppress(OSError):
                    receipt.unlink()

    def rollback(self, version: str | None = None) -> Pin:
        """Point to an earlier version, or to any that is named, and pin it.

        Args:
            version: its name; by default the one before the current version.

        Returns:
            The pin.

        Raises:
            NoVersionError: there is no such version, or none that servers can read.
        """
        with self._pointer_held("rolling back"):
            version = version or self._before_current()
            self._refuse_unservable(version)
            # The pin is written first. A rollback that dies in between then holds nights back and can be repeated. The
            # next night would silently move a pointer without its pin.
            pin = Pin(version, f"{clock.now():%Y-%m-%dT%H:%M:%SZ}")
            pin.write(self.pin_file)
            self.point_to(version)
            return pin

    def unpin(self) -> Pin | None:
        """Remove the pin and return what it was; the pointer stays where it is."""
        with self._pointer_held("unpinning"):
            pin = self.pin
            self.pin_file.unlink(missing_ok=True)
            if pin is not None:
                sync(self.root)
            return pin

    def _before_current(self) -> str:
        current = self.current()
        older = [name for name in self.kept() if current is not None and sequence_of(name) < sequence_of(current)]
        if not older:
            message = f"there is no version before {current or 'the first'} in {self.root}; nothing to roll back to"
            raise NoVersionError(message)
        return older[-1]

    def refuse_unknown(self, version: str) -> None:
        """Make sure that a version that somebody names is kept.

        Raises:
            NoVersionError: it is not.
        """
        if version not in self.kept():
            raise NoVersionError(f"there is no version {version} in {self.root}; `pulse versions` lists what is kept")

    def _refuse_unservable(self, version: str) -> None:
        self.refuse_unknown(version)
        schema_version = self.manifest(version).schema_version
        if not is_served(schema_version):
            raise NoVersionError(
                f"version {version} has schema {schema_version}, servers read {SERVED}; roll back to a version "
                "that `pulse versions` lists without that remark, or to the code that made it"
            )
