"""A cache of learners of one version, of a bounded size (`serve.cache_mb`).

The least recently used is removed first. The cache belongs to an open version and goes with it. The key is the
learner's whole id, so no answer is another learner's or an older one. Requests are authorised before.

Lines are kept, and the bodies of those who come again and again (docs/decisions/0009).
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")

ENTRY_BYTES = 150  # what an entry takes beside what is kept and the id, about


class LearnerCache(Generic[Kept]):
    """Keeps something of learners by id.

    Args:
        most_bytes: how much they may take together; 0 keeps none.
        bytes_of: how much one of them takes, in bytes.
    """

    def __init__(self, most_bytes: int, bytes_of: Callable[[Kept], int]) -> None:
        self._most_bytes, self._bytes_of, self._size = most_bytes, bytes_of, 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """What everything that is kept takes, in bytes."""
        return self._size

    def get(self, user_id: str) -> Kept | None:
        """Return what is kept of a learner, None if there is nothing."""
        with self._lock:
            entry = self._kept.get(user_id)
            if entry is not None:
                self._kept.move_to_end(user_id)
            return entry

    def put(self, user_id: str, kept: Kept) -> None:
        """Keep this of a learner, and as much of the others as there is room for."""
        with self._lock:
            self._forget(user_id)
            self._kept[user_id] = kept
            self._size += self._entry_bytes(user_id, kept)
            while self._size > self._most_bytes:
                self._forget(next(iter(self._kept)))

    def clear(self) -> None:
        """Keep nothing of what there is."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _forget(self, user_id: str) -> None:
        kept = self._kept.pop(user_id, None)
        if kept is not None:
            self._size -= self._entry_bytes(user_id, kept)

    def _entry_bytes(self, user_id: str, kept: Kept) -> int:
        return self._bytes_of(kept) + sys.getsizeof(user_id) + ENTRY_BYTES
