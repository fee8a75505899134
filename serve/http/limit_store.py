"""Where the limits count: in this process, or in a store that all workers share and that may be down.

Time is taken from the monotonic clock: setting the wall clock must not lengthen a wait (FAULTS 77).

If a store does not answer, the API goes on: until it answers again every worker counts for itself. The library's own
memory store is not used: its thread goes through all keys a hundred times a second.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from limits.storage import Storage, storage_from_string

logger = logging.getLogger(__name__)
T = TypeVar("T")

IN_PROCESS = "memory://"
SHARED_OPTIONS = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}  # of every store that may be configured
DOWN_SECONDS = 10.0  # how long a store that failed is left alone
MOST_KEYS = 100_000  # so many are kept; beyond that the oldest is forgotten


class ProcessCounts:
    """Counts by key, each of which ends some seconds after its first hit; of a bounded number of keys."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}  # how many, and until when; the oldest first

    def __len__(self) -> int:
        """Return how many keys are kept, also of counts that have ended."""
        return len(self._counts)

    def incr(self, key: str, expiry: float) -> int:
        """Count one, and return how many it is now."""
        now = time.monotonic()
        with self._lock:
            count, until = self._counts.get(key, (0, 0.0))
            if until <= now:
                self._counts.pop(key, None)
                self._forget(now)
                count, until = 0, now + expiry
            self._counts[key] = (count + 1, until)
            return count + 1

    def get(self, key: str) -> int:
        """Return how many were counted."""
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        """Return when a count ends, by the clock that only ever grows; now, if there is none."""
        return max(self._counts.get(key, (0, 0.0))[1], time.monotonic())

    def _forget(self, now: float) -> None:
        """Make room for a key. The first two are removed if they have ended, or if there are too many keys."""
        for key in [key for key, _ in zip(self._counts, range(2), strict=False)]:
            if self._counts[key][1] <= now or len(self._counts) >= MOST_KEYS:
                del self._counts[key]


Store: TypeAlias = ProcessCounts | Storage


class Counts:
    """What the limits count in.

    Args:
        location: `memory://` for this process, or the URL of a store that several share.
    """

    def __init__(self, location: str = IN_PROCESS) -> None:
        self._shared: Storage | None = None if location == IN_PROCESS else _shared(location)
        self._own = ProcessCounts()
        self._down_until = 0.0

    @property
    def is_shared(self) -> bool:
        """Whether there is a store that other processes count in, too."""
        return self._shared is not None

    def incr(self, key: str, expiry: int) -> int:
        """Count one, and return how many it is now."""
        return self._asked(lambda store: store.incr(key, expiry))

    def get(self, key: str) -> int:
        """Return how many were counted."""
        return self._asked(lambda store: store.get(key))

    def get_expiry(self, key: str) -> float:
        """Return when a count ends, by the clock that only ever grows; a shared store says it by the wall's."""
        return self._asked(
            lambda store: store.get_expiry(key) - (0 if store is self._own else time.time() - time.monotonic())
        )

    def _asked(self, question: Callable[[Store], T]) -> T:
        if self._shared is not None and time.monotonic() >= self._down_until:
            try:
                return question(self._shared)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the API goes on
                self._down_until = time.monotonic() + DOWN_SECONDS
                logger.warning("rate limits are counted per worker, their store fails: %s", type(error).__name__)
        return question(self._own)


def _shared(location: str) -> Storage:
    """Return the store at a URL; it is asked for the first time when there is something to count."""
    store = storage_from_string(location, **SHARED_OPTIONS)
    assert isinstance(store, Storage)  # noqa: S101 - the asynchronous ones have other schemes
    return store
