"""The published version, open for reading: follows the pointer without a restart and without a failed request.

The pointer is resolved and the real file is opened, never the symlink. Within one process DuckDB returns the database
that is already open under a path. Reading the pointer, verifying and opening happen beside the requests. These go on
with the last good version (`leases.py`). Verifying is explained in `warehouse/versions/verification.py`.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import NamedTuple

from serve.version.leases import Leases, Switch
from serve.version.open_version import OpenVersion, open_version, pointed_to
from warehouse.condition.damage import system_error_line
from warehouse.errors import DamagedError, NoVersionError
from warehouse.versions.pin import Pin
from warehouse.versions.verification import (
    Marks,
    OvertakenError,
    last_served,
    remember_served,
    verify,
    verify_lookup_file,
)
from warehouse.versions.versions import Warehouse

logger = logging.getLogger(__name__)
LOOK_SECONDS = 0.2  # between two looks at the pointer; one takes microseconds
FIRST_LOOK_SECONDS = 2.0  # what a worker waits for its first version before it takes requests and answers them 503
REFUSED_SECONDS = 10.0  # a version that was refused is tried again so much later, or when the pointer is set


class Pointed(NamedTuple):
    """The pointer at a moment; `set_at` and `inode` change whenever it is set, even to the same version."""

    version: str
    set_at: int
    inode: int


class RefusedVersion(NamedTuple):
    """Why a version is not served, and since when."""

    reason: str
    since: datetime


class Follower:
    """Hands out the version that the pointer names.

    It reads the pointer with every request. Once `watch` is called, a separate thread does.

    Args:
        warehouse: whose pointer.
        cache_bytes: how many bytes of a version's learners are kept at most.
        by_file: whether learners are looked up in look-up files (`serve.lookup`).
    """

    def __init__(self, warehouse: Warehouse, cache_bytes: int = 0, *, by_file: bool = True) -> None:
        self._warehouse = warehouse
        self._cache_bytes, self._by_file = cache_bytes, by_file
        self._looking = threading.Lock()  # held while looking, verifying and opening
        self._leases = Leases()
        self._followed: Pointed | None = None
        self._again_at = float("inf")
        self._is_watched = False
        self._stopping = threading.Event()
        self.refused: dict[str, RefusedVersion] = {}
        self.verifying: Callable[[], AbstractContextManager[object]] = nullcontext  # held while versions are read

    @property
    def current(self) -> OpenVersion | None:
        """The version in service; requests get it by `version`."""
        return self._leases.current

    @property
    def last_switch(self) -> Switch | None:
        """When another version came into service, None before the first."""
        return self._leases.last_switch

    @property
    def pointed(self) -> str | None:
        """The name in the pointer, None if there is none that can be read."""
        return pointed_to(self._warehouse)

    @property
    def pin(self) -> Pin | None:
        """What the pointer is pinned to, None while it is free."""
        return self._warehouse.pin

    @contextmanager
    def version(self) -> Iterator[OpenVersion]:
        """Give the current version for the length of a request; it stays open until the request ends.

        Raises:
            NoVersionError: nothing has been published that can be served.
        """
        self.refresh()
        with self._leases.lease() as opened:
            if opened is None:
                raise NoVersionError(f"nothing published in {self._warehouse.root} can be served{self._why_nothing()}")
            yield opened

    def watch(self, and_then: Callable[[], object], first_seconds: float = FIRST_LOOK_SECONDS) -> None:
        """Follow on a thread of its own; call it in the process that serves, after it was forked.

        Args:
            and_then: called there after every look.
            first_seconds: how long to wait here for the outcome of the first look.
        """
        self._is_watched = True
        has_looked = threading.Event()
        threading.Thread(target=self._watch, args=(and_then, has_looked), name="follower", daemon=True).start()
        has_looked.wait(first_seconds)

    def refresh(self) -> None:
        """Look at the pointer now, if there is no thread that does."""
        if not self._is_watched:
            self.look()

    def stop(self) -> None:
        """End the thread that `watch` started, soon; what is in service stays so."""
        self._stopping.set()

    def look(self) -> None:
        """Put the version that the pointer names into service, unless another thread is doing so."""
        if not self._is_news():
            return
        if self._looking.acquire(blocking=self.current is None):
            try:
                with self.verifying():
                    self._withdraw_if_changed()
                    while (pointed := self._to_follow()) is not None:
                        self._switch_to(pointed)
            finally:
                self._looking.release()

    def verify_kept(self) -> None:
        """Verify the versions that are not in service, newest first, so that a rollback has nothing to wait for."""
        followed = self._followed

        def is_wanted() -> bool:
            return self._pointer() == followed and not self._stopping.is_set()

        for name in reversed(self._kept()):
            if self._is_news() or self._stopping.is_set():
                break
            if self._leases.is_open(name):
                continue  # verified when it was opened, and not to be read while it is
            try:
                manifest, _ = verify(self._warehouse, name, is_wanted)
                self._accept(name)
                if self._by_file and manifest.has_lookup_file:
                    with suppress(DamagedError, OSError):  # said when it is opened
                        verify_lookup_file(self._warehouse, manifest, is_wanted)
            except OvertakenError:
                break
            except (NoVersionError, OSError) as error:
                if self._warehouse.file(name).exists():  # or else it was pruned just now
                    self._refuse(name, error)

    def _watch(self, and_then: Callable[[], object], has_looked: threading.Event) -> None:
        verified_for: Pointed | None = None
        while not self._stopping.is_set():
            try:
                self.look()
                has_looked.set()
                and_then()
                if self._followed != verified_for:
                    verified_for = self._followed
                    with self.verifying():
                        self.verify_kept()
            except Exception:
                logger.exception("the pointer could not be followed")
            has_looked.set()
            self._stopping.wait(LOOK_SECONDS)

    def _why_nothing(self) -> str:
        """Return the end of the error: why versions are refused, or how to make a first one."""
        reasons = [refused.reason for refused in self.refused.values()]
        return f": {'; '.join(reasons)}" if reasons else "; run `pulse nightly`"

    def _pointer(self) -> Pointed | None:
        pointer = self._warehouse.pointer
        try:
            name, status = self._warehouse.current(), pointer.lstat()
        except FileNotFoundError:
            name = None
        except (DamagedError, OSError) as error:  # what stands in its place is none, or is not for us to see
            self._refuse_pointer(self._reason(error))
            return None
        if pointer.name in self.refused:
            self._accept(pointer.name)
        return None if name is None else Pointed(name, status.st_mtime_ns, status.st_ino)

    def _to_follow(self) -> Pointed | None:
        """Return the pointer if it has changed; without a pointer the last good version stays in service."""
        pointed = self._pointer()
        is_due = pointed != self._followed or time.monotonic() >= self._again_at
        return pointed if is_due else None

    def _is_news(self) -> bool:
        return self._to_follow() is not None or self._is_changed()

    def _is_changed(self) -> bool:
        """Tell whether the served file itself was written to. A file that was removed or replaced is still open."""
        current = self.current
        if current is None:
            return False
        try:
            marks = Marks.of(self._warehouse.file(current.name).stat())
        except OSError:
            return False
        is_same_file = (marks.device, marks.inode) == (current.marks.device, current.marks.inode)
        return is_same_file and (marks.size, marks.mtime_ns) != (current.marks.size, current.marks.mtime_ns)

    def _withdraw_if_changed(self) -> None:
        """Take a version out of service whose file was written to: its answers cannot be trusted any more."""
        withdrawn = self.current
        if withdrawn is not None and self._is_changed():
            self._leases.put(None)
            message = f"version {withdrawn.name}: its file was written to while it was served"
            self._refuse(withdrawn.name, NoVersionError(message))
            self._followed = None

    def _switch_to(self, pointed: Pointed) -> None:
        """Put a version in service; while it is refused the last good one stays there."""
        again_at = float("inf")
        try:
            if self.current is None or self.current.name != pointed.version:
                self._serve(pointed.version)
        except OvertakenError:
            return
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a file, the last good version goes on
            self._refuse(pointed.version, error)
            again_at = time.monotonic() + REFUSED_SECONDS
            self._serve_last_good(pointed.version)
        self._followed, self._again_at = pointed, again_at

    def _serve(self, name: str) -> None:
        if not self._leases.take_back(name, self._warehouse.file(name)):
            self._leases.put(open_version(self._warehouse, name, self._cache_bytes, by_file=self._by_file))
        self._accept(name)
        remember_served(self._warehouse, name)

    def _serve_last_good(self, instead_of: str) -> None:
        """Serve what this host served last, if this process has nothing: it has only just started."""
        last = last_served(self._warehouse)
        if self.current is None and last is not None and last != instead_of:
            try:
                self._serve(last)
            except OvertakenError:
                return
            except Exception as error:  # noqa: BLE001 - as above
                self._refuse(last, error)

    def _refuse(self, name: str, error: Exception) -> None:
        reason = self._reason(error)
        before = self.refused.get(name)
        if before is None or before.reason != reason:
            logger.error("version %s is refused, the last good one stays in service: %s", name, reason)
        refused = RefusedVersion(reason, before.since if before else datetime.now(UTC))
        existing = {*self._kept(), self.pointed, self._warehouse.pointer.name}  # not what was pruned since
        self.refused = {**{kept: details for kept, details in self.refused.items() if kept in existing}, name: refused}

    def _refuse_pointer(self, reason: str) -> None:
        """Log once that the pointer cannot be followed, until that changes."""
        name = self._warehouse.pointer.name
        if name not in self.refused or self.refused[name].reason != reason:
            logger.error("the pointer cannot be followed, the last good version stays in service: %s", reason)
            self.refused = {**self.refused, name: RefusedVersion(reason, datetime.now(UTC))}

    def _reason(self, error: Exception) -> str:
        if isinstance(error, OSError) and error.filename:
            return system_error_line(error, self._warehouse.root.parent)
        return " ".join((str(error) or type(error).__name__).split())

    def _kept(self) -> list[str]:
        """Return the versions that are kept; none if the folder may not be read."""
        try:
            return self._warehouse.kept()
        except OSError:
            return []

    def _accept(self, name: str) -> None:
        self.refused = {kept: details for kept, details in self.refused.items() if kept != name}
