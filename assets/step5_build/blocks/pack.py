"""Step 5, last: the table that only serves speed, packed from the finished ones (docs/decisions/0008).

Its rows are read one at a time, so they are stored differently from all others. A row group has one vector, so that
those of other learners are skipped. They are uncompressed, so that a read unpacks nothing.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from warehouse import engine
from warehouse.versions.manifest import sequence_of

MODEL = Path(__file__).with_name("pulse_blocks.sql")
KEY_BITS = 63
ATTACH = (
    "attach {} as version (row_group_size 2048, recovery_mode 'no_wal_writes')"  # the fewest rows that DuckDB takes
)
BYTES_PER_BLOCK = 16_384
LEARNER_BYTES, DAY_BYTES = 200, 12  # of a line, about
DAYS_AT_ONCE = 1_000_000  # so many are packed in memory
SIZES = "select (select count(*) from version.pulse_totals), (select count(*) from version.learning_pulse)"


def pack(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    """Fill `pulse_blocks` of a version that has everything else, and return its rows.

    Args:
        connection: where nothing is attached by the name `version`.
        file: the version's file.
    """
    connection.execute(ATTACH.format(engine.quoted(str(file))))
    connection.execute("set force_compression = 'uncompressed'")
    bits, ranges = _layout(connection)
    connection.execute("begin")
    for keys in _ranges(ranges):
        connection.execute(
            f"insert into version.pulse_blocks by name {engine.sql(MODEL)}", {**keys, "key_shift": KEY_BITS - bits}
        )
    connection.execute("commit")
    (rows,) = engine.one_row(connection, "select count(*) from version.pulse_blocks")
    connection.execute("detach version")
    connection.execute("set force_compression = 'auto'")
    return int(rows)


def view_blocks(connection: duckdb.DuckDBPyConnection, version: str) -> None:
    """Make `stored_blocks`, a part of a finished version, and `packed_again`, the same part packed once more.

    Every version takes another part, of about a million days: a fault in packing would show in many parts.

    Args:
        connection: has the version attached by the name `version`.
        version: its name.
    """
    keys, blocks, shift = _part(connection, version)
    connection.execute(f"create temp table packed_again as {engine.sql(MODEL)}", {**keys, "key_shift": shift})
    connection.execute(
        "create temp table stored_blocks as "
        "select * from version.pulse_blocks where block between $first_block and $last_block",
        blocks,
    )


def _part(connection: duckdb.DuckDBPyConnection, version: str) -> tuple[dict[str, int], dict[str, int], int]:
    """Return the keys and the blocks of the part that a version's number chooses, and the shift of the keys."""
    bits, ranges = _layout(connection)
    every = list(_ranges(ranges))
    keys = every[sequence_of(version) % len(every)]
    shift = KEY_BITS - bits
    return keys, {"first_block": keys["first_key"] >> shift, "last_block": keys["last_key"] >> shift}, shift


def _layout(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Return how many bits of a key are the block's number, and how many that of a part."""
    learners, days = engine.one_row(connection, SIZES)
    blocks = (learners * LEARNER_BYTES + days * DAY_BYTES) // BYTES_PER_BLOCK
    return blocks.bit_length(), (days // DAYS_AT_ONCE).bit_length()


def _ranges(bits: int) -> Iterator[dict[str, int]]:
    width = KEY_BITS - bits
    for number in range(1 << bits):
        yield {"first_key": number << width, "last_key": ((number + 1) << width) - 1}
