"""Ranges of `user_key`, in which a build goes over the learners one after the other, so that memory is bounded."""

from collections.abc import Iterator

import duckdb

from warehouse import engine

KEY_BITS = 63
ROWS_PER_BUCKET = 8_000_000
PARTS_OF_A_BUCKET = 4  # grouped and sorted by themselves: docs/decisions/0007-the-build-groups-numbers.md

Keys = dict[str, int]  # the parameters $first_key and $last_key of a model


def buckets_of(connection: duckdb.DuckDBPyConnection) -> list[Keys]:
    """Return ranges of keys, by their top bits, of about `ROWS_PER_BUCKET` rows of `activity` each."""
    (rows,) = engine.one_row(connection, "select count(*) from activity")
    bits = max(0, (rows - 1) // ROWS_PER_BUCKET).bit_length()
    return list(ranges(1 << bits))


def parts_of(bucket: Keys) -> Iterator[Keys]:
    """Yield the ranges of a bucket that are grouped and sorted by themselves."""
    yield from ranges(PARTS_OF_A_BUCKET, bucket["first_key"], bucket["last_key"])


def ranges(parts: int, first_key: int = 0, last_key: int = (1 << KEY_BITS) - 1) -> Iterator[Keys]:
    """Yield a range of keys, by default all, in so many ranges of one width; both numbers are powers of two."""
    width = (last_key - first_key + 1) // parts
    for first in range(first_key, last_key, width):
        yield {"first_key": first, "last_key": first + width - 1}
