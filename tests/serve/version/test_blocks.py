"""Blocks asked for by many requests at once: everybody gets his own, in as few queries as it takes, or the error."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

import duckdb
import pytest

from serve.version.blocks import Blocks

SHIFT = 4  # blocks of sixteen keys
NUMBERS = range(0, 40, 2)  # every other block is there


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create table pulse_blocks (block bigint, key_shift tinyint, packed blob)")
        for number in NUMBERS:
            connection.execute("insert into pulse_blocks values ($1, $2, encode($3))", [number, SHIFT, f"of {number}"])
        yield connection


def asked_together(blocks: Blocks, pool: ThreadPoolExecutor, keys: list[int]) -> list[Future[bytes]]:
    """Let them all come while somebody else is being answered."""
    waiting = blocks._waiting  # noqa: SLF001 - only in there can be seen that somebody waits
    with blocks._asking:  # noqa: SLF001
        answers = [pool.submit(blocks.of, key) for key in keys]
        deadline = monotonic() + 10
        while len(waiting) < len(keys) and monotonic() < deadline:
            sleep(0.001)
        assert len(waiting) == len(keys)
    return answers


def test_everybody_gets_his_own_block(connection: duckdb.DuckDBPyConnection) -> None:
    keys = [number << SHIFT | 5 for number in range(40)] * 3
    with ThreadPoolExecutor(len(keys)) as pool:
        answers = asked_together(Blocks(connection, SHIFT), pool, keys)
        for key, answer in zip(keys, answers, strict=True):
            number = key >> SHIFT
            assert answer.result() == (f"of {number}".encode() if number in NUMBERS else b"")


def test_those_who_wait_are_answered_by_one_query(connection: duckdb.DuckDBPyConnection) -> None:
    queries: list[str] = []

    class Counting(Blocks):
        def _ask(self, mine) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
            queries.append(str(mine.number))
            super()._ask(mine)

    with ThreadPoolExecutor(8) as pool:
        answers = asked_together(Counting(connection, SHIFT), pool, [n << SHIFT for n in (0, 2, 2, 4, 6, 8, 10, 12)])
        assert [answer.result() for answer in answers] == [f"of {n}".encode() for n in (0, 2, 2, 4, 6, 8, 10, 12)]
    assert len(queries) == 1


def test_under_load_nobody_gets_anothers(connection: duckdb.DuckDBPyConnection) -> None:
    blocks = Blocks(connection, SHIFT)
    begin = threading.Barrier(8)

    def ask(worker: int) -> list[tuple[int, bytes]]:
        begin.wait()
        return [(number, blocks.of(number << SHIFT)) for number in [*range(worker, 40), *range(worker)] * 5]

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(ask, range(8)):
            assert all(packed == (f"of {number}".encode() if number in NUMBERS else b"") for number, packed in found)


def test_a_query_that_fails_is_everybodys_error_and_the_next_is_answered(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    blocks = Blocks(connection, SHIFT)
    connection.execute("alter table pulse_blocks rename to elsewhere")
    with ThreadPoolExecutor(4) as pool:
        for answer in asked_together(blocks, pool, [0, 1, 2, 3]):
            with pytest.raises(duckdb.CatalogException):
                answer.result()
    connection.execute("alter table elsewhere rename to pulse_blocks")
    assert blocks.of(2 << SHIFT) == b"of 2"


def test_a_version_without_learners_has_no_blocks(connection: duckdb.DuckDBPyConnection) -> None:
    assert Blocks(connection, None).of(0) == b""
