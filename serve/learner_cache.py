"""Learners of one version that were asked for lately, packed as they were found; of a bounded size (`serve.cache_mb`).

The least recently asked for goes first. They belong to a version that is open and go with it, and a learner is found by
the whole id, so nobody ever gets another's line or an older one. Who asks has been authorised before.

Lines are kept and not bodies, which are forty times as long (docs/decisions/0009).
"""

import sys
import threading
from collections import OrderedDict

ENTRY_BYTES = 150  # what a learner takes beside the line and the id, about


class LearnerCache:
    """Keeps learners' lines by id.

    Args:
        most_bytes: how much they may take together; 0 keeps none.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._size = most_bytes, 0
        self._lines: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """What the kept lines take, in bytes."""
        return self._size

    def get(self, user_id: str) -> bytes | None:
        """Return a learner's line, None if it is not kept."""
        with self._lock:
            found = self._lines.get(user_id)
            if found is not None:
                self._lines.move_to_end(user_id)
            return found

    def put(self, user_id: str, line: bytes) -> None:
        """Keep a learner's line, and as many of the others as there is room for."""
        with self._lock:
            replaced = self._lines.pop(user_id, None)
            self._size += _bytes_of(user_id, line) - (_bytes_of(user_id, replaced) if replaced is not None else 0)
            self._lines[user_id] = line
            while self._size > self._most_bytes:
                self._size -= _bytes_of(*self._lines.popitem(last=False))

    def clear(self) -> None:
        """Keep nothing of what there is."""
        with self._lock:
            self._lines.clear()
            self._size = 0


def _bytes_of(user_id: str, line: bytes) -> int:
    return sys.getsizeof(line) + sys.getsizeof(user_id) + ENTRY_BYTES
