"""What the workers of one server know of each other: each writes a file, and each reads all files.

A request for `/health/detailed` or `/metrics` reaches one worker, and is answered for all. The folder is made before
the workers start and removed when the server stops. Without one, as in a test, a worker knows only itself.
"""

import json
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from serve.version.reader import Follower
from warehouse.disk.files import regular_file

logger = logging.getLogger(__name__)
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Worker:
    """What one worker says of itself; instants are ISO 8601 in UTC.

    Args:
        pid: of its process.
        version: what it serves, None if nothing.
        data_through: of that version.
        built_at: of that version.
        warnings: of that version.
        last_switch: when which version replaced which, None before the first.
        refused: why each version is refused that it would not serve, and since when.
        answered: own answers that were looked up in that version.
        unknown: of these, how many were of learners whom the version does not know.
        troubles: what is wrong with the files beside the version (`troubles.py`).
        lookup_dropped: why it looks learners up without the look-up file, None if it does not or none is wanted.
    """

    pid: int
    version: str | None = None
    data_through: str | None = None
    built_at: str | None = None
    warnings: tuple[str, ...] = ()
    last_switch: dict[str, str | None] | None = None
    refused: dict[str, dict[str, str]] = field(default_factory=dict)
    answered: int = 0
    unknown: int = 0
    troubles: list[str] = field(default_factory=list)
    lookup_dropped: str | None = None


class Workers:
    """This worker among the others.

    Args:
        follower: what this worker serves.
        folder: where all of them write, None for this one alone.
        troubles: finds what is wrong with the files beside the version.
    """

    def __init__(self, follower: Follower, folder: Path | None, troubles: Callable[[], list[str]] = list) -> None:
        self._follower = follower
        self._folder, self._troubles = folder, troubles
        self._written: Worker | None = None
        self._is_alone = False
        self.hung: Callable[[], set[int]] = set  # which processes do not answer, where that is known
        self._lock = threading.Lock()
        self._counted_for = ""
        self._answered = self._unknown = 0

    def count_lookup(self, version: str, *, is_known: bool) -> None:
        """Count an own answer that was looked up; a new version begins from zero."""
        with self._lock:
            if version != self._counted_for:
                self._counted_for, self._answered, self._unknown = version, 0, 0
            self._answered += 1
            self._unknown += not is_known

    def myself(self) -> Worker:
        """Return what this worker has to say at this moment."""
        current, switch = self._follower.current, self._follower.last_switch
        with self._lock:
            is_counted = current is not None and current.name == self._counted_for
            answered, unknown = (self._answered, self._unknown) if is_counted else (0, 0)
        return Worker(
            pid=os.getpid(),
            version=current.name if current else None,
            data_through=current.data_through if current else None,
            built_at=current.built_at if current else None,
            warnings=current.warnings if current else (),
            last_switch=switch and {"at": f"{switch.at:{INSTANT}}", "before": switch.before, "after": switch.after},
            refused={
                name: {"reason": refused.reason, "since": f"{refused.since:{INSTANT}}"}
                for name, refused in self._follower.refused.items()
            },
            answered=answered,
            unknown=unknown,
            troubles=self._troubles(),
            lookup_dropped=current.lookup.dropped if current else None,
        )

    def publish(self) -> None:
        """Write this worker's file if something has changed; if that fails, requests are still answered."""
        me = self.myself()
        if self._folder is None or me == self._written:
            return
        path = self._folder / f"worker-{me.pid}.json"
        unfinished = path.with_suffix(".unfinished")
        try:
            unfinished.write_text(json.dumps(asdict(me)), encoding="utf-8")
            unfinished.replace(path)
        except OSError as error:
            if not self._is_alone:
                logger.warning("other workers do not hear of this one: %s", error)
            self._is_alone = True
            return
        self._written, self._is_alone = me, False

    def all_workers(self) -> list[Worker]:
        """Return what every living worker says, this one first."""
        me = self.myself()
        return [me, *(worker for worker in self._written_down() if worker.pid != me.pid)]

    def _written_down(self) -> list[Worker]:
        files = sorted(self._folder.glob("worker-*.json")) if self._folder else []
        return [Worker(**content) for file in files if (content := _content(file)) and _is_alive(content["pid"])]


def _content(file: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(regular_file(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # gone, or not there whole
        return None
    return content


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # gone, or by now another's
        return False
    return True
