"""A cache of learners of one version, of a bounded size (`serve.cache_mb`).

The least recently used is removed first. The cache belongs to an open version and goes with it. The key has
the learner's whole id, so no answer is another learner's or an older one. Requests are authorised before.

Finished bodies are kept, each in the encodings that were asked for (docs/decisions/0009).
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

Kept = TypeVar("Kept")
Key: TypeAlias = tuple[str, str]  # the learner's id, and the form of what is kept

ENTRY_BYTES = 200  # what an entry takes beside what is kept and the id, about


class LearnerCache(Generic[Kept]):
    """Keeps something of learners by id.

    Args:
        most_bytes: how much they may take together; 0 keeps none.
        bytes_of: how much one of them takes, in bytes.
    """

    def __init__(self, most_bytes: int, bytes_of: Callable[[Kept], int]) -> None:
        self._most_bytes, self._bytes_of, self._size = most_bytes, bytes_of, 0
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """What everything that is kept takes, in bytes."""
        return self._size

    def get(self, user_id: str, form: str = "") -> Kept | None:
        """Return what is kept of a learner in a form, None if there is nothing."""
        key = (user_id, form)
        with self._lock:
            entry = self._kept.get(key)
            if entry is not None:
                self._kept.move_to_end(key)
            return entry

    def put(self, user_id: str, kept: Kept, form: str = "") -> None:
        """Keep this of a learner in a form, and as much of everything else as there is room for."""
        key = (user_id, form)
        with self._lock:
            self._forget(key)
            self._kept[key] = kept
            self._size += self._entry_bytes(key, kept)
            while self._size > self._most_bytes:
                self._forget(next(iter(self._kept)))

    def clear(self) -> None:
        """Keep nothing of what there is."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _forget(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._size -= self._entry_bytes(key, kept)

    def _entry_bytes(self, key: Key, kept: Kept) -> int:
        return self._bytes_of(kept) + sys.getsizeof(key[0]) + ENTRY_BYTES
