"""The version in service, and leases of versions by requests: an old version is closed when its last request ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from serve.version.open_version import OpenVersion
from warehouse.errors import NoVersionError
from warehouse.versions.verification import Marks


class Switch(NamedTuple):
    """A change of the version in service."""

    at: datetime
    before: str | None
    after: str


class Leases:
    """The version in service, and those before it that requests still read."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counting = threading.Lock()  # held for moments: which version is current, and who reads which
        self._draining: dict[str, OpenVersion] = {}
        self.current: OpenVersion | None = None
        self.last_switch: Switch | None = None

    @contextmanager
    def lease(self) -> Iterator[OpenVersion | None]:
        """Give the current version, or none, for the length of a request; it stays open until the request ends."""
        opened = self._enter()
        try:
            yield opened
        finally:
            if opened is not None:
                self._leave(opened)

    def is_open(self, name: str) -> bool:
        """Tell whether a version is open here."""
        return name in self._draining or (self.current is not None and name == self.current.name)

    def put(self, opened: OpenVersion | None) -> None:
        """Put a version in service, or none; the one before is closed as soon as nobody reads it."""
        with self._counting:
            previous = self._replace(opened)
        _close(previous)

    def take_back(self, name: str, file: Path) -> bool:
        """Put a version that requests still read back into service; its file must not be read beside DuckDB.

        Returns:
            Whether it is such a version.

        Raises:
            NoVersionError: it is not the same file any more.
        """
        with self._counting:
            opened = self._draining.get(name)
            if opened is None:
                return False
            if not opened.marks.is_same_but_for_ctime(Marks.of(file.stat())):
                raise NoVersionError(f"version {name}: its file changed, and requests still read what it was")
            del self._draining[name]
            previous = self._replace(opened)
        _close(previous)
        return True

    def _replace(self, opened: OpenVersion | None) -> OpenVersion | None:
        """Make a version the current one, or none; return what is to be closed now. Only while counting."""
        previous, self.current = self.current, opened
        if opened is not None:
            self.last_switch = Switch(datetime.now(UTC), previous.name if previous else None, opened.name)
        if previous is None or previous.requests == 0:
            return previous
        self._draining[previous.name] = previous
        return None

    def _enter(self) -> OpenVersion | None:
        with self._counting:
            if self.current is not None:
                self.current.requests += 1
            return self.current

    def _leave(self, opened: OpenVersion) -> None:
        with self._counting:
            opened.requests -= 1
            is_done = opened.requests == 0 and opened is not self.current
            if is_done:
                self._draining.pop(opened.name, None)
                opened.close()  # while nobody can take it up again


def _close(opened: OpenVersion | None) -> None:
    if opened is not None:
        opened.close()
