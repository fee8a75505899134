"""The blocks of `pulse_blocks` that requests ask for, several in one query when several wait (docs/decisions/0008).

A query costs about as much for eight blocks as for two, because most of it is planning. So one request at a time asks,
also for all that came during the query before. No request waits for others to come.
"""

import threading
from collections import deque
from dataclasses import dataclass

import duckdb

BLOCKS = "select block, packed from pulse_blocks where block"


@dataclass(slots=True, eq=False)
class _Wanted:
    """A block that a request waits for; empty if there is no such block."""

    number: int
    packed: bytes | None = None


class Blocks:
    """Finds blocks by learner, for any number of threads.

    Args:
        connection: to the version, for these queries alone.
        key_shift: how far a `user_key` is shifted to get the number of its block; None if there are no learners.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, key_shift: int | None) -> None:
        self._connection, self._key_shift = connection, key_shift
        self._waiting: deque[_Wanted] = deque()
        self._asking = threading.Lock()

    def of(self, user_key: int) -> bytes:
        """Return the block in which a learner would be; empty if there is none."""
        if self._key_shift is None:
            return b""
        wanted = _Wanted(user_key >> self._key_shift)
        self._waiting.append(wanted)
        with self._asking:
            if wanted.packed is None:  # or else the request before has asked for this one, too
                self._ask(wanted)
        return wanted.packed or b""

    def _ask(self, request: _Wanted) -> None:
        """Ask for the blocks of all that wait. If that fails, each of the others asks again and gets the error."""
        requests = [request]
        while self._waiting:
            requests.append(self._waiting.popleft())
        numbers = {wanted.number for wanted in requests}
        # Numbers stand in the query: bound, they would take longer to plan; and so does `in` with one of them.
        asked = f"= {request.number}" if len(numbers) == 1 else f"in ({','.join(map(str, numbers))})"
        blocks = dict(self._connection.execute(f"{BLOCKS} {asked}").fetchall())
        for wanted in requests:
            wanted.packed = blocks.get(wanted.number, b"")

    def close(self) -> None:
        """Close the connection; no request may ask any more."""
        self._connection.close()
