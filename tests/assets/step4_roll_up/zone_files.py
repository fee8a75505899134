"""The changes of offset that a zone's file in the `tzdata` wheel lists, read byte by byte (RFC 9636).

Neither `zoneinfo` nor anything of the product is used, so that both can be compared with it. What a file says by a rule
for the years after its last listed change stays out.
"""

from __future__ import annotations

import struct
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

from tests.oracle.oracle import SECOND

HEADER = 44
ISUT, ISSTD, LEAPS, TIMES, TYPES, CHARS = range(6)


class Change(NamedTuple):
    """A change of a zone's offset: the first instant after it and both offsets, in microseconds as in the oracle."""

    at: int
    before: int
    after: int


def content_of(zone: str) -> bytes:
    """The bytes of a zone's file; names that mean the same have the same."""
    return resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()


@cache
def listed_changes(zone: str) -> tuple[Change, ...]:
    """Every listed change of the offset itself; what only changes a name or a flag is none."""
    content = content_of(zone)
    counts = _counts(content, 0)
    start = HEADER + counts[TIMES] * 5 + counts[TYPES] * 6 + counts[CHARS] + counts[LEAPS] * 8
    start += counts[ISSTD] + counts[ISUT]  # behind the 32-bit block stands the same with 64 bits
    counts = _counts(content, start)
    times_at, types_at = start + HEADER, start + HEADER + counts[TIMES] * 8
    times = struct.unpack_from(f">{counts[TIMES]}q", content, times_at)
    types = content[types_at : types_at + counts[TIMES]]
    offsets = [
        struct.unpack_from(">i", content, types_at + counts[TIMES] + 6 * n)[0] * SECOND for n in range(counts[TYPES])
    ]
    in_force = [offsets[0], *(offsets[number] for number in types)]
    changes = zip(times, pairwise(in_force), strict=True)
    return tuple(Change(at * SECOND, before, after) for at, (before, after) in changes if before != after)


def _counts(content: bytes, start: int) -> tuple[int, ...]:
    """The six counts of a block's header."""
    assert content[start : start + 4] == b"TZif"
    return struct.unpack_from(">6I", content, start + 20)
